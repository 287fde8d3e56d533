internal import Synchronization

/// What a disk is told to do, and what it tells: shared by the test and the thread that serves the disk.
final class DiskOrders: Sendable {
    enum Verdict { case go, fail, hang }

    private struct Fault {
        let deed: FaultyDisk.Deed
        /// Bytes that it concerns; a flush concerns all.
        let range: Range<Int64>?
        let verdict: Verdict

        func concerns(_ other: FaultyDisk.Deed, _ bytes: Range<Int64>) -> Bool {
            guard deed == other else { return false }
            return deed == .sync || range.map { $0.overlaps(bytes) } ?? true
        }
    }

    private struct State {
        var faults: [Fault] = []
        var hanging = 0
        var log: DiskLog?
        var isEnding = false
    }

    private let state = Mutex(State())

    func add(_ verdict: Verdict, to deeds: [FaultyDisk.Deed], in range: Range<Int64>?) {
        state.withLock { $0.faults += deeds.map { Fault(deed: $0, range: range, verdict: verdict) } }
    }

    func heal() { state.withLock { $0.faults = [] } }

    /// Ends the serving thread.
    func end() { state.withLock { $0.isEnding = true } }
    var isEnding: Bool { state.withLock { $0.isEnding } }

    /// The latest order that concerns a request counts.
    func verdict(_ deed: FaultyDisk.Deed, _ bytes: Range<Int64>) -> Verdict {
        state.withLock { $0.faults.last { $0.concerns(deed, bytes) }?.verdict ?? .go }
    }

    var hanging: Int {
        get { state.withLock { $0.hanging } }
        set { state.withLock { $0.hanging = newValue } }
    }

    func startLog() { state.withLock { $0.log = DiskLog() } }
    func note(_ entry: @autoclosure () -> DiskLog.Entry) { state.withLock { $0.log?.entries.append(entry()) } }
    var log: DiskLog? { state.withLock { $0.log } }
    var position: Int { state.withLock { $0.log?.entries.count ?? 0 } }
}
