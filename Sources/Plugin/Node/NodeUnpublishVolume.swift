internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func nodeUnpublishVolume(
        _ request: NodeUnpublishVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeUnpublishVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let path = try require(request.targetPath, "target_path")
        try await work(storage.unpublish(id, from: path))
        return NodeUnpublishVolumeResponse()
    }
}
