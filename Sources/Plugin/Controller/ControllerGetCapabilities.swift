internal import CSI
internal import RPC

extension Plugin {
    func controllerGetCapabilities(
        _ request: ControllerGetCapabilitiesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerGetCapabilitiesResponse {
        let offered: [ControllerServiceCapability.RPC] = [
            .createDeleteVolume, .cloneVolume, .expandVolume, .modifyVolume, .publishUnpublishVolume, .publishReadonly,
            .listVolumes, .getVolume, .volumeCondition, .getCapacity, .createDeleteSnapshot, .listSnapshots,
            .getSnapshot,
            .singleNodeMultiWriter,
        ]
        return ControllerGetCapabilitiesResponse(capabilities: offered.map { ControllerServiceCapability($0) })
    }
}
