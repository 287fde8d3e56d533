internal import CCurl
internal import Synchronization
internal import Syscalls

/// The one thread that carries all transfers of a client, over as few connections as the server allows: one with HTTP/2.
final class TransferLoop: @unchecked Sendable {
    private struct Commands {
        var begun: [Transfer] = []
        var cancelled: [Transfer] = []
        var isClosing = false
    }

    private let settings: TransferSettings
    private let multi: UnsafeMutableRawPointer
    private let commands = Mutex(Commands())
    // From here on: the thread's own.
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]
    private var idle: [UnsafeMutableRawPointer] = []
    /// The last request that was made only to have the server send something.
    private var nudging: Transfer?
    /// When that was, for an answer whose last byte came when, and after how many seconds it is done again for the same.
    private var lastNudge: (lastByte: Moment, at: Moment, pause: Double)?
    /// When an answer was last complete.
    private var lastAnswer = Moment(nanoseconds: 0)
    private static let idleHandles = 8

    private static let libraryIsReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(_ settings: TransferSettings) {
        self.settings = settings
        precondition(Self.libraryIsReady, "libcurl does not start")
        guard let multi = curl_multi_init() else { fatalError("out of memory for a libcurl handle") }
        self.multi = multi
    }

    /// Starts the thread. It holds the loop until it is closed.
    func start() { HostThread.start { [self] in run() } }

    /// Begins a transfer, from any thread; its sink hears of its end, also when the loop is closed already.
    func begin(_ transfer: Transfer) {
        let isClosing = commands.withLock { commands in
            if commands.isClosing { return true }
            commands.begun.append(transfer)
            // With the lock held, for the thread frees the handle once it has seen that the loop is closing.
            curl_multi_wakeup(multi)
            return false
        }
        if isClosing { transfer.sink.end(.failed(.cancelled(request: transfer.request.description, sent: false))) }
    }

    /// Ends a transfer, from any thread and at any time; its sink hears of it, unless it has ended before.
    func cancel(_ transfer: Transfer) {
        transfer.markCancelled()
        commands.withLock { commands in
            if commands.isClosing { return }
            commands.cancelled.append(transfer)
            curl_multi_wakeup(multi)
        }
    }

    /// Ends all transfers and then the thread. Asked twice, it does nothing more.
    func close() {
        commands.withLock { commands in
            if commands.isClosing { return }
            commands.isClosing = true
            curl_multi_wakeup(multi)
        }
    }

    private func run() {
        while true {
            let orders = commands.withLock { commands in
                let orders = commands
                commands = Commands(isClosing: orders.isClosing)
                return orders
            }
            for transfer in orders.begun { start(transfer) }
            for transfer in orders.cancelled where transfer.easy != nil { end(transfer, .cancelled) }
            if orders.isClosing { break }
            var count: CInt = 0
            curl_multi_perform(multi, &count)
            endDone()
            endOverdue()
            nudge()
            curl_multi_poll(multi, nil, 0, pause, nil)
        }
        for transfer in Array(running.values) { end(transfer, .cancelled) }
        for easy in idle { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
    }

    /// Seconds without a byte in the middle of an answer after which the server is asked for something small.
    private static let patience = 0.25

    /// Has the server send something where an answer has stopped in the middle.
    ///
    /// curl 7.88 hands on in pieces what it has read for one stream while it asked on behalf of another, and may then leave
    /// the end of an answer unlooked at until the connection brings something new; with a quiet one, for ever.
    private func nudge() {
        guard nudging?.easy == nil, lastNudge.map({ $0.at.age >= Self.patience }) ?? true,
            // The same one each time, while nothing comes.
            let stuck = running.values.filter({ $0.hasStopped(for: Self.patience) })
                .max(by: { $0.lastByte < $1.lastByte })
        else { return }
        // A server that is merely slow is not to be asked all the time.
        var pause = Self.patience
        if let last = lastNudge, last.lastByte == stuck.lastByte {
            guard last.at.age >= last.pause else { return }
            pause = min(last.pause * 2, 8)
        }
        lastNudge = (stuck.lastByte, .now, pause)
        // It needs no right but those that everybody has, and a refusal does as well.
        let request = HTTPRequest(method: "GET", path: "/version", description: "nudge", timeout: 10)
        let transfer = Transfer(request, token: stuck.token, sink: Nobody())
        nudging = transfer
        start(transfer)
    }

    /// Milliseconds until the next deadline of ours, or the next look; curl looks after its own times.
    private var pause: CInt {
        let deadlines = running.values.compactMap(\.deadline).min()
        let next = deadlines?.remainingMilliseconds ?? 60_000
        // Watches have no end, and are silent for long.
        return running.values.contains { $0.request.timeout != nil } ? min(next, CInt(Self.patience * 1_000)) : next
    }

    private func start(_ transfer: Transfer) {
        if transfer.isCancelled {
            transfer.sink.end(.failed(.cancelled(request: transfer.request.description, sent: false)))
            return
        }
        guard let easy = idle.popLast() ?? curl_easy_init() else { fatalError("out of memory for a libcurl handle") }
        transfer.begin(easy, settings)
        running[easy] = transfer
        curl_multi_add_handle(multi, easy)
    }

    private func endDone() {
        var code = CURLE_OK
        while let easy = holdfast_curl_take_done(multi, &code) {
            guard let transfer = running[easy] else { continue }
            if code == CURLE_OK { lastAnswer = .now }
            end(transfer, .done(code))
        }
    }

    /// Ends what is past its deadline. When nothing at all has come since the oldest such request was sent, the connection
    /// is dead, although nobody has said so: all that is on it ends, so that the next request makes a new one.
    private func endOverdue() {
        let now = Moment.now
        let overdue = running.values.filter { ($0.deadline ?? now) < now }
        guard let oldest = overdue.filter(\.wasSent).map(\.started).min() else {
            for transfer in overdue { end(transfer, .overdue) }
            return
        }
        let isDead =
            lastAnswer < oldest && !running.values.contains { $0.lastByte > $0.started && $0.lastByte > oldest }
        for transfer in overdue { end(transfer, .overdue, closing: isDead) }
        if isDead { for transfer in Array(running.values) { end(transfer, .silent, closing: true) } }
    }

    private func end(_ transfer: Transfer, _ cause: TransferEnding, closing: Bool = false) {
        guard let easy = transfer.easy else { return }
        // A connection goes back to curl's pool, unless its last transfer is one that may not leave it behind.
        if closing { holdfast_curl_set_number(easy, CURLOPT_FORBID_REUSE, 1) }
        let end = transfer.ending(cause)
        curl_multi_remove_handle(multi, easy)
        running[easy] = nil
        transfer.finish()
        if idle.count < Self.idleHandles {
            curl_easy_reset(easy)
            idle.append(easy)
        } else {
            curl_easy_cleanup(easy)
        }
        transfer.sink.end(end)
    }
}

