internal import CGRPC
internal import Synchronization

/// One call at the client. Its operations and its caller hold it; when the last of them has ended, it frees the core's
/// memory.
class ClientCall: Completion, @unchecked Sendable {
    /// What a call is made of.
    struct Parts {
        let core: ClientCore
        let raw: OpaquePointer
        let path: String
    }

    /// What the core writes to between the start of an operation and its end.
    struct Memory {
        var initialMetadata = grpc_metadata_array()
        var trailingMetadata = grpc_metadata_array()
        var message: UnsafeMutablePointer<grpc_byte_buffer>?
        var status = GRPC_STATUS_OK
        var details = grpc_empty_slice()
    }

    let core: ClientCore
    let raw: OpaquePointer
    let path: String
    let memory: UnsafeMutablePointer<Memory>
    /// The request's bytes until the core has sent them. Set before the operation begins, and let go after its end.
    var outgoing: ByteBuffer?

    init(_ parts: Parts) {
        core = parts.core
        raw = parts.raw
        path = parts.path
        memory = .allocate(capacity: 1)
        memory.initialize(to: Memory())
        grpc_metadata_array_init(memory.pointer(to: \.initialMetadata)!)
        grpc_metadata_array_init(memory.pointer(to: \.trailingMetadata)!)
    }

    deinit {
        if let message = memory.pointee.message { grpc_byte_buffer_destroy(message) }
        grpc_slice_unref(memory.pointee.details)
        grpc_metadata_array_destroy(memory.pointer(to: \.initialMetadata)!)
        grpc_metadata_array_destroy(memory.pointer(to: \.trailingMetadata)!)
        memory.deallocate()
        grpc_call_unref(raw)
    }

    /// Cancels the call, from any thread and at any time. It ends with CANCELLED, unless it has ended already.
    func cancel() { _ = grpc_call_cancel(raw, nil) }

    func begin<let count: Int>(_ operation: UInt, _ batch: [count of grpc_op]) -> Bool {
        core.loop.begin(self, operation, on: raw, batch)
    }

    var sendInitialMetadata: grpc_op {
        let wait = UInt32(GRPC_INITIAL_METADATA_WAIT_FOR_READY | GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET)
        return .sendInitialMetadata(flags: core.waitsForServer ? wait : 0)
    }

    var receiveStatus: grpc_op {
        .receiveStatus(
            memory.pointer(to: \.status)!, memory.pointer(to: \.details)!, memory.pointer(to: \.trailingMetadata)!)
    }

    /// The status that the core has received.
    var status: RPCStatus {
        let code = StatusCode(rawValue: Int32(memory.pointee.status.rawValue)) ?? .unknown
        return RPCStatus(code, String(memory.pointer(to: \.details)!))
    }

    /// The message that the core has received.
    func takeMessage() -> [UInt8]? {
        guard let message = memory.pointee.message else { return nil }
        memory.pointee.message = nil
        return ByteBuffer(owning: message).takeBytes()
    }
}

/// A call of one response: everything in one batch.
final class UnaryClientCall: ClientCall, @unchecked Sendable {
    private let waiter = Mutex<UnsafeContinuation<Result<[UInt8], RPCStatus>, Never>?>(nil)

    /// Called once.
    func run(_ request: [UInt8]) async -> Result<[UInt8], RPCStatus> {
        await withUnsafeContinuation { continuation in
            waiter.withLock { $0 = continuation }
            let message = ByteBuffer(copying: request)
            let batch: [6 of grpc_op] = [
                sendInitialMetadata, .sendMessage(message), .sendCloseFromClient,
                .receiveInitialMetadata(memory.pointer(to: \.initialMetadata)!),
                .receiveMessage(memory.pointer(to: \.message)!), receiveStatus,
            ]
            outgoing = consume message
            if !begin(0, batch) { end(.failure(ClientCore.closed)) }
        }
    }

    /// A batch with a status in it always succeeds.
    override func completed(_ operation: UInt, success: Bool) {
        outgoing = nil
        let status = status
        if status.code != .ok {
            end(.failure(status))
        } else if let response = takeMessage() {
            end(.success(response))
        } else {
            end(.failure(RPCStatus(.internalError, "the server ended \(path) with OK, but without a response")))
        }
    }

    private func end(_ result: Result<[UInt8], RPCStatus>) {
        core.callEnded(self)
        waiter.withLock { $0.take() }?.resume(returning: result)
    }
}
