internal import CSI
internal import RPC

extension Plugin {
    func controllerGetCapabilities(
        _ request: ControllerGetCapabilitiesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerGetCapabilitiesResponse {
        let offered: [ControllerServiceCapability.RPC] = [
            .createDeleteVolume, .publishUnpublishVolume, .publishReadonly, .listVolumes, .getVolume, .getCapacity,
            .singleNodeMultiWriter,
        ]
        return ControllerGetCapabilitiesResponse(capabilities: offered.map { ControllerServiceCapability($0) })
    }
}
