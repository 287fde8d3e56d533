internal import CCurl
internal import Synchronization
internal import Syscalls

/// A request on its way, without the server's address and without credentials.
struct HTTPRequest: Sendable {
    var method: String
    /// With its query, escaped.
    var path: String
    var body: [UInt8]?
    var contentType = "application/json"
    /// What it is, for errors: `get persistentvolumeclaims default/data`.
    var description: String
    /// In seconds, for all of it; nil for a watch.
    var timeout: Double?
    /// In seconds without a byte, after which it counts as broken; for a watch.
    var silence: Double?
}

/// The head of an answer.
struct HTTPHead: Sendable {
    var status: Int
    /// In seconds.
    var retryAfter: Double?
}

/// How a transfer ended.
enum TransferEnd: Sendable {
    case answered(HTTPHead)
    case failed(KubernetesError)
}

/// Where the bytes of an answer go. It is called on the loop's thread.
protocol TransferSink: AnyObject, Sendable {
    /// Takes bytes of the body. What it returns ends the transfer, for that reason.
    func receive(_ bytes: UnsafeRawBufferPointer, status: Int) -> String?
    /// Called once, last.
    func end(_ end: TransferEnd)
}

/// One request, and the state of its transfer. Everything but `cancel` is the loop's thread's own.
final class Transfer: @unchecked Sendable {
    let request: HTTPRequest
    let token: String?
    let sink: any TransferSink
    private let cancelled = Atomic<Bool>(false)

    /// Set while it runs.
    var easy: UnsafeMutableRawPointer?
    /// What curl reads while the transfer runs, and does not copy.
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    var body: UnsafeMutableRawBufferPointer?
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    var started = Moment(nanoseconds: 0)
    var lastByte = Moment(nanoseconds: 0)
    var refusal: String?
    var retryAfter: Double?

    init(_ request: HTTPRequest, token: String?, sink: any TransferSink) {
        self.request = request
        self.token = token
        self.sink = sink
        errorText.pointee = 0
    }

    deinit {
        precondition(easy == nil, "a transfer goes while it runs")
        errorText.deallocate()
    }

    /// Appends a list to those that go with the transfer.
    func own(_ list: UnsafeMutablePointer<curl_slist>?) {
        if let list { lists.append(list) }
    }

    func freeLists() {
        for list in lists { curl_slist_free_all(list) }
        lists = []
    }

    /// From any thread.
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    func markCancelled() { cancelled.store(true, ordering: .releasing) }

    /// When it has to end, as things are now; nil: never.
    var deadline: Moment? {
        let limit = request.timeout.map { Moment(nanoseconds: started.nanoseconds + Int64($0 * 1e9)) }
        let silence = request.silence.map { Moment(nanoseconds: lastByte.nanoseconds + Int64($0 * 1e9)) }
        return [limit, silence].compactMap { $0 }.min()
    }

    /// Whether the request, or the first bytes of it, may have reached the server.
    var wasSent: Bool { easy.map { holdfast_curl_time_to_send($0) > 0 } ?? false }

    /// Whether its answer has begun, on a connection that it may share, and nothing has come for so many seconds. A watch is
    /// silent for long without having stopped.
    func hasStopped(for seconds: Double) -> Bool {
        guard let easy, request.timeout != nil, lastByte.age >= seconds else { return false }
        return status != 0 && holdfast_curl_is_http2(easy)
    }

    var status: Int { easy.map { holdfast_curl_status($0) } ?? 0 }

    var head: HTTPHead { HTTPHead(status: status, retryAfter: retryAfter) }

    /// A header has come, with its line end.
    func receiveHeader(_ line: UnsafeRawBufferPointer) {
        lastByte = .now
        let name = "retry-after:"
        guard line.count > name.utf8.count, line.count < 128 else { return }
        let text = String(decoding: line, as: UTF8.self)
        guard text.lowercased().hasPrefix(name) else { return }
        let value = text.dropFirst(name.count).filter { !$0.isWhitespace }
        // The other form is a date, which says more about the server's clock than about the time to wait.
        retryAfter = value.utf8.allSatisfy { (48...57).contains($0) } ? Double(value) : 1
    }

    /// Whether to go on.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastByte = .now
        refusal = sink.receive(bytes, status: status)
        return refusal == nil
    }
}
