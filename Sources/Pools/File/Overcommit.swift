internal import Syscalls

/// How many times over a pool's space may be promised: to thin volumes, which take it as they are written, and to snapshots,
/// which hold what their volumes then have to be given anew.
struct Overcommit: Sendable {
    /// nil is unlimited.
    let ratio: Double?

    /// Bytes that may be promised in all.
    func limit(_ records: RecordFolder) throws(PoolError) -> Int64 {
        guard let ratio else { return .max }
        let total = try kernel(FilesystemUsage.of(records.folder, records.path)).total
        return Int64(exactly: (Double(total) * ratio).rounded(.down)) ?? .max
    }

    func refusal(pool: String, bytes: Int64, given: Int64) -> PoolError {
        .outOfSpace(
            pool: pool,
            reason:
                "\(bytes) bytes more would pass its overcommit ratio of \(ratio ?? 0); \(given) are given to volumes and "
                + "snapshots")
    }
}
