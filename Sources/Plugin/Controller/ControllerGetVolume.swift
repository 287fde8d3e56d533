internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func controllerGetVolume(
        _ request: ControllerGetVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerGetVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let volume = try await work(storage.find(id))
        let condition = try await work(storage.condition(of: id))
        return ControllerGetVolumeResponse(
            volume: wireVolume(volume.record, in: volume.pool),
            status: .init(
                publishedNodeIDs: volume.record.attachments.map(\.node), volumeCondition: wireCondition(condition)))
    }
}
