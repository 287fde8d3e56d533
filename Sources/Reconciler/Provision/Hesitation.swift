internal import Kubernetes
internal import Synchronization
internal import Syscalls

/// Which claims this node leaves to the others for a while, because it could not serve them, and for how long.
///
/// Where none of the others has taken one, no node can, or it can be served nowhere. This one takes it then all the same, so
/// that its owner is told why it fails; and leaves it alone for longer each time.
final class Hesitation: Sendable {
    private struct Refusal {
        var count = 0
        var until = Moment(nanoseconds: 0)
    }

    private let backoff: Backoff
    private let refusals = Mutex<[String: Refusal]>([:])
    /// How many claims are remembered; beyond that all begin anew.
    private static let room = 4_096

    /// - Parameter grace: seconds that the others have at first.
    init(grace: Double) { backoff = Backoff(first: grace, cap: max(grace, 300)) }

    /// Seconds for which the claim is still left alone; nil when that is over.
    func rest(of uid: String) -> Double? {
        let until = refusals.withLock { $0[uid]?.until }
        guard let until, until > .now else { return nil }
        return Double(until.nanoseconds - Moment.now.nanoseconds) / 1e9
    }

    /// Whether the others have had their time already.
    func wasRefused(_ uid: String) -> Bool { refusals.withLock { $0[uid].map { $0.count > 0 } ?? false } }

    /// The claim can be served here, but it is the others' turn: they go ahead by so many seconds.
    func leave(_ uid: String, ahead seconds: Double) {
        refusals.withLock { refusals in
            makeRoom(in: &refusals, for: uid)
            var refusal = refusals[uid] ?? Refusal()
            refusal.until = max(refusal.until, .after(seconds: seconds))
            refusals[uid] = refusal
        }
    }

    /// The claim cannot be served here; for how many seconds it is left alone.
    @discardableResult
    func refused(_ uid: String) -> Double {
        refusals.withLock { refusals in
            makeRoom(in: &refusals, for: uid)
            var refusal = refusals[uid] ?? Refusal()
            refusal.count += 1
            let seconds = backoff.delay(after: refusal.count)
            refusal.until = .after(seconds: seconds)
            refusals[uid] = refusal
            return seconds
        }
    }

    private func makeRoom(in refusals: inout [String: Refusal], for uid: String) {
        guard refusals.count >= Self.room, refusals[uid] == nil else { return }
        // Those that were merely left to others are of no use any more.
        refusals = refusals.filter { $0.value.count > 0 || $0.value.until > .now }
        if refusals.count >= Self.room { refusals = [:] }
    }

    /// The claim has its volume.
    func forget(_ uid: String) { refusals.withLock { $0[uid] = nil } }
}
