internal import CSI
internal import Pools
internal import RPC
internal import Volumes

extension Plugin {
    /// Lists volumes in the order of their ids, from memory, each with what can be seen of its condition from beneath.
    func listVolumes(
        _ request: ListVolumesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ListVolumesResponse {
        let limit = try pageLength(request.maxEntries)
        let tokens = PageToken<VolumeKind>(pools: storage.pools)
        let start = try tokens.id(request.startingToken)
        // One more than is asked for tells whether there is a next page.
        let found = storage.pools.flatMap { pool in
            pool.index.page(after: start, limit: limit + 1).map { ($0, pool) }
        }.sorted { $0.0.id < $1.0.id }
        let page = found.prefix(limit)
        var conditions: [VolumeID: Volumes.VolumeCondition] = [:]
        for pool in storage.pools {
            let records = page.filter { $0.1.identity == pool.identity }.map(\.0)
            let found = try await work(storage.conditions(of: records, in: pool))
            for (record, condition) in zip(records, found) { conditions[record.id] = condition }
        }
        let entries = page.map { record, pool in
            ListVolumesResponse.Entry(
                volume: wireVolume(record, in: pool),
                status: .init(volumeCondition: conditions[record.id].map(wireCondition)))
        }
        let next = found.count > limit ? page.last.map { tokens.text(after: $0.0.id) } : nil
        return ListVolumesResponse(entries: entries, nextToken: next ?? "")
    }
}
