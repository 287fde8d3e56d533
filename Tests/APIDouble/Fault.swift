internal import Synchronization

/// What goes wrong with a request.
public enum Fault: Sendable {
    /// No answer comes, and nothing is done.
    case neverAnswer
    /// The request is done, and no answer comes.
    case neverAnswerAfterwards
    /// Such a Status, and nothing is done: 429 with `retryAfter` seconds, 500, 503, ...
    case answer(Int, retryAfter: Int? = nil)
    /// The request is done, and answered with such a Status.
    case answerAfterwards(Int)
    /// The connection is cut, and nothing is done.
    case cut
    /// The request is done, and the connection is cut.
    case cutAfterwards
    /// It is done so many seconds later.
    case slow(seconds: Double)
    /// It waits for the gate to open and is done then.
    case hold(Gate)
    /// It is done, and the answer waits for the gate to open.
    case holdAnswer(Gate)
    /// A list or a get shows what was there at that version, and says so.
    case stale(resourceVersion: String)
    /// A list or a watch is told that its version is too old.
    case gone
    /// A watch is cut after so many events.
    case dropAfter(events: Int)
    /// A watch's events come so many seconds late.
    case delayEvents(seconds: Double)
    /// A watch's events wait for the gate to open.
    case holdEvents(Gate)
}

/// Holds requests until a test opens it.
public final class Gate: Sendable {
    private struct State: ~Copyable {
        var isOpen = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    public init() {}

    public func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Waits for it to open, or for the task to be cancelled.
    func pass() async {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiting[ticket] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
    }
}
