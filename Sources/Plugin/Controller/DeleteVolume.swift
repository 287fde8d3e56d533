internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func deleteVolume(
        _ request: DeleteVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> DeleteVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        try await work(storage.delete(id))
        return DeleteVolumeResponse()
    }
}
