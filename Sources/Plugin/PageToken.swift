internal import Pools

/// The place in a listing after one volume. It stays good when that volume is deleted or others are added, for it names
/// an id and not a position; and it cannot be made up, for it carries a digest over the pools' own UUIDs.
struct PageToken {
    private let key: String

    init(pools: [any Pool]) {
        key = pools.map { "\($0.identity)" }.joined(separator: "\n")
    }

    func text(after id: VolumeID) -> String { "\(id).\(digest(id))" }

    /// The id that a token names; nil for a token that we never gave.
    func id(_ text: String) -> VolumeID? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let id = VolumeID(parts[0]), parts[1] == digest(id) else { return nil }
        return id
    }

    private func digest(_ id: VolumeID) -> String { String(sha256(Array("page\n\(key)\n\(id)".utf8)).prefix(16)) }
}
