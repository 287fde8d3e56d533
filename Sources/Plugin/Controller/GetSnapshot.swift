internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func getSnapshot(
        _ request: GetSnapshotRequest, _ context: CallContext
    ) async throws(RPCStatus) -> GetSnapshotResponse {
        let id = try require(request.snapshotID, "snapshot_id")
        let snapshot = try await work(storage.findSnapshot(id))
        return GetSnapshotResponse(snapshot: wireSnapshot(snapshot.record))
    }
}
