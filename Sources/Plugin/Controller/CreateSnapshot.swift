internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    /// Takes a snapshot. When this returns it is ready to use, however long the copy took; a client that stops waiting
    /// finds it at work, or done, when it asks again.
    func createSnapshot(
        _ request: CreateSnapshotRequest, _ context: CallContext
    ) async throws(RPCStatus) -> CreateSnapshotResponse {
        let name = try requireName(request.name, "name")
        let source = try require(request.sourceVolumeID, "source_volume_id")
        let parameters = try snapshotParameters(request.parameters)
        let control = copyControl(context)
        let snapshot = try await work(storage.createSnapshot(named: name, of: source, parameters, control))
        return CreateSnapshotResponse(snapshot: wireSnapshot(snapshot.record))
    }

    func snapshotParameters(_ parameters: [String: String]) throws(RPCStatus) -> SnapshotParameters {
        do throws(VolumeError) { return try SnapshotParameters(parameters) } catch { throw RPCStatus(error) }
    }
}
