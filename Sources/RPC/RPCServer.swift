internal import Glibc
internal import Synchronization
internal import Syscalls

/// A gRPC server on a unix socket.
///
/// Two threads of its own: one accepts connections and later shuts down, one takes the core's completions. Handlers run
/// in Swift tasks.
public final class RPCServer: Sendable {
    /// How much a server takes.
    public struct Options: Sendable {
        /// The most bytes of a request; a longer one is RESOURCE_EXHAUSTED. gRPC's own default is the same 4 MiB.
        public var maximumRequestBytes: Int
        /// Whether others serve in the socket's folder who know nothing of our lock file, or take every file there for a
        /// socket: then its name begins with a dot, and a socket that somebody answers on is left to them.
        public var isFolderShared: Bool

        public init(maximumRequestBytes: Int = 4 * 1_024 * 1_024, isFolderShared: Bool = false) {
            self.maximumRequestBytes = maximumRequestBytes
            self.isFolderShared = isFolderShared
        }
    }

    private struct State: ~Copyable {
        var listener: Listener?
        var thread: JoinableThread?
        var phase = Phase.ready
        /// When what still runs is cancelled, once a shutdown was asked for.
        var cancelAt: Moment?
        var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private enum Phase { case ready, serving, ended }

    /// The socket's path.
    public let path: String
    private let identity: FileIdentity
    private let core: ServerCore
    private let state: Mutex<State>

    /// Pauses while no descriptor is left to accept with, in seconds.
    private static let exhaustedPause = 0.1
    /// How long handlers that were cancelled may take to return, in seconds, before the server goes on without them.
    private static let cancelledGrace = 1.0

    /// Takes the lock, binds and listens. Connections wait until `start`.
    ///
    /// - Parameters:
    ///   - path: the socket, absolute (see `Endpoint`). Its mode is 0600; a lock file beside it keeps others away.
    ///   - methods: what is served. Any other name is answered with UNIMPLEMENTED.
    public init(socket path: String, methods: [Method], options: Options = Options()) throws(RPCServerError) {
        let table = try Method.table(methods)
        let wake: Wake
        do throws(SystemError) { wake = try Wake() } catch { throw .system(error) }
        let listener = try Listener(path: path, isShared: options.isFolderShared)
        identity = listener.identity
        self.path = listener.path
        core = ServerCore(methods: table, maximumRequest: options.maximumRequestBytes, wake: wake)
        state = Mutex(State(listener: listener))
    }

    /// Whether the path still leads to this server: somebody may have removed the socket, or put another one there.
    public var isReachable: Bool { (try? FileStatus.of(path: path))?.identity == identity }

    /// How many handlers run now.
    public var callsInFlight: Int { core.handlersRunning }

    /// Serves until `shutdown`, from threads of its own, which keep the server alive. Another start does nothing.
    public func start() {
        state.withLock { state in
            guard state.phase == .ready else { return }
            state.phase = .serving
            core.start()
            state.thread = JoinableThread { [self] in
                if let listener = self.state.withLock({ $0.listener.take() }) { run(listener) }
            }
        }
    }

    /// Ends the server: takes no more connections and calls, lets the calls that run go on for at most `seconds`, then
    /// cancels them, closes every connection, and removes the socket and the lock file.
    ///
    /// A handler that goes on in spite of being cancelled is left behind a second later, its answer unsent. A second
    /// shutdown waits for the first one, and brings its cancelling forward if it has less patience.
    public func shutdown(grace seconds: Double) async {
        let cancelAt = Moment.after(seconds: seconds > 0 ? min(seconds, 1e9) : 0)
        await withUnsafeContinuation { waiter in
            let isOver = state.withLock { state in
                state.cancelAt = min(state.cancelAt ?? cancelAt, cancelAt)
                if state.phase == .serving {
                    state.waiters.append(waiter)
                    return false
                }
                state.phase = .ended
                state.listener = nil
                return true
            }
            if isOver { waiter.resume() } else { core.wakeUp() }
        }
        // It has resumed its last waiter, so this takes no time.
        state.withLock { $0.thread.take() }?.join()
    }

    private var cancelAt: Moment? { state.withLock { $0.cancelAt } }

    /// The server's thread, from the first connection to the last.
    private func run(_ listener: consuming Listener) {
        acceptConnections(listener)
        listener.stop()
        end()
        // Before the waiters hear of the end: they may start the next server.
        _ = consume listener
        let waiters = state.withLock { state in
            state.phase = .ended
            let waiters = state.waiters
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func acceptConnections(_ listener: borrowing Listener) {
        while cancelAt == nil {
            var polled = [
                pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: core.wakeNumber, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&polled, 2, -1)
            if polled[1].revents != 0 { core.clearWake() }
            if polled[0].revents == 0 { continue }
            switch listener.accept() {
            case .connection(let connection):
                // Otherwise the connection is closed here.
                if let peer = Peer(of: connection), peer.mayCall(serverUser: geteuid()) {
                    core.add(connection, of: peer)
                }
            case .nothing: continue
            case .exhausted: core.wait(until: .after(seconds: Self.exhaustedPause))
            }
        }
    }

    private func end() {
        core.beginShutdown()
        while !core.isDrained, let cancelAt, cancelAt > .now { core.wait(until: cancelAt) }
        core.cancelCalls()
        let limit = Moment.after(seconds: Self.cancelledGrace)
        while !core.isDrained && limit > .now { core.wait(until: limit) }
        while !core.isShutDown { core.wait(until: .after(seconds: Self.cancelledGrace)) }
        core.finish()
    }
}
