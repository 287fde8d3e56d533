internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func nodeUnstageVolume(
        _ request: NodeUnstageVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeUnstageVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let path = try require(request.stagingTargetPath, "staging_target_path")
        try await work(storage.unstage(id, from: path))
        return NodeUnstageVolumeResponse()
    }
}
