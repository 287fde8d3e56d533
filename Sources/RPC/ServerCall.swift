internal import CGRPC
internal import Synchronization
internal import Syscalls

/// One call at the server, from the wait for it to its end.
///
/// Its operations and its handler's task hold it; when the last of them has ended, it frees the core's memory.
final class ServerCall: Completion, @unchecked Sendable {
    /// What the core writes to and reads from between the start of an operation and its end.
    private struct Memory {
        var call: OpaquePointer?
        var details = grpc_call_details()
        var metadata = grpc_metadata_array()
        var message: UnsafeMutablePointer<grpc_byte_buffer>?
        var cancelled: CInt = 0
    }

    private enum Operation: UInt { case arrival, request, close, send, end }

    /// How far the responses are.
    private struct Sending {
        var hasBegun = false
        var waiter: UnsafeContinuation<Bool, Never>?
        var isBusy = false
    }

    private let core: ServerCore
    private let memory: UnsafeMutablePointer<Memory>
    private let cancellation = Cancellation()
    private let sending = Mutex(Sending())
    /// The bytes under way to the client. Only the sender sets them, one send at a time, and the end of that operation
    /// orders the next access.
    private var outgoing: ByteBuffer?
    private var method: Method?

    init(core: ServerCore) {
        self.core = core
        memory = .allocate(capacity: 1)
        memory.initialize(to: Memory())
        grpc_call_details_init(memory.pointer(to: \.details)!)
        grpc_metadata_array_init(memory.pointer(to: \.metadata)!)
    }

    deinit {
        outgoing = nil
        if let message = memory.pointee.message { grpc_byte_buffer_destroy(message) }
        if let call = memory.pointee.call { grpc_call_unref(call) }
        grpc_call_details_destroy(memory.pointer(to: \.details)!)
        grpc_metadata_array_destroy(memory.pointer(to: \.metadata)!)
        memory.deallocate()
        core.callEnded()
    }

    /// Waits for a call of any name.
    func await() {
        _ = core.loop.begin(self, Operation.arrival.rawValue) { tag in
            grpc_server_request_call(
                core.server, memory.pointer(to: \.call)!, memory.pointer(to: \.details)!,
                memory.pointer(to: \.metadata)!, core.loop.queue, core.loop.queue, tag)
        }
    }

    override func completed(_ operation: UInt, success: Bool) {
        switch Operation(rawValue: operation)! {
        // Without success the server is being shut down.
        case .arrival: if success { arrived() }
        // Without success the call was cancelled, or the core refused the request and has told the client.
        case .request: if success { received() }
        case .close:
            if memory.pointee.cancelled != 0 { cancellation.cancel() } else { cancellation.answered() }
        case .send: sent(success)
        case .end: break
        }
    }

    private func begin<let count: Int>(_ operation: Operation, _ batch: [count of grpc_op]) -> Bool {
        guard let call = memory.pointee.call else { return false }
        return core.loop.begin(self, operation.rawValue, on: call, batch)
    }

    private func arrived() {
        core.awaitCall()
        // In a batch of its own: it ends only with the call.
        _ = begin(.close, [.receiveClose(memory.pointer(to: \.cancelled)!)])
        let name = String(memory.pointer(to: \.details.method)!)
        guard let method = core.methods[name] else {
            return end(RPCStatus(.unimplemented, core.refusal(of: name)))
        }
        self.method = method
        _ = begin(.request, [.receiveMessage(memory.pointer(to: \.message)!)])
    }

    private func received() {
        guard let method, let message = memory.pointee.message else {
            return end(RPCStatus(.invalidArgument, "the call of \(method?.path ?? "") ended without a request message"))
        }
        memory.pointee.message = nil
        let request = ByteBuffer(owning: message).takeBytes()
        let context = CallContext(
            method: method.path, deadline: Core.moment(memory.pointee.details.deadline), peer: peer,
            cancellation: cancellation)
        core.handlerBegan()
        let task =
            method.startsInline
            ? Task.immediate { await answer(method.handler, context, request) }
            : Task { await answer(method.handler, context, request) }
        cancellation.onCancel { task.cancel() }
    }

    private var peer: Peer? {
        guard let name = grpc_call_get_peer(memory.pointee.call) else { return nil }
        defer { gpr_free(name) }
        return core.peers.peer(ofCallFrom: name)
    }

    private func answer(_ handler: Method.Handler, _ context: CallContext, _ request: [UInt8]) async {
        do throws(RPCStatus) {
            switch handler {
            case .unary(let answer):
                let response = try await answer(context, request)
                core.handlerEnded()
                end(response)
            case .serverStream(let answer):
                try await answer(context, request, ResponseStream(call: self))
                core.handlerEnded()
                end(RPCStatus(.ok, ""))
            }
        } catch {
            core.handlerEnded()
            // A thrown OK would end a unary call without its response, which clients take for a broken server.
            end(error.code == .ok ? RPCStatus(.internalError, "the handler failed with the status OK") : error)
        }
    }
}

/// What goes to the client.
extension ServerCall {
    /// Everything of a unary call in one batch, so that it leaves in one write.
    private func end(_ response: [UInt8]) {
        let message = ByteBuffer(copying: response)
        let batch: [3 of grpc_op] = [.sendInitialMetadata(), .sendMessage(message), .sendStatus(.ok, nil)]
        outgoing = consume message
        _ = begin(.end, batch)
    }

    private func end(_ status: RPCStatus) {
        var details = Slice(copying: status.wireMessage)
        if sending.withLock({ $0.hasBegun }) {
            _ = begin(.end, [.sendStatus(status.code, &details.raw)])
        } else {
            _ = begin(.end, [.sendInitialMetadata(), .sendStatus(status.code, &details.raw)])
        }
    }

    func send(_ response: [UInt8]) async throws(RPCStatus) {
        let isFirst = try claimSend()
        let message = ByteBuffer(copying: response)
        let operation = grpc_op.sendMessage(message)
        outgoing = consume message
        let isSent = await withUnsafeContinuation { waiter in
            sending.withLock { $0.waiter = waiter }
            let isBegun =
                isFirst ? begin(.send, [.sendInitialMetadata(), operation]) : begin(.send, [operation])
            if !isBegun { sent(false) }
        }
        if !isSent { throw RPCStatus(.cancelled, "the client of \(method?.path ?? "the call") has gone") }
    }

    /// Says whether this is the first response.
    private func claimSend() throws(RPCStatus) -> Bool {
        let isFirst: Bool? = sending.withLock { sending in
            if sending.isBusy { return nil }
            sending.isBusy = true
            defer { sending.hasBegun = true }
            return !sending.hasBegun
        }
        guard let isFirst else {
            throw RPCStatus(.internalError, "a response was sent while another one was under way")
        }
        return isFirst
    }

    private func sent(_ success: Bool) {
        outgoing = nil
        let waiter = sending.withLock { sending in
            sending.isBusy = false
            return sending.waiter.take()
        }
        waiter?.resume(returning: success)
    }
}
