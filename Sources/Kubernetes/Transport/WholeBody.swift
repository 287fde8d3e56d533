internal import Synchronization

/// An answer that is taken whole.
struct HTTPResponse: Sendable {
    var head: HTTPHead
    var body: [UInt8]
}

/// Collects a body, and resumes who waits for it.
final class WholeBody: TransferSink, @unchecked Sendable {
    typealias Outcome = Result<HTTPResponse, KubernetesError>

    private let limit: Int
    private let waiter: UnsafeContinuation<Outcome, Never>
    private var body: [UInt8] = []

    init(limit: Int, _ waiter: UnsafeContinuation<Outcome, Never>) {
        self.limit = limit
        self.waiter = waiter
    }

    func receive(_ bytes: UnsafeRawBufferPointer, status: Int) -> String? {
        guard body.count + bytes.count <= limit else { return "more than \(limit) bytes" }
        body.append(contentsOf: bytes)
        return nil
    }

    func end(_ end: TransferEnd) {
        switch end {
        case .answered(let head): waiter.resume(returning: .success(HTTPResponse(head: head, body: body)))
        case .failed(let error): waiter.resume(returning: .failure(error))
        }
    }
}

extension TransferLoop {
    /// Carries a request and takes the whole answer. Cancelling the task ends the transfer.
    func answer(_ request: HTTPRequest, token: String?, limit: Int) async throws(KubernetesError) -> HTTPResponse {
        let running = Mutex<Transfer?>(nil)
        let outcome: WholeBody.Outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { waiter in
                let transfer = Transfer(request, token: token, sink: WholeBody(limit: limit, waiter))
                running.withLock { $0 = transfer }
                // The handler may have run before there was a transfer.
                if Task.isCancelled { transfer.markCancelled() }
                begin(transfer)
            }
        } onCancel: {
            if let transfer = running.withLock({ $0 }) { cancel(transfer) }
        }
        return try outcome.get()
    }
}
