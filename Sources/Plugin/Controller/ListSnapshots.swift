internal import CSI
internal import Pools
internal import RPC

extension Plugin {
    /// Lists snapshots in the order of their ids, from memory: all, those of one volume, or one. What does not exist has no
    /// snapshots, and is no error.
    func listSnapshots(
        _ request: ListSnapshotsRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ListSnapshotsResponse {
        let limit = try pageLength(request.maxEntries)
        let tokens = PageToken<SnapshotKind>(pools: storage.pools)
        let start = try tokens.id(request.startingToken)
        let (source, only) = (request.sourceVolumeID, request.snapshotID)
        let found = storage.pools.compactMap(\.snapshots).flatMap { store in
            store.index.page(after: start, limit: limit + 1) { record in
                (source.isEmpty || record.source.text == source) && (only.isEmpty || record.id.text == only)
            }
        }.sorted { $0.id < $1.id }
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { tokens.text(after: $0.id) } : nil
        return ListSnapshotsResponse(entries: page.map { .init(snapshot: wireSnapshot($0)) }, nextToken: next ?? "")
    }
}
