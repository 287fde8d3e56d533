internal import Synchronization
internal import Syscalls

/// Who works on which volume, and at which path, now. A second call on the same is told so at once and never waits: one
/// volume's trouble stays its own.
final class Claims: Sendable {
    private struct Work {
        let operation: String
        let since: Moment
        var step: String
    }

    private let working = Mutex<[String: Work]>([:])

    /// Takes the claim on a subject, such as `volume hf-…` or `path /…`, or says who has it.
    func take(_ subject: String, for operation: String) throws(VolumeError) -> Claim {
        let other: Work? = working.withLock { working in
            if let other = working[subject] { return other }
            working[subject] = Work(operation: operation, since: .now, step: "starting")
            return nil
        }
        if let other {
            throw .inProgress(
                subject: subject, operation: other.operation, seconds: Int(other.since.age), step: other.step)
        }
        return Claim(subject: subject, claims: self)
    }

    fileprivate func note(_ subject: String, step: String) { working.withLock { $0[subject]?.step = step } }
    fileprivate func release(_ subject: String) { working.withLock { _ = $0.removeValue(forKey: subject) } }
}

/// The right to work on one volume, given back at the end of its scope: also when a call's deadline has long passed,
/// for a system call cannot be taken back.
struct Claim: ~Copyable {
    private let subject: String
    private let claims: Claims

    fileprivate init(subject: String, claims: Claims) {
        self.subject = subject
        self.claims = claims
    }

    /// Says what is being waited for, for those who ask meanwhile.
    func step(_ what: String) { claims.note(subject, step: what) }

    deinit { claims.release(subject) }
}

/// A claim that several hold: it is given back when the last of them lets go. A freeze that never came back keeps its
/// volume's.
final class SharedClaim: Sendable {
    private let claim: Claim

    init(_ claim: consuming Claim) { self.claim = claim }

    func step(_ what: String) { claim.step(what) }
}
