internal import CSI
internal import RPC

extension Plugin {
    func getPluginCapabilities(
        _ request: GetPluginCapabilitiesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> GetPluginCapabilitiesResponse {
        GetPluginCapabilitiesResponse(capabilities: [
            PluginCapability(.service(.controllerService)),
            PluginCapability(.service(.volumeAccessibilityConstraints)),
            PluginCapability(.service(.groupControllerService)),
            PluginCapability(.service(.snapshotMetadataService)),
            PluginCapability(.volumeExpansion(.online)),
        ])
    }
}
