internal import CGRPC
internal import Synchronization

/// A call of a stream of responses. Each is asked of the core when the reader asks for it, so the server sends no
/// faster than the reader reads.
final class StreamClientCall: ClientCall, @unchecked Sendable {
    typealias Next = Result<[UInt8]?, RPCStatus>

    private enum Operation: UInt { case request, response, status }

    private struct State {
        var waiter: UnsafeContinuation<Next, Never>?
        /// Whether the last response was taken.
        var isRead = false
        var status: RPCStatus?
    }

    private let state = Mutex(State())

    func start(_ request: [UInt8]) {
        let message = ByteBuffer(copying: request)
        let batch: [4 of grpc_op] = [
            sendInitialMetadata, .sendMessage(message), .sendCloseFromClient,
            .receiveInitialMetadata(memory.pointer(to: \.initialMetadata)!),
        ]
        outgoing = consume message
        let isBegun = begin(Operation.status.rawValue, [receiveStatus])
        if !isBegun || !begin(Operation.request.rawValue, batch) { cancel() }
        if !isBegun { ended(ClientCore.closed) }
    }

    /// The next response; `nil` is the end, with status OK. One reader at a time.
    func next() async -> Next {
        await withUnsafeContinuation { continuation in
            let isFree = state.withLock { state in
                if state.waiter != nil { return false }
                state.waiter = continuation
                return true
            }
            if !isFree {
                let refusal = RPCStatus(.internalError, "two readers wait for a response of \(path)")
                return continuation.resume(returning: .failure(refusal))
            }
            let isOver = state.withLock { $0.isRead }
            if isOver || !begin(Operation.response.rawValue, [.receiveMessage(memory.pointer(to: \.message)!)]) {
                readToEnd()
            }
        }
    }

    override func completed(_ operation: UInt, success: Bool) {
        switch Operation(rawValue: operation)! {
        case .request: outgoing = nil
        case .response:
            if success, let response = takeMessage() {
                state.withLock { $0.waiter.take() }?.resume(returning: .success(response))
            } else {
                readToEnd()
            }
        case .status: ended(status)
        }
    }

    /// No response is left: the reader gets the status, now or when it comes.
    private func readToEnd() { settle { $0.isRead = true } }

    private func ended(_ status: RPCStatus) {
        core.callEnded(self)
        settle { $0.status = status }
    }

    private func settle(_ change: (inout State) -> Void) {
        let (waiter, status) = state.withLock { state in
            change(&state)
            let isSettled = state.isRead && state.status != nil
            return (isSettled ? state.waiter.take() : nil, state.status)
        }
        guard let waiter, let status else { return }
        waiter.resume(returning: status.code == .ok ? .success(nil) : .failure(status))
    }
}

/// The responses of a stream, in order, once. It ends with the server's OK, or throws the status of any other end.
///
/// Who stops reading cancels the call: by letting go of the sequence, or by cancelling the reading task.
public struct ResponseSequence: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = RPCStatus

    private let source: Source

    /// Cancels the call when nobody can read it any more, and keeps the client until then.
    fileprivate final class Source: Sendable {
        let call: Result<StreamClientCall, RPCStatus>
        private let client: RPCClient

        init(_ call: Result<StreamClientCall, RPCStatus>, of client: RPCClient) {
            self.call = call
            self.client = client
        }

        deinit { if case .success(let call) = call { call.cancel() } }
    }

    /// A call, or why it could not be made.
    init(_ call: Result<StreamClientCall, RPCStatus>, of client: RPCClient) { source = Source(call, of: client) }

    /// All iterators read the same stream.
    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate let source: Source

        /// The next response, or `nil` after the last one.
        public mutating func next() async throws(RPCStatus) -> [UInt8]? {
            let call = try source.call.get()
            let result = await withTaskCancellationHandler {
                await call.next()
            } onCancel: {
                call.cancel()
            }
            return try result.get()
        }

        /// The next response, or `nil` after the last one.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCStatus) -> [UInt8]? {
            try await next()
        }
    }
}
