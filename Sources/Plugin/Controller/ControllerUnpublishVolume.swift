internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func controllerUnpublishVolume(
        _ request: ControllerUnpublishVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerUnpublishVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let node = request.nodeID
        try await work(storage.detach(id, from: node))
        return ControllerUnpublishVolumeResponse()
    }
}
