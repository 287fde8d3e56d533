internal import Synchronization
internal import Syscalls

/// Since when a node that has no room for a claim leaves it to the others.
///
/// Where none of them has taken it after a while, no node has room, or the claim can be served nowhere. One of them takes it
/// then all the same, so that its owner is told why it fails.
final class Hesitation: Sendable {
    /// Seconds that the others have.
    let grace: Double
    private let begun = Mutex<[String: Moment]>([:])
    /// How many claims are remembered; beyond that all begin anew.
    private static let room = 4_096

    init(grace: Double) { self.grace = grace }

    /// Whether the others have had their time.
    func isOver(_ uid: String) -> Bool {
        begun.withLock { begun in
            if let since = begun[uid] {
                guard since.age >= grace else { return false }
                begun[uid] = nil
                return true
            }
            if begun.count >= Self.room { begun = [:] }
            begun[uid] = .now
            return false
        }
    }

    /// The claim has found a node, or is gone.
    func forget(_ uid: String) { begun.withLock { $0[uid] = nil } }
}