/// Takes what nobody asked for.
private final class Nobody: TransferSink {
    func receive(_ bytes: UnsafeRawBufferPointer, status: Int) -> String? { nil }
    func end(_ end: TransferEnd) {}
}

/// Why a transfer is over.
enum TransferEnding {
    /// curl says so.
    case done(CURLcode)
    case overdue
    /// Its connection is dead.
    case silent
    case cancelled
}

extension Transfer {
    /// What its sink is told. To be asked while it still has its handle.
    func ending(_ cause: TransferEnding) -> TransferEnd {
        let request = self.request.description
        switch cause {
        case .done(CURLE_OK): return .answered(head)
        case .done(let code): return .failed(error(code))
        case .cancelled: return .failed(.cancelled(request: request, sent: wasSent))
        case .silent:
            return .failed(.broken(request: request, reason: "nothing comes from the server any more", sent: wasSent))
        // A watch of a kind that nobody changes has nothing to say: the server sends bookmarks only from its first event of
        // the kind on. It is begun anew, and were the server gone, that would have no answer.
        case .overdue where self.request.timeout == nil && status == 200: return .answered(head)
        case .overdue:
            let limit = self.request.timeout ?? self.request.silence ?? 0
            return .failed(.timedOut(request: request, seconds: limit, sent: wasSent))
        }
    }

    private func error(_ code: CURLcode) -> KubernetesError {
        let request = self.request.description
        if let refusal { return .unreadable(request: request, reason: refusal) }
        let detail = String(cString: errorText)
        let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        if wasSent { return .broken(request: request, reason: words, sent: true) }
        switch code {
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            return .untrusted(request: request, reason: words)
        default: return .unreachable(request: request, reason: words)
        }
    }
}
