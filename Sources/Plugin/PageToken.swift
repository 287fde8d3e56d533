internal import CSI
internal import Pools
internal import RPC

/// The place in a listing after one entry. It stays good when that entry is deleted or others are added, for it names
/// an id and not a position; and it cannot be made up, for it carries a digest over the pools' own UUIDs.
struct PageToken<Kind: KeptKind> {
    private let key: String

    init(pools: [any Pool]) {
        key = pools.map { "\($0.identity)" }.joined(separator: "\n")
    }

    func text(after id: HashedID<Kind>) -> String { "\(id).\(digest(id))" }

    /// The id that a token names. Nil for the first page; ABORTED for a token that we never gave.
    func id(_ text: String) throws(RPCStatus) -> HashedID<Kind>? {
        if text.isEmpty { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let id = HashedID<Kind>(parts[0]), parts[1] == digest(id) else {
            throw RPCStatus(.aborted, "starting_token was not given by this plugin; start the listing again")
        }
        return id
    }

    private func digest(_ id: HashedID<Kind>) -> String { String(sha256(Array("page\n\(key)\n\(id)".utf8)).prefix(16)) }
}

/// How many entries a page has: a page of the largest size stays under the 4 MiB that gRPC clients take.
func pageLength(_ maxEntries: Int32) throws(RPCStatus) -> Int {
    if maxEntries < 0 { throw .invalid("max_entries is \(maxEntries); it cannot be negative") }
    let most = 2_000
    return maxEntries == 0 ? most : min(Int(maxEntries), most)
}
