internal import Synchronization

/// The records of a pool in memory, so that listing and looking up never read the pool again.
///
/// The pool's lock makes this process the only writer, and every change is on disk before it is here.
public final class VolumeIndex: Sendable {
    fileprivate struct State {
        var records: [VolumeID: VolumeRecord] = [:]
        /// The same ids in order, for pages.
        var order: [VolumeID] = []
        /// Records that could not be read, with the sentence that says why. Their volumes are left as they are.
        var damaged: [VolumeID: PoolError] = [:]
        /// Bytes promised to thin volumes that are being made, whose records are not here yet.
        var promised: Int64 = 0
        var committed: Int64 = 0
    }

    private let state = Mutex(State())

    init() {}

    /// The record of a volume in any state; nil when there is none. A damaged record is an error, never an absence.
    public func record(_ id: VolumeID) throws(PoolError) -> VolumeRecord? {
        let (record, damage) = state.withLock { ($0.records[id], $0.damaged[id]) }
        if let damage { throw damage }
        return record
    }

    public var count: Int { state.withLock { $0.order.count } }

    /// Bytes of all volumes as their clients see them.
    public var committed: Int64 { state.withLock { $0.committed } }

    public var damaged: [VolumeID: PoolError] { state.withLock { $0.damaged } }

    /// At most `limit` records of whole volumes in the order of their ids, from the first after `id` on.
    public func page(after id: VolumeID?, limit: Int) -> [VolumeRecord] {
        state.withLock { state in
            let start = id.map { state.firstPosition(after: $0) } ?? 0
            var page: [VolumeRecord] = []
            for id in state.order[start...] {
                if page.count == limit { break }
                if let record = state.records[id], record.intent == .ready { page.append(record) }
            }
            return page
        }
    }

    /// Takes a record in, and with it the promise that was made for it.
    func put(_ record: VolumeRecord, settling promise: Int64 = 0) {
        state.withLock { state in
            state.promised -= promise
            if let old = state.records.updateValue(record, forKey: record.id) {
                state.committed += record.size - old.size
            } else {
                state.committed += record.size
                state.order.insert(record.id, at: state.firstPosition(after: record.id))
            }
        }
    }

    func remove(_ id: VolumeID) {
        state.withLock { state in
            guard let old = state.records.removeValue(forKey: id) else { return }
            state.committed -= old.size
            let position = state.firstPosition(after: id) - 1
            state.order.remove(at: position)
        }
    }

    func markDamaged(_ id: VolumeID, _ error: PoolError) { state.withLock { $0.damaged[id] = error } }

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

extension VolumeIndex.State {
    /// Where the first id greater than `id` stands, by binary search.
    fileprivate func firstPosition(after id: VolumeID) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
