internal import CGRPC
internal import Synchronization
internal import Syscalls

/// The core's server, its loop, and the calls that it has or waits for.
final class ServerCore: @unchecked Sendable {
    let server: OpaquePointer
    let loop: CompletionLoop
    let methods: [String: Method]
    let peers = Peers()
    private let credentials: OpaquePointer
    private let wake: Wake
    private let services: Set<Substring>
    /// All `ServerCall`s that live, those that wait for a call included.
    private let calls = Atomic<Int>(0)
    private let handlers = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let hasShutDown = Atomic<Bool>(false)

    /// So many calls can arrive at one moment without one of them waiting for the loop to come round.
    private static let acceptors = 64

    init(methods: [String: Method], maximumRequest bytes: Int, wake: consuming Wake) {
        Core.start()
        self.methods = methods
        services = Set(methods.keys.map { $0.split(separator: "/")[0] })
        self.wake = wake
        let limit = (key: GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, value: CInt(clamping: bytes))
        server = Core.withArguments(Core.commonArguments + [limit]) { grpc_server_create($0, nil) }
        credentials = grpc_insecure_server_credentials_create()
        loop = CompletionLoop()
        grpc_server_register_completion_queue(server, loop.queue, nil)
    }

    deinit {
        grpc_server_credentials_release(credentials)
        grpc_server_destroy(server)
    }

    var handlersRunning: Int { handlers.load(ordering: .acquiring) }
    var wakeNumber: CInt { wake.number }

    func start() {
        grpc_server_start(server)
        for _ in 0..<Self.acceptors { awaitCall() }
        loop.start()
    }

    func awaitCall() {
        calls.add(1, ordering: .relaxed)
        ServerCall(core: self).await()
    }

    /// Hands a connection to the core, which closes it.
    func add(_ connection: consuming Descriptor, of peer: Peer) {
        let number = connection.release()
        peers.add(peer, connection: number)
        grpc_server_add_channel_from_fd(server, number, credentials)
    }

    /// One sentence about a method that the server has not.
    func refusal(of path: String) -> String {
        let service = path.split(separator: "/").first ?? ""
        return services.contains(service)
            ? "this server has the service \(service), but not its method \(path)"
            : "this server has no method \(path): it does not have that service"
    }
}

/// The counts.
extension ServerCore {
    func handlerBegan() { handlers.add(1, ordering: .relaxed) }
    func handlerEnded() { handlers.subtract(1, ordering: .releasing) }

    func callEnded() {
        let left = calls.subtract(1, ordering: .sequentiallyConsistent).newValue
        if left == 0 && isStopping.load(ordering: .sequentiallyConsistent) { wake.signal() }
    }

    /// Whether nobody waits for a call and no call is left. Holds only after `beginShutdown`.
    var isDrained: Bool { calls.load(ordering: .sequentiallyConsistent) == 0 }
}

/// The end, in this order. Each step but the last returns at once.
extension ServerCore {
    /// Takes no more calls. Those that run go on.
    func beginShutdown() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        _ = loop.begin(ShutdownNotice(core: self), 0) { tag in
            grpc_server_shutdown_and_notify(server, loop.queue, tag)
            return GRPC_CALL_OK
        }
    }

    /// Cancels the calls that are left and closes all connections, idle ones and those that never spoke HTTP/2 too.
    func cancelCalls() { grpc_server_cancel_all_calls(server) }

    /// Whether the core has closed every connection.
    var isShutDown: Bool { hasShutDown.load(ordering: .acquiring) }

    /// Ends the loop. A handler that still runs finds its call closed.
    func finish() {
        loop.close()
        loop.join()
    }

    func wakeUp() { wake.signal() }
    func clearWake() { wake.clear() }
    func wait(until moment: Moment) { wake.wait(until: moment) }

    private final class ShutdownNotice: Completion, @unchecked Sendable {
        private let core: ServerCore
        init(core: ServerCore) { self.core = core }

        override func completed(_ operation: UInt, success: Bool) {
            core.hasShutDown.store(true, ordering: .releasing)
            core.wake.signal()
        }
    }
}
