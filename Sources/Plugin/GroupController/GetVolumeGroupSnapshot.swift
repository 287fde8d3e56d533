internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func getVolumeGroupSnapshot(
        _ request: GetVolumeGroupSnapshotRequest, _ context: CallContext
    ) async throws(RPCStatus) -> GetVolumeGroupSnapshotResponse {
        let id = try require(request.groupSnapshotID, "group_snapshot_id")
        let group = try await work(storage.findGroup(id))
        do throws(VolumeError) {
            try storage.requireMembers(group.record, are: request.snapshotIDs)
        } catch {
            throw RPCStatus(error)
        }
        return GetVolumeGroupSnapshotResponse(groupSnapshot: wireGroup(group))
    }
}
