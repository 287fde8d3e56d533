public import Devices
internal import Synchronization

/// A record of something that a pool keeps.
public protocol KeptRecord: Sendable {
    associatedtype Kind: KeptKind
    var id: HashedID<Kind> { get }
    /// The pool that it was made in. A record of another pool is somebody else's.
    var pool: UUID { get }
    /// Bytes that the thing may come to take from the pool.
    var promise: Int64 { get }
    /// Whether it exists: its deletion has not begun.
    var isReady: Bool { get }
}

/// The records of a pool in memory, so that listing and looking up never read the pool again.
///
/// The pool's lock makes this process the only writer, and every change is on disk before it is here.
public final class RecordIndex<Record: KeptRecord>: Sendable {
    public typealias ID = HashedID<Record.Kind>

    private struct State {
        var records: [ID: Record] = [:]
        /// The same ids in order, for pages.
        var order: [ID] = []
        /// Records that could not be read, with the sentence that says why. What they stand for is left as it is.
        var damaged: [ID: PoolError] = [:]
        /// Bytes promised to what is being made, whose records are not here yet.
        var promised: Int64 = 0
        var committed: Int64 = 0

        /// Where the first id greater than `id` stands, by binary search.
        func firstPosition(after id: ID) -> Int {
            var low = 0
            var high = order.count
            while low < high {
                let middle = (low + high) / 2
                if order[middle] <= id { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    private let state = Mutex(State())

    init() {}

    /// The record in any state; nil when there is none. A damaged record is an error, never an absence.
    public func record(_ id: ID) throws(PoolError) -> Record? {
        let (record, damage) = state.withLock { ($0.records[id], $0.damaged[id]) }
        if let damage { throw damage }
        return record
    }

    public var count: Int { state.withLock { $0.order.count } }

    /// How many there are of what exists, of what is being deleted, and of records that cannot be used.
    public var counts: (ready: Int, ending: Int, damaged: Int) {
        state.withLock { state in
            let ready = state.records.values.count(where: \.isReady)
            return (ready, state.records.count - ready, state.damaged.count)
        }
    }

    /// Bytes of all that exists, as its clients see it.
    public var committed: Int64 { state.withLock { $0.committed } }

    /// The same, with what is promised to those that are being made.
    public var given: Int64 { state.withLock { $0.committed + $0.promised } }

    /// All records, also of what is being deleted.
    public var all: [Record] { state.withLock { state in state.order.compactMap { state.records[$0] } } }

    public var damaged: [ID: PoolError] { state.withLock { $0.damaged } }

    /// At most `limit` records of what exists in the order of their ids, from the first after `id` on, of those alone that
    /// `include` takes. With `evenEnding`, what is being deleted counts as well.
    public func page(
        after id: ID?, limit: Int, evenEnding: Bool = false, where include: (Record) -> Bool = { _ in true }
    ) -> [Record] {
        state.withLock { state in
            let start = id.map { state.firstPosition(after: $0) } ?? 0
            var page: [Record] = []
            for id in state.order[start...] {
                if page.count == limit { break }
                if let record = state.records[id], evenEnding || record.isReady, include(record) { page.append(record) }
            }
            return page
        }
    }

    /// Takes a record in, and with it the promise that was made for it.
    func put(_ record: Record, settling promise: Int64 = 0) {
        state.withLock { state in
            state.promised -= promise
            if let old = state.records.updateValue(record, forKey: record.id) {
                state.committed += record.promise - old.promise
            } else {
                state.committed += record.promise
                state.order.insert(record.id, at: state.firstPosition(after: record.id))
            }
        }
    }

    func remove(_ id: ID) {
        state.withLock { state in
            guard let old = state.records.removeValue(forKey: id) else { return }
            state.committed -= old.promise
            let position = state.firstPosition(after: id) - 1
            state.order.remove(at: position)
        }
    }

    func markDamaged(_ id: ID, _ error: PoolError) { state.withLock { $0.damaged[id] = error } }

    /// Sets aside `bytes` of the pool's promises, if together they stay within `limit`. False when they would not.
    func promise(_ bytes: Int64, limit: Int64) -> Bool {
        state.withLock { state in
            let (given, first) = state.committed.addingReportingOverflow(state.promised)
            let (sum, second) = given.addingReportingOverflow(bytes)
            if first || second || sum > limit { return false }
            state.promised += bytes
            return true
        }
    }

    /// Takes a promise back whose volume came to nothing.
    func settle(_ bytes: Int64) { state.withLock { $0.promised -= bytes } }
}

public typealias VolumeIndex = RecordIndex<VolumeRecord>
public typealias SnapshotIndex = RecordIndex<SnapshotRecord>
public typealias GroupIndex = RecordIndex<GroupRecord>
