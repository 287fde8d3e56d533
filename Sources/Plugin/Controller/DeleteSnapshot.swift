internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func deleteSnapshot(
        _ request: DeleteSnapshotRequest, _ context: CallContext
    ) async throws(RPCStatus) -> DeleteSnapshotResponse {
        let id = try require(request.snapshotID, "snapshot_id")
        try await work(storage.deleteSnapshot(id))
        return DeleteSnapshotResponse()
    }
}
