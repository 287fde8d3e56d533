internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func createVolumeGroupSnapshot(
        _ request: CreateVolumeGroupSnapshotRequest, _ context: CallContext
    ) async throws(RPCStatus) -> CreateVolumeGroupSnapshotResponse {
        let name = try requireName(request.name, "name")
        let sources = request.sourceVolumeIDs
        if sources.isEmpty { throw .invalid("source_volume_ids is missing") }
        let parameters = try snapshotParameters(request.parameters)
        let control = copyControl(context)
        let group = try await work(storage.createGroup(named: name, of: sources, parameters, control))
        return CreateVolumeGroupSnapshotResponse(groupSnapshot: wireGroup(group))
    }
}
