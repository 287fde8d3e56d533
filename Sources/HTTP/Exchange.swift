internal import CMicrohttpd
internal import Synchronization

/// One request and its answer. The server's thread reads the one and sends the other; a task runs the handler meanwhile,
/// and the connection sleeps.
final class Exchange: Sendable {
    private enum Phase {
        case arriving
        case handling(Task<Void, Never>?)
        case ready(HTTPResponse)
        case sending(BodyStream, Task<Void, Never>)
        case sent
        case over
    }

    /// A connection of the library. It is used only on the server's thread, or while it sleeps.
    private struct Raw: @unchecked Sendable {
        let connection: OpaquePointer
    }

    private struct State: ~Copyable {
        var phase = Phase.arriving
        var head: Head?
        var body: [UInt8] = []
        var isTooLong = false
        /// Whether the connection sleeps until `finish` or a stream wakes it.
        var sleeps = false
    }

    private struct Head {
        let method: String
        let headers: HTTPHeaders
    }

    private let raw: Raw
    private let target: String
    private let limits: HTTPLimits
    private let handler: HTTPHandler
    /// Wakes the server's thread, which the library does not do without a thread of its own.
    private let wakeServer: @Sendable () -> Void
    private let state = Mutex(State())

    init(
        _ connection: OpaquePointer, target: String, limits: HTTPLimits, handler: @escaping HTTPHandler,
        wakeServer: @escaping @Sendable () -> Void
    ) {
        (raw, self.target, self.limits) = (Raw(connection: connection), target, limits)
        (self.handler, self.wakeServer) = (handler, wakeServer)
    }

    /// Whether the request is there and its answer is not sent yet.
    var isInProcess: Bool {
        state.withLock { state in
            switch state.phase {
            case .arriving, .over: false
            case .handling, .ready, .sending, .sent: true
            }
        }
    }

    // MARK: On the server's thread

    /// The headers have come.
    func begin(method: String, headers: HTTPHeaders) -> Bool {
        let isTooLong = state.withLock { state in
            state.head = Head(method: method, headers: headers)
            // Told before it is sent, so that it need not be: RFC 9110, 15.5.14.
            state.isTooLong = headers["Content-Length"].flatMap { Int($0) }.map { $0 > limits.bodyBytes } ?? false
            if state.isTooLong { state.phase = .sent }
            return state.isTooLong
        }
        return isTooLong ? queue(.text("the body is longer than \(limits.bodyBytes) bytes\n", status: 413)) : true
    }

    var hasBegun: Bool { state.withLock { $0.head != nil } }

    /// A piece of the body has come. What is too long is read and dropped.
    func take(_ piece: UnsafeRawBufferPointer) {
        state.withLock { state in
            if state.body.count + piece.count > limits.bodyBytes { state.isTooLong = true }
            if state.isTooLong { state.body = [] } else { state.body.append(contentsOf: piece) }
        }
    }

    /// Nothing more comes: the request is handed to the handler, or the answer that is there is sent. False cuts the
    /// connection.
    func goOn(from connection: Connection) -> Bool {
        let step: Step = state.withLock { state in
            switch state.phase {
            case .arriving:
                guard let head = state.head else { return .cut }
                if state.isTooLong {
                    state.phase = .sent
                    return .send(.text("the body is longer than \(limits.bodyBytes) bytes\n", status: 413))
                }
                guard let target = HTTPTarget(target) else {
                    state.phase = .sent
                    return .send(.text("the request target is malformed\n", status: 400))
                }
                let body = state.body
                state.body = []
                state.phase = .handling(nil)
                return .handle(
                    HTTPRequest(
                        method: head.method, target: target, headers: head.headers, body: body,
                        client: connection.client))
            case .ready(let response):
                state.phase = .sent
                return .send(response)
            case .handling, .sending, .sent: return .wait
            case .over: return .cut
            }
        }
        switch step {
        case .handle(let request): start(request, hasGone: connection.hasGone)
        case .send(let response): return queue(response)
        case .wait: break
        case .cut: return false
        }
        return true
    }

    private enum Step {
        case handle(HTTPRequest)
        case send(HTTPResponse)
        case wait
        case cut
    }

