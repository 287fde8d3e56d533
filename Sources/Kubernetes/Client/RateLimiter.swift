internal import Synchronization
internal import Syscalls

/// A token bucket for requests: each takes its turn in the order of asking, and all wait when the server asks for it.
final class RateLimiter: Sendable {
    private struct State {
        /// When the bucket was or will be empty: turns are given out from there on.
        var next: Moment
        var pausedUntil: Moment
    }

    private let perSecond: Double
    private let burst: Double
    private let state: Mutex<State>

    init(perSecond: Double, burst: Double) {
        precondition(perSecond > 0 && burst >= 1, "a limit that lets nothing through")
        self.perSecond = perSecond
        self.burst = burst
        let start = Moment(nanoseconds: 0)
        state = Mutex(State(next: start, pausedUntil: start))
    }

    /// Takes the next turn, and says when it is.
    func takeTurn(now: Moment = .now) -> Moment {
        let gap = 1_000_000_000 / perSecond
        return state.withLock { state in
            let earliest = Moment(nanoseconds: now.nanoseconds - Int64(gap * (burst - 1)))
            let turn = max(state.next, earliest)
            state.next = Moment(nanoseconds: turn.nanoseconds + Int64(gap))
            return max(turn, now)
        }
    }

    /// Lets nobody through for that long: the server has asked for it.
    func pause(seconds: Double, now: Moment = .now) {
        let until = Moment(nanoseconds: now.nanoseconds + Int64(seconds * 1_000_000_000))
        state.withLock { $0.pausedUntil = max($0.pausedUntil, until) }
    }

    /// Until when nobody gets through; in the past mostly.
    var pausedUntil: Moment { state.withLock { $0.pausedUntil } }

    /// Waits for the next turn. An urgent request takes no turn, but keeps to a pause.
    func wait(urgent: Bool = false) async throws(CancellationError) {
        if !urgent { try await sleep(until: takeTurn()) }
        // A pause may be made longer while it is waited for.
        while pausedUntil > .now { try await sleep(until: pausedUntil) }
    }
}

/// Waits without holding a thread.
func sleep(until moment: Moment) async throws(CancellationError) {
    let left = moment.nanoseconds - Moment.now.nanoseconds
    do {
        if left > 0 { try await Task.sleep(nanoseconds: UInt64(left)) } else { try Task.checkCancellation() }
    } catch {
        throw CancellationError()
    }
}
