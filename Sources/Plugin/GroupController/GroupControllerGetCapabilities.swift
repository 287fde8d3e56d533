internal import CSI
internal import RPC

extension Plugin {
    func groupControllerGetCapabilities(
        _ request: GroupControllerGetCapabilitiesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> GroupControllerGetCapabilitiesResponse {
        GroupControllerGetCapabilitiesResponse(
            capabilities: [GroupControllerServiceCapability(.createDeleteGetVolumeGroupSnapshot)])
    }
}
