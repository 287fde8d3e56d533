internal import CMicrohttpd
internal import Glibc
internal import Synchronization
internal import Syscalls

/// The server's thread: it polls, lets the library work, and sees to what the library does not: clients that go while their
/// connection sleeps, requests that never come to their end, and the end of the whole.
///
/// What is not behind `orders` belongs to that thread alone, once it runs.
final class ServerLoop: @unchecked Sendable {
    private struct Orders: ~Copyable {
        /// Until when handlers may run on; nil while the server is not to stop.
        var stopsBy: Moment?
        var hasEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let limits: HTTPLimits
    let handler: HTTPHandler
    private let orders = Mutex(Orders())
    let wake: Wake
    private var daemon: OpaquePointer?
    var connections: [ObjectIdentifier: Connection] = [:]
    /// From now on no request is begun: its connection would sleep.
    var isEnding = false
    private var texts: [UnsafeMutablePointer<CChar>] = []
    private let calls = UnsafeMutablePointer<holdfast_http_calls>.allocate(capacity: 1)

    init(limits: HTTPLimits, handler: @escaping HTTPHandler) throws(SystemError) {
        wake = try Wake()
        (self.limits, self.handler) = (limits, handler)
    }

    deinit {
        calls.deallocate()
        for text in texts { free(text) }
    }

    /// Starts the library's server and the thread. The library owns the socket from then on.
    func start(on socket: consuming ListeningSocket, tls: TLSIdentity?) -> Bool {
        calls.initialize(to: Self.calls(context: Unmanaged.passUnretained(self).toOpaque()))
        daemon = holdfast_http_start(
            socket.descriptor.number, calls, UInt32(limits.connections), limits.headerBytes, UInt32(limits.idleSeconds),
            text(tls?.certificate), text(tls?.key), text(tls?.clientAuthority))
        guard daemon != nil else { return false }
        _ = socket.descriptor.release()
        // The thread holds this value until its end: the library's calls come to it.
        HostThread.start { self.run() }
        return true
    }

    private func text(_ value: String?) -> UnsafeMutablePointer<CChar>? {
        guard let value, let copy = strdup(value) else { return nil }
        texts.append(copy)
        return copy
    }

    // MARK: Orders from other threads

    func orderStop(grace: Double) {
        orders.withLock { orders in
            let until = Moment.after(seconds: grace)
            orders.stopsBy = min(until, orders.stopsBy ?? until)
        }
        wake.signal()
    }

    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = orders.withLock { orders in
                if !orders.hasEnded { orders.waiting.append(continuation) }
                return orders.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    // MARK: The thread

    private func run() {
        guard let daemon else { return }
        while orders.withLock({ $0.stopsBy }) == nil { turn(daemon) }
        // Those who wait to be accepted are refused, and the port is free.
        let listening = MHD_quiesce_daemon(daemon)
        if listening >= 0 { close(listening) }
        while let limit = orders.withLock({ $0.stopsBy }), limit > .now, isBusy {
            // Every time: a handler that was running when the order came may answer with a stream.
            for connection in connections.values { connection.exchange?.serverStops() }
            turn(daemon, until: limit)
        }
        isEnding = true
        for connection in connections.values { connection.exchange?.abandon() }
        // Takes up what has been roused: a sleeping connection at its stop is a panic of the library.
        holdfast_http_run(daemon)
        MHD_stop_daemon(daemon)
        self.daemon = nil
        let waiting = orders.withLock { orders in
            orders.hasEnded = true
            defer { orders.waiting = [] }
            return orders.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private var isBusy: Bool { connections.values.contains { $0.exchange?.isInProcess ?? false } }

    private func turn(_ daemon: OpaquePointer, until limit: Moment? = nil) {
        let watched = connections.values.filter { !$0.hasGone && ($0.exchange?.isInProcess ?? false) }
        var polled = [
            pollfd(fd: holdfast_http_wakes(daemon), events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0),
        ]
        // POLLRDHUP, which wants _GNU_SOURCE: a sleeping connection is not read, so nothing else tells of its end.
        polled += watched.map { pollfd(fd: $0.socket, events: 0x2000, revents: 0) }
        let due = connections.values.compactMap(\.dueAt).min()
        let moment = [due, limit].compactMap { $0 }.min()
        var patience = holdfast_http_patience(daemon)
        if let moment {
            patience = patience < 0 ? moment.remainingMilliseconds : min(patience, moment.remainingMilliseconds)
        }
        if poll(&polled, nfds_t(polled.count), patience) > 0 {
            if polled[1].revents != 0 { wake.clear() }
            for (connection, entry) in zip(watched, polled[2...]) where entry.revents != 0 {
                connection.hasGone = true
                connection.exchange?.clientHasGone()
            }
        }
        for connection in connections.values {
            if let due = connection.dueAt, due <= .now {
                connection.dueAt = nil
                shutdown(connection.socket, CInt(SHUT_RDWR))
            }
        }
        holdfast_http_run(daemon)
    }
}
