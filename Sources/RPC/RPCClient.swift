internal import CGRPC
internal import Synchronization

/// A gRPC client of one unix socket. It connects at the first call, and again whenever the connection was lost.
public final class RPCClient: Sendable {
    /// What a client asks of its server.
    public struct Options: Sendable {
        /// The most bytes of a response; a longer one is RESOURCE_EXHAUSTED. gRPC's own default is the same 4 MiB.
        public var maximumResponseBytes: Int
        /// Whether a call waits for a server that is not there, as long as its timeout allows. Otherwise it is
        /// UNAVAILABLE at once.
        public var waitsForServer: Bool

        public init(maximumResponseBytes: Int = 4 * 1_024 * 1_024, waitsForServer: Bool = false) {
            self.maximumResponseBytes = maximumResponseBytes
            self.waitsForServer = waitsForServer
        }
    }

    private let core: ClientCore

    /// - Parameter path: the socket, absolute. See `Endpoint.path` for `unix://` forms.
    public init(socket path: String, options: Options = Options()) {
        core = ClientCore(socket: path, options: options)
    }

    deinit { core.close() }

    /// Calls a method of one response.
    ///
    /// Cancelling the task cancels the call. No `timeout` (in seconds) is no deadline. A server that is not there is
    /// UNAVAILABLE; a closed client is CANCELLED.
    public func unary(
        _ path: String, _ request: [UInt8], timeout seconds: Double?
    ) async throws(RPCStatus) -> [UInt8] {
        let call = try core.makeCall(path, timeout: seconds) { UnaryClientCall($0) }
        let result = await withTaskCancellationHandler {
            await call.run(request)
        } onCancel: {
            call.cancel()
        }
        return try result.get()
    }

    /// Calls a method of a stream of responses. The call starts at once; see `ResponseSequence` for its end.
    public func serverStream(_ path: String, _ request: [UInt8], timeout seconds: Double?) -> ResponseSequence {
        do throws(RPCStatus) {
            let call = try core.makeCall(path, timeout: seconds) { StreamClientCall($0) }
            call.start(request)
            return ResponseSequence(.success(call), of: self)
        } catch {
            return ResponseSequence(.failure(error), of: self)
        }
    }

    /// Cancels the calls that run, and closes the connection. Idempotent; a client that goes out of scope closes too.
    public func close() { core.close() }
}

/// The core's channel, its loop, and the calls under way.
final class ClientCore: Sendable {
    private struct State {
        var channel: Channel?
        var calls: [ObjectIdentifier: ClientCall] = [:]
    }

    let loop: CompletionLoop
    let waitsForServer: Bool
    private let state: Mutex<State>

    init(socket path: String, options: RPCClient.Options) {
        loop = CompletionLoop()
        waitsForServer = options.waitsForServer
        state = Mutex(State(channel: Channel(socket: path, maximumResponse: options.maximumResponseBytes)))
        loop.start()
    }

    /// Makes a call that `close` knows of until `callEnded`.
    func makeCall<Call: ClientCall>(
        _ path: String, timeout seconds: Double?, _ make: (ClientCall.Parts) -> Call
    ) throws(RPCStatus) -> Call {
        guard let channel = state.withLock({ $0.channel }) else { throw Self.closed }
        let method = Slice(copying: path)
        guard
            let raw = grpc_channel_create_call(
                channel.raw, nil, holdfast_propagate_defaults(), loop.queue, method.raw, nil,
                Core.deadline(seconds: seconds), nil)
        else { throw RPCStatus(.internalError, "the call of \(path) could not be made") }
        let call = make(ClientCall.Parts(core: self, raw: raw, path: path))
        let isOpen = state.withLock { state in
            if state.channel == nil { return false }
            state.calls[ObjectIdentifier(call)] = call
            return true
        }
        if !isOpen { throw Self.closed }
        return call
    }

    func callEnded(_ call: ClientCall) { state.withLock { _ = $0.calls.removeValue(forKey: ObjectIdentifier(call)) } }

    func close() {
        let calls = state.withLock { state -> [ClientCall]? in
            if state.channel == nil { return nil }
            state.channel = nil
            return Array(state.calls.values)
        }
        guard let calls else { return }
        for call in calls { call.cancel() }
        loop.close()
        loop.join()
    }

    static let closed = RPCStatus(.cancelled, "the client was closed")
}

/// The core's channel: made at once, connected at the first call, destroyed with its last user.
private final class Channel: @unchecked Sendable {
    let raw: OpaquePointer

    init(socket path: String, maximumResponse bytes: Int) {
        Core.start()
        let arguments: [(key: String, value: CInt)] = [
            (GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, CInt(clamping: bytes)),
            (GRPC_ARG_MAX_METADATA_SIZE, 64 * 1_024),
            // A server that was restarted is found within a second, not within gRPC's two minutes.
            (GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100),
            (GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1_000),
            (GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1_000),
            // Clients share no connection, so one's end is not another's trouble.
            (GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
            (GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        ]
        let credentials = grpc_insecure_credentials_create()
        defer { grpc_channel_credentials_release(credentials) }
        raw = Core.withArguments(Core.commonArguments + arguments) {
            grpc_channel_create(Self.target(path), credentials, $0)
        }
    }

    deinit { grpc_channel_destroy(raw) }

    /// gRPC reads its target as a URI, and decodes what is percent-encoded in it.
    static func target(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var target = Array("unix:".utf8)
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                target.append(byte)
            default: target += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xf)]]
            }
        }
        return String(decoding: target, as: UTF8.self)
    }
}
