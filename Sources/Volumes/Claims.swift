internal import Synchronization
internal import Syscalls

/// Who works on which volume now. A second call on the same volume is told so at once and never waits: one volume's
/// trouble stays its own.
final class Claims: Sendable {
    private struct Work {
        let operation: String
        let since: Moment
        var step: String
    }

    private let working = Mutex<[String: Work]>([:])

    /// Takes the claim on a volume, or says who has it.
    func take(_ volume: String, for operation: String) throws(VolumeError) -> Claim {
        let other: Work? = working.withLock { working in
            if let other = working[volume] { return other }
            working[volume] = Work(operation: operation, since: .now, step: "starting")
            return nil
        }
        if let other {
            throw .inProgress(
                volume: volume, operation: other.operation, seconds: Int(other.since.age), step: other.step)
        }
        return Claim(volume: volume, claims: self)
    }

    fileprivate func note(_ volume: String, step: String) { working.withLock { $0[volume]?.step = step } }
    fileprivate func release(_ volume: String) { working.withLock { _ = $0.removeValue(forKey: volume) } }
}

/// The right to work on one volume, given back at the end of its scope: also when a call's deadline has long passed,
/// for a system call cannot be taken back.
struct Claim: ~Copyable {
    let volume: String
    private let claims: Claims

    fileprivate init(volume: String, claims: Claims) {
        self.volume = volume
        self.claims = claims
    }

    /// Says what is being waited for, for those who ask meanwhile.
    func step(_ what: String) { claims.note(volume, step: what) }

    deinit { claims.release(volume) }
}
