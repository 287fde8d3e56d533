internal import Synchronization
internal import Syscalls

/// Which claims have got their PersistentVolume a moment ago.
///
/// The server tells of a write a moment after it has taken it. A turn that is taken in between would make everything once more,
/// only to find that it is there.
final class Lately: Sendable {
    /// Seconds that are a moment.
    private static let moment = 5.0
    /// How many claims are remembered; beyond that those go whose moment is over, and then all.
    private static let room = 4_096

    private let claims = Mutex<[String: Moment]>([:])

    func note(_ uid: String) {
        claims.withLock { claims in
            if claims.count >= Self.room { claims = claims.filter { $0.value.age < Self.moment } }
            if claims.count >= Self.room { claims = [:] }
            claims[uid] = .now
        }
    }

    /// Seconds that the claim's moment still lasts; nil when it is over.
    func rest(of uid: String) -> Double? {
        claims.withLock { claims in
            guard let since = claims[uid] else { return nil }
            let rest = Self.moment - since.age
            if rest > 0 { return rest }
            claims[uid] = nil
            return nil
        }
    }
}
