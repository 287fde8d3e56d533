internal import Synchronization
internal import Syscalls

/// How many times over a pool's space may be promised: to thin volumes, which take it as they are written, and to snapshots,
/// which hold what their volumes then have to be given anew.
final class Overcommit: Sendable {
    /// nil is unlimited.
    let ratio: Double?
    private let promising = Mutex(())

    init(ratio: Double?) { self.ratio = ratio }

    /// Promises bytes of one index, while nobody promises any of the other. `limit` is what both may have together.
    func promise<Record>(
        _ bytes: Int64, in index: RecordIndex<Record>, besides other: () -> Int64, limit: Int64
    ) -> Bool {
        promising.withLock { _ in index.promise(bytes, limit: limit - other()) }
    }

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
