internal import Synchronization
public import Syscalls

/// One filesystem that is being held still.
///
/// Freezing waits for the filesystem's writers and for its device, and a system call cannot be taken back: it runs on a
/// thread of its own. When it comes back too late that thread thaws at once, and only then `atEnd` runs.
final class Freeze: Sendable {
    /// What is done to the filesystem. Tests put other deeds here.
    struct Deeds: Sendable {
        let freeze: @Sendable () throws(SystemError) -> Void
        /// Says whether it was frozen until then.
        let thaw: @Sendable () throws(SystemError) -> Bool
    }

    private enum State {
        case waiting, freezing, frozen, thawed
        case failed(SystemError)
        /// Nobody waits for it any more.
        case abandoned
    }

    /// Told whether the filesystem is thawed: not where the kernel refused to, however often it was asked.
    typealias AtEnd = @Sendable (_ isThawed: Bool) -> Void

    /// How often the kernel is asked to thaw before it is left to the next start, or to an operator.
    private static let thawTries = 3

    /// The filesystem, for a sentence.
    let name: String
    /// What has to be given back as soon as it is over, whatever thread may have this value a little longer: an open file
    /// of the filesystem, and the volume's claim.
    private let held: Mutex<(deeds: Deeds, atEnd: AtEnd)?>
    private let state = Mutex(State.waiting)
    private let refusal = Mutex<SystemError?>(nil)
    private let arrived = Flag()

    /// `atEnd` runs once, when the filesystem is not frozen any more or never was.
    init(_ name: String, _ deeds: Deeds, atEnd: @escaping AtEnd) {
        self.name = name
        held = Mutex((deeds, atEnd))
    }

    private func freezeNow() throws(SystemError) { try held.withLock { $0?.deeds }?.freeze() }

    /// Why the filesystem is still frozen although it should not be.
    var thawRefusal: SystemError? { refusal.withLock { $0 } }

    private func end(isThawed: Bool = true) { held.withLock { $0.take() }?.atEnd(isThawed) }

    /// Says whether it was frozen until now.
    private func thawAndEnd() -> Bool {
        guard let deeds = held.withLock({ $0?.deeds }) else { return false }
        var failure: SystemError?
        for _ in 0..<Self.thawTries {
            do throws(SystemError) {
                let wasHeld = try deeds.thaw()
                end()
                return wasHeld
            } catch {
                failure = error
            }
        }
        refusal.withLock { $0 = failure }
        end(isThawed: false)
        return false
    }

    func begin() {
        state.withLock { $0 = .freezing }
        HostThread.start { [self] in
            let outcome: State
            do throws(SystemError) {
                try freezeNow()
                outcome = .frozen
            } catch {
                outcome = .failed(error)
            }
            let isLate = state.withLock { state in
                if case .abandoned = state { return true }
                state = outcome
                return false
            }
            switch outcome {
            case .frozen where isLate:
                _ = thawAndEnd()
            case .failed: end()
            default: break
            }
            arrived.raise()
        }
    }

    /// Waits until it is frozen.
    func wait(until limit: Moment) throws(FreezeError) {
        _ = arrived.wait(until: limit)
        let failure: FreezeError? = state.withLock { state in
            switch state {
            case .frozen, .thawed: return nil
            case .failed(let error): return .failed(name: name, error)
            case .waiting, .freezing, .abandoned:
                state = .abandoned
                return .late(name: name)
            }
        }
        if let failure { throw failure }
    }

    /// Lets writers go on. Says whether they were held until now.
    @discardableResult
    func thaw() -> Bool {
        let wasFrozen = state.withLock { state in
            switch state {
            case .frozen:
                state = .thawed
                return true
            case .freezing:
                state = .abandoned
                return false
            case .waiting, .thawed, .failed, .abandoned: return false
            }
        }
        return wasFrozen && thawAndEnd()
    }

    /// Ends it, if it was never begun.
    func giveUp() {
        let wasWaiting = state.withLock { state in
            guard case .waiting = state else { return false }
            state = .abandoned
            return true
        }
        if wasWaiting { end() }
    }
}

/// Why filesystems could not be held still for as long as it took.
public enum FreezeError: Error, Sendable, CustomStringConvertible {
    case failed(name: String, SystemError)
    /// It did not answer in time. It is thawed as soon as it does.
    case late(name: String)
    /// They were still, but not until the copies were done.
    case tooLong(milliseconds: Int)
    /// The kernel refuses to let its writers go on. The next start tries again.
    case stuck(name: String, SystemError)

    public var description: String {
        switch self {
        case .failed(let name, let error): "\(name) could not be frozen: \(error)"
        case .late(let name):
            "\(name) did not come to rest in time, and is thawed as soon as it does; look for a hung device beneath it"
        case .stuck(let name, let error):
            "\(name) was frozen and could not be thawed: \(error); its writers wait: thaw it with fsfreeze --unfreeze, or "
                + "restart this plugin, which tries again"
        case .tooLong(let milliseconds):
            "the copy was not done within \(milliseconds) ms, so writers were let go on and the copy was dropped; unpublish "
                + "the volume first, or allow more with maxFreeze in the VolumeSnapshotClass"
        }
    }
}

/// Holds filesystems still together while `body` runs, at most for so many milliseconds from the first freeze on. Whatever
/// happens they are thawed, at the latest when they are over; what `body` made is then of no use and `.tooLong` is thrown.
func holdStill<Failure: Error>(
    _ freezes: [Freeze], milliseconds: Int, wrap: (FreezeError) -> Failure,
    atLimit: @escaping @Sendable () -> Void = {}, while body: () throws(Failure) -> Void
) throws(Failure) {
    if freezes.isEmpty { return try body() }
    let limit = Moment.after(seconds: Double(milliseconds) / 1_000)
    for freeze in freezes { freeze.begin() }
    let done = Flag()
    HostThread.start {
        guard !done.wait(until: limit) else { return }
        for freeze in freezes { freeze.thaw() }
        atLimit()
    }
    defer {
        done.raise()
        for freeze in freezes { freeze.thaw() }
    }
    // After one has failed the others are waited for as well: a freeze that is under way would hold writers for a moment
    // after the answer.
    var refusal: FreezeError?
    for freeze in freezes {
        do throws(FreezeError) { try freeze.wait(until: limit) } catch { refusal = refusal ?? error }
    }
    if let refusal { throw wrap(refusal) }
    let failure: Failure?
    do throws(Failure) {
        try body()
        failure = nil
    } catch {
        failure = error
    }
    var wasStill = true
    for freeze in freezes where !freeze.thaw() { wasStill = false }
    for freeze in freezes {
        if let cause = freeze.thawRefusal { throw wrap(.stuck(name: freeze.name, cause)) }
    }
    // That they were let go on is then why `body` failed, too.
    if !wasStill { throw wrap(.tooLong(milliseconds: milliseconds)) }
    if let failure { throw failure }
}
