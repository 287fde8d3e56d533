internal import Synchronization
public import Syscalls

/// What a handler knows of its call beside the request.
public struct CallContext: Sendable {
    /// The full name: `/csi.v1.Identity/Probe`.
    public let method: String
    /// When the client stops waiting; `nil` when it never does. The client has its DEADLINE_EXCEEDED by then.
    public let deadline: Moment?
    /// Who calls; `nil` where that could not be told.
    public let peer: Peer?
    private let cancellation: Cancellation

    /// A context without a connection, for calling a handler directly.
    public init(method: String, deadline: Moment? = nil, peer: Peer? = nil) {
        self.init(method: method, deadline: deadline, peer: peer, cancellation: Cancellation())
    }

    init(method: String, deadline: Moment?, peer: Peer?, cancellation: Cancellation) {
        self.method = method
        self.deadline = deadline
        self.peer = peer
        self.cancellation = cancellation
    }

    /// Whether nobody waits for the answer any more: the client cancelled, vanished or ran into its deadline, or the
    /// server is being shut down. The handler's task is cancelled at the same time.
    public var isCancelled: Bool { cancellation.isCancelled }

    /// Runs `action` once when the call is cancelled, or now when it already is. It runs on the thread that serves all
    /// calls: it must not block.
    public func onCancel(_ action: @escaping @Sendable () -> Void) { cancellation.onCancel(action) }
}

/// Tells of a call's end before its time.
final class Cancellation: Sendable {
    private struct State {
        var actions: [@Sendable () -> Void] = []
        var outcome: Outcome?
    }

    private enum Outcome { case cancelled, answered }

    private let state = Mutex(State())

    var isCancelled: Bool { state.withLock { $0.outcome == .cancelled } }

    func onCancel(_ action: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            if state.outcome == nil { state.actions.append(action) }
            return state.outcome == .cancelled
        }
        if now { action() }
    }

    /// The call was cancelled: runs the actions.
    func cancel() {
        for action in end(.cancelled) { action() }
    }

    /// The call was answered: drops the actions.
    func answered() { _ = end(.answered) }

    private func end(_ outcome: Outcome) -> [@Sendable () -> Void] {
        state.withLock { state in
            guard state.outcome == nil else { return [] }
            state.outcome = outcome
            let actions = state.actions
            state.actions = []
            return actions
        }
    }
}
