internal import Synchronization
internal import Syscalls

/// Which claims were dealt with a while ago, and are not to be dealt with again before it is over.
final class Lately: Sendable {
    /// Seconds.
    private let period: Double
    /// How many claims are remembered; beyond that those go whose time is over, and then all.
    private static let room = 4_096

    private let claims = Mutex<[String: Moment]>([:])

    init(seconds: Double) { period = seconds }

    func note(_ uid: String) {
        claims.withLock { claims in
            if claims.count >= Self.room { claims = claims.filter { $0.value.age < period } }
            if claims.count >= Self.room { claims = [:] }
            claims[uid] = .now
        }
    }

    /// Seconds for which the claim is still left alone; nil when it is over.
    func rest(of uid: String) -> Double? {
        claims.withLock { claims in
            guard let since = claims[uid] else { return nil }
            let rest = period - since.age
            if rest > 0 { return rest }
            claims[uid] = nil
            return nil
        }
    }
}
