internal import Glibc
internal import Synchronization
internal import Syscalls

/// Random numbers that come again with their seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// What a soak has done so far.
final class SoakTally: Sendable {
    private struct Counts {
        var operations = 0
        var refusals = 0
        var faults: [String: Int] = [:]
        var checks = 0
        var losses: [String] = []
    }

    private let counts = Mutex(Counts())
    private let started = Moment.now
    private let end: Moment

    init(seconds: Double) { end = .after(seconds: seconds) }

    var isOver: Bool { end < .now }
    var losses: [String] { counts.withLock { $0.losses } }

    func operation() { counts.withLock { $0.operations += 1 } }
    func refusal() { counts.withLock { $0.refusals += 1 } }
    func fault(_ kind: String) { counts.withLock { $0.faults[kind, default: 0] += 1 } }

    /// Counts a check; one that fails is a loss.
    func check(_ holds: Bool, _ what: @autoclosure () -> String) {
        counts.withLock { $0.checks += 1 }
        if !holds { lose(what()) }
    }

    func lose(_ what: String) { counts.withLock { $0.losses.append(what) } }

    var operations: Int { counts.withLock { $0.operations } }

    /// One line.
    var line: String {
        counts.withLock { counts in
            let faults = counts.faults.values.reduce(0, +)
            let kinds = counts.faults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            return
                "soak: \(Int(started.age)) s, \(counts.operations) operations, \(counts.refusals) of them refused and made "
                + "again, \(faults) faults (\(kinds)), \(counts.checks) checks, \(counts.losses.count) losses"
        }
    }
}
