internal import CSI
internal import Pools
internal import RPC

extension Plugin {
    /// A page that stays under the 4 MiB that gRPC clients take, when the caller names no limit of its own.
    private static let pageLimit = 2_000

    /// Lists volumes in the order of their ids, from memory.
    func listVolumes(
        _ request: ListVolumesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ListVolumesResponse {
        if request.maxEntries < 0 {
            throw .invalid("max_entries is \(request.maxEntries); it cannot be negative")
        }
        let tokens = PageToken(pools: storage.pools)
        var start: VolumeID?
        if !request.startingToken.isEmpty {
            start = tokens.id(request.startingToken)
            if start == nil {
                throw RPCStatus(.aborted, "starting_token was not given by this plugin; start the listing again")
            }
        }
        let limit = request.maxEntries == 0 ? Self.pageLimit : min(Int(request.maxEntries), Self.pageLimit)
        // One more than is asked for tells whether there is a next page.
        let found = storage.pools.flatMap { pool in
            pool.index.page(after: start, limit: limit + 1).map { ($0, pool) }
        }.sorted { $0.0.id < $1.0.id }
        let page = found.prefix(limit)
        let entries = page.map { ListVolumesResponse.Entry(volume: wireVolume($0.0, in: $0.1)) }
        let next = found.count > limit ? page.last.map { tokens.text(after: $0.0.id) } : nil
        return ListVolumesResponse(entries: entries, nextToken: next ?? "")
    }
}
