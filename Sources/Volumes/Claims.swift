internal import Synchronization
public import Syscalls

/// Which call the work of this thread, or task, is for: a number that whoever takes calls gives them.
public enum CallNumber {
    @TaskLocal public static var current: Int?
}

/// What holds a volume, a path or a name for itself now.
public struct ClaimedWork: Sendable {
    /// What it holds, such as `volume hf-…`.
    public let subject: String
    /// Such as `NodeStageVolume`.
    public let operation: String
    /// The call that it was begun for; nil for work of nobody's.
    public let call: Int?
    public let since: Moment
    /// What it is at.
    public fileprivate(set) var step = "starting"
    public fileprivate(set) var stepSince: Moment
    fileprivate var patience = Claims.patience

    /// Whether it is at that step for longer than that should take.
    public var isStuck: Bool { isStuck(at: .now) }

    func isStuck(at moment: Moment) -> Bool {
        Double(moment.nanoseconds - stepSince.nanoseconds) / 1_000_000_000 > patience
    }
}

/// Who works on which volume, and at which path, now. A second call on the same is told so at once and never waits: one
/// volume's trouble stays its own.
final class Claims: Sendable {
    /// Seconds after which a step counts as stuck: one that the kernel should be done with in a moment, and one that reads or
    /// writes a volume from end to end.
    static let patience = 60.0
    static let longPatience = 600.0

    private let working = Mutex<[String: ClaimedWork]>([:])

    /// All that is claimed now, in no order.
    var all: [ClaimedWork] { working.withLock { Array($0.values) } }

    /// Takes the claim on a subject, such as `volume hf-…` or `path /…`, or says who has it.
    func take(_ subject: String, for operation: String) throws(VolumeError) -> Claim {
        let (now, call) = (Moment.now, CallNumber.current)
        let other: ClaimedWork? = working.withLock { working in
            if let other = working[subject] { return other }
            working[subject] = ClaimedWork(
                subject: subject, operation: operation, call: call, since: now, stepSince: now)
            return nil
        }
        if let other {
            throw .inProgress(
                subject: subject, operation: other.operation, seconds: Int(other.since.age), step: other.step)
        }
        return Claim(subject: subject, claims: self)
    }

    fileprivate func note(_ subject: String, step: String, patience: Double) {
        let now = Moment.now
        working.withLock { working in
            working[subject]?.step = step
            working[subject]?.stepSince = now
            working[subject]?.patience = patience
        }
    }

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
    func step(_ what: String) { claims.note(subject, step: what, patience: Claims.patience) }

    /// The same, of what may read or write all of a volume.
    func longStep(_ what: String) { claims.note(subject, step: what, patience: Claims.longPatience) }

    deinit { claims.release(subject) }
}

/// A claim that several hold: it is given back when the last of them lets go. A freeze that never came back keeps its
/// volume's.
final class SharedClaim: Sendable {
    private let claim: Claim

    init(_ claim: consuming Claim) { self.claim = claim }

    func step(_ what: String) { claim.step(what) }
    func longStep(_ what: String) { claim.longStep(what) }
}

extension Storage {
    /// What is being worked on now. It waits for nothing.
    public var work: [ClaimedWork] { claims.all }
}