    private func start(_ request: HTTPRequest, hasGone: Bool) {
        state.withLock { $0.sleeps = true }
        MHD_suspend_connection(raw.connection)
        let task = Task { [self] in answer(await handler(request)) }
        if hasGone { task.cancel() }
        state.withLock { state in
            if case .handling = state.phase { state.phase = .handling(task) }
        }
    }

    private func queue(_ response: HTTPResponse) -> Bool {
        let made: OpaquePointer?
        switch response.body {
        case .bytes(let bytes): made = bytes.withUnsafeBytes { holdfast_http_bytes($0.baseAddress, $0.count) }
        case .stream(let sequence): made = stream(sequence)
        case .hangUp: return false
        }
        guard let made else { return false }
        defer { MHD_destroy_response(made) }
        for field in response.headers.fields {
            // The library refuses line breaks in a header; an answer without it would be another one.
            guard holdfast_http_add_header(made, field.name, field.value) != 0 else { return false }
        }
        return holdfast_http_queue(raw.connection, UInt32(response.status), made) != 0
    }

    private func stream(_ sequence: any AsyncSequence<[UInt8], any Error> & Sendable) -> OpaquePointer? {
        let stream = BodyStream(limit: limits.streamBytes) { [weak self] in self?.wake() }
        let task = Task { await stream.feed(from: sequence) }
        state.withLock { $0.phase = .sending(stream, task) }
        let reading = StreamReading(stream) { [weak self] in self?.sleep() }
        return holdfast_http_stream(
            { context, _, room, size in
                guard let context, let room else { return holdfast_http_cut() }
                return Unmanaged<StreamReading>.fromOpaque(context).takeUnretainedValue().read(room, size)
            }, Unmanaged.passRetained(reading).toOpaque(),
            { context in
                if let context { Unmanaged<StreamReading>.fromOpaque(context).release() }
            })
    }

    private func sleep() {
        state.withLock { $0.sleeps = true }
        MHD_suspend_connection(raw.connection)
    }

    /// The client has closed its side: nobody waits for the answer, as far as anybody can know.
    func clientHasGone() { stop(finishingStreams: false) }

    /// The server stops: streams end, handlers are asked to.
    func serverStops() { stop(finishingStreams: true) }

    private func stop(finishingStreams: Bool) {
        let (handling, sending): (Task<Void, Never>?, (BodyStream, Task<Void, Never>)?) = state.withLock { state in
            switch state.phase {
            case .handling(let task): (task, nil)
            case .sending(let stream, let task): (nil, (stream, task))
            case .arriving, .ready, .sent, .over: (nil, nil)
            }
        }
        handling?.cancel()
        guard let (stream, task) = sending else { return }
        task.cancel()
        if finishingStreams { stream.finish() } else { stream.cut() }
    }

    /// A handler that does not end is left behind, and its connection is cut.
    func abandon() {
        answer(.hangUp)
        stop(finishingStreams: false)
    }

    /// The connection has no more to do with it.
    func end() {
        stop(finishingStreams: false)
        state.withLock { $0.phase = .over }
    }

    // MARK: On any thread

    private func answer(_ response: HTTPResponse) {
        state.withLock { state in
            guard case .handling = state.phase else { return }
            state.phase = .ready(response)
            rouse(&state)
        }
    }

    private func wake() { state.withLock { rouse(&$0) } }

    private func rouse(_ state: inout State) {
        guard state.sleeps else { return }
        state.sleeps = false
        MHD_resume_connection(raw.connection)
        wakeServer()
    }
}

/// What the library holds of a stream.
private final class StreamReading {
    private let stream: BodyStream
    private let sleep: () -> Void

    init(_ stream: BodyStream, sleep: @escaping () -> Void) { (self.stream, self.sleep) = (stream, sleep) }

    func read(_ room: UnsafeMutablePointer<CChar>, _ size: Int) -> Int {
        switch stream.take(into: UnsafeMutableRawBufferPointer(start: room, count: size), sleep: sleep) {
        case .bytes(let count): count
        case .nothingYet: 0
        case .end: holdfast_http_end()
        case .cut: holdfast_http_cut()
        }
    }
}
