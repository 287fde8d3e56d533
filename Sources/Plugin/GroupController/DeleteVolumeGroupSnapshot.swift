internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func deleteVolumeGroupSnapshot(
        _ request: DeleteVolumeGroupSnapshotRequest, _ context: CallContext
    ) async throws(RPCStatus) -> DeleteVolumeGroupSnapshotResponse {
        let id = try require(request.groupSnapshotID, "group_snapshot_id")
        try await work(storage.deleteGroup(id, members: request.snapshotIDs))
        return DeleteVolumeGroupSnapshotResponse()
    }
}
