internal import CSI
internal import Diagnostics
internal import RPC

extension Plugin {
    func getPluginInfo(
        _ request: GetPluginInfoRequest, _ context: CallContext
    ) async throws(RPCStatus) -> GetPluginInfoResponse {
        GetPluginInfoResponse(name: settings.driverName, vendorVersion: Version.current)
    }
}
