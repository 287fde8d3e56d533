internal import Glibc
internal import RPC
internal import Synchronization
internal import Syscalls
internal import Testing

@Suite("Calls of one response")
struct UnaryTests {
    static let limit = 4 * 1_024 * 1_024

    @Test("carry any bytes up to the limit", arguments: [0, 1, 5, 100_000, limit - 100, limit])
    func echoes(bytes: Int) async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let client = RPCClient(socket: folder.socket)
        let request = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let response = try await client.unary("/test.Test/Echo", request, timeout: 60)
        #expect(response == request)
        await server.shutdown(grace: 5)
    }

    struct TooMuch: Sendable, CustomTestStringConvertible {
        let label: String, method: String, bytes: Int
        var testDescription: String { label }
    }

    @Test(
        "are RESOURCE_EXHAUSTED over the limit",
        arguments: [
            TooMuch(label: "a request of one byte more", method: "Echo", bytes: limit + 1),
            TooMuch(label: "a request of 9 MiB", method: "Echo", bytes: 9 * 1_024 * 1_024),
            TooMuch(label: "a response of one byte more", method: "Grow", bytes: limit),
        ])
    func tooMuch(_ row: TooMuch) async throws {
        let folder = try SocketFolder()
        let grow = RPC.Method.unary("/test.Test/Grow") { (_, request) throws(RPCStatus) in request + [0] }
        let server = try folder.serve([echo, grow])
        let client = RPCClient(socket: folder.socket)
        let request = [UInt8](repeating: 7, count: row.bytes)
        let status = try await status { () throws(RPCStatus) in
            _ = try await client.unary("/test.Test/\(row.method)", request, timeout: 60)
        }
        #expect(status.code == .resourceExhausted, "\(status)")
        // The connection is none the worse for it.
        #expect(try await client.unary("/test.Test/Echo", [1], timeout: 60) == [1])
        await server.shutdown(grace: 5)
    }

    @Test("have limits that can be chosen")
    func chosenLimits() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo], options: .init(maximumRequestBytes: 16 * 1_024 * 1_024))
        let client = RPCClient(socket: folder.socket, options: .init(maximumResponseBytes: 16 * 1_024 * 1_024))
        let request = [UInt8](repeating: 7, count: 9 * 1_024 * 1_024)
        #expect(try await client.unary("/test.Test/Echo", request, timeout: 60) == request)
        await server.shutdown(grace: 5)
    }

    @Test(
        "to what the server has not are UNIMPLEMENTED by name",
        arguments: ["/test.Test/Nothing", "/other.Other/Echo", "/", "/test.Test/echo"])
    func unknown(path: String) async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let client = RPCClient(socket: folder.socket)
        let status = try await status { () throws(RPCStatus) in _ = try await client.unary(path, [1], timeout: 60) }
        #expect(status.code == .unimplemented)
        #expect(status.message.contains(path))
        await server.shutdown(grace: 5)
    }

    @Test("end with the handler's status, whatever its code", arguments: StatusCode.allCases.filter { $0 != .ok })
    func codes(code: StatusCode) async throws {
        let wanted = RPCStatus(code, "it is \(code.name)")
        #expect(try await roundTrip(wanted) == wanted)
    }

    struct Words: Sendable, CustomTestStringConvertible {
        let label: String, message: String
        var testDescription: String { label }
    }

    @Test(
        "carry any message",
        arguments: [
            Words(label: "none", message: ""),
            Words(label: "Unicode", message: "Gerät «vdb» fehlt — 装置がない 🧱"),
            Words(label: "newlines and tabs", message: "first\nsecond\r\n\tthird"),
            Words(label: "percent signs", message: "100 % of %41%zz"),
            Words(label: "controls and a zero", message: "\u{1b}[0m\0\u{7f}"),
            Words(label: "4,000 letters", message: String(repeating: "a", count: 4_000)),
        ])
    func messages(_ row: Words) async throws {
        let wanted = RPCStatus(.failedPrecondition, row.message)
        #expect(try await roundTrip(wanted) == wanted)
    }

    @Test("shorten a message that would not fit into the headers", arguments: ["a", "ä", "🧱", "%"])
    func longMessages(letter: String) async throws {
        let wanted = String(repeating: letter, count: 100_000)
        let status = try await roundTrip(RPCStatus(.aborted, wanted))
        #expect(status.code == .aborted)
        #expect(status.message.hasSuffix("…"))
        #expect(wanted.hasPrefix(status.message.dropLast()))
        #expect(status.message.count > 500)
    }

    private func roundTrip(_ wanted: RPCStatus) async throws -> RPCStatus {
        let folder = try SocketFolder()
        let fail = RPC.Method.unary("/test.Test/Fail") { (_, _) throws(RPCStatus) in throw wanted }
        let server = try folder.serve([fail])
        let client = RPCClient(socket: folder.socket)
        let status = try await status { () throws(RPCStatus) in
            _ = try await client.unary("/test.Test/Fail", [], timeout: 60)
        }
        await server.shutdown(grace: 5)
        return status
    }

    @Test("tell the handler who calls, what, and until when")
    func context() async throws {
        let folder = try SocketFolder()
        let seen = Mutex<[CallContext]>([])
        let look = RPC.Method.unary("/test.Test/Look") { (context, _) throws(RPCStatus) in
            seen.withLock { $0.append(context) }
            return []
        }
        let server = try folder.serve([look])
        let client = RPCClient(socket: folder.socket)
        let before = Moment.now
        _ = try await client.unary("/test.Test/Look", [], timeout: 1_000)
        _ = try await client.unary("/test.Test/Look", [], timeout: nil)
        let contexts = seen.withLock { $0 }
        try #require(contexts.count == 2)
        #expect(contexts[0].method == "/test.Test/Look")
        let deadline = try #require(contexts[0].deadline)
        let seconds = Double(deadline.nanoseconds - before.nanoseconds) / 1e9
        #expect(seconds > 900 && seconds < 1_100)
        #expect(contexts[1].deadline == nil)
        #expect(contexts[0].peer == Peer(pid: getpid(), uid: getuid(), gid: getgid()))
        #expect(!contexts[0].isCancelled)
        await server.shutdown(grace: 5)
    }

    @Test("are DEADLINE_EXCEEDED at the client, and cancelled at the handler, when the time is over")
    func deadline() async throws {
        let folder = try SocketFolder()
        let cancelled = Gate()
        let returned = Gate()
        let stuck = RPC.Method.unary("/test.Test/Stuck") { (context, _) throws(RPCStatus) in
            context.onCancel { cancelled.open() }
            await cancelled.wait()
            #expect(context.isCancelled)
            // It may lie ahead still: the time here began when the call arrived, and the client has given up by its own.
            #expect(context.deadline != nil)
            returned.open()
            return []
        }
        let server = try folder.serve([stuck])
        let client = RPCClient(socket: folder.socket)
        let status = try await status { () throws(RPCStatus) in
            _ = try await client.unary("/test.Test/Stuck", [], timeout: 0.2)
        }
        #expect(status.code == .deadlineExceeded)
        await returned.wait()
        await server.shutdown(grace: 5)
    }

    @Test("are cancelled with the caller's task, as far as the handler's task")
    func cancellation() async throws {
        let folder = try SocketFolder()
        let entered = Gate()
        let left = Gate()
        let sleep = RPC.Method.unary("/test.Test/Sleep") { (context, _) throws(RPCStatus) in
            entered.open()
            // Ends at once when the task is cancelled.
            try? await Task.sleep(for: .seconds(1_000))
            #expect(Task.isCancelled)
            #expect(context.isCancelled)
            let late = Gate()
            context.onCancel { late.open() }
            await late.wait()
            left.open()
            throw RPCStatus(.cancelled, "nobody waits")
        }
        let server = try folder.serve([sleep])
        let client = RPCClient(socket: folder.socket)
        let call = Task {
            try await status { () throws(RPCStatus) in _ = try await client.unary("/test.Test/Sleep", [], timeout: nil)
            }
        }
        await entered.wait()
        #expect(server.callsInFlight == 1)
        call.cancel()
        #expect(try await call.value.code == .cancelled)
        await left.wait()
        await server.shutdown(grace: 5)
        #expect(server.callsInFlight == 0)
    }

    @Test("of a task that is cancelled already fail without a server's help")
    func cancelledBefore() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let client = RPCClient(socket: folder.socket)
        let go = Gate()
        let call = Task {
            await go.wait()
            return try await status { () throws(RPCStatus) in
                _ = try await client.unary("/test.Test/Echo", [], timeout: nil)
            }
        }
        call.cancel()
        go.open()
        #expect(try await call.value.code == .cancelled)
        await server.shutdown(grace: 5)
    }

    @Test("run at the same time", arguments: [32, 200])
    func concurrent(count: Int) async throws {
        let folder = try SocketFolder()
        let arrived = Atomic<Int>(0)
        let all = Gate()
        // None returns before all are there.
        let meet = RPC.Method.unary("/test.Test/Meet") { (_, request) throws(RPCStatus) in
            if arrived.add(1, ordering: .relaxed).newValue == count { all.open() }
            await all.wait()
            return request
        }
        let server = try folder.serve([meet])
        let client = RPCClient(socket: folder.socket)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<count {
                group.addTask {
                    let bytes = [UInt8(truncatingIfNeeded: number)]
                    return try await client.unary("/test.Test/Meet", bytes, timeout: 60) == bytes
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(server.callsInFlight == 0)
        await server.shutdown(grace: 5)
    }

    @Test("may start on the server's own thread", arguments: [true, false])
    func inline(suspends: Bool) async throws {
        let folder = try SocketFolder()
        let method = RPC.Method.unary("/test.Test/Inline", startsInline: true) { (_, request) throws(RPCStatus) in
            if suspends { await Task.yield() }
            return request
        }
        let server = try folder.serve([method])
        let client = RPCClient(socket: folder.socket)
        #expect(try await client.unary("/test.Test/Inline", [3], timeout: 60) == [3])
        await server.shutdown(grace: 5)
    }
}
