internal import Glibc
internal import RPC
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("A shutdown")
struct ShutdownTests {
    @Test("lets a running call finish, takes no new one, and removes socket and lock at the end")
    func finishesCalls() async throws {
        let folder = try SocketFolder()
        let entered = Gate()
        let release = Gate()
        let order = Mutex<[String]>([])
        let slow = RPC.Method.unary("/test.Test/Slow") { (context, request) throws(RPCStatus) in
            entered.open()
            await release.wait()
            order.withLock { $0.append("handler, cancelled: \(context.isCancelled)") }
            return request
        }
        let server = try folder.serve([slow])
        let client = RPCClient(socket: folder.socket)
        let call = Task { try await client.unary("/test.Test/Slow", [5], timeout: nil) }
        await entered.wait()
        let shutdown = Task {
            await server.shutdown(grace: 10_000)
            order.withLock { $0.append("shutdown") }
        }
        // The socket is still there, and nobody listens on it.
        try await eventually("connections are refused") {
            do {
                _ = try RawConnection(folder.socket)
                return false
            } catch {
                #expect((error as? SystemError)?.code == ECONNREFUSED)
                return true
            }
        }
        #expect(try folder.names() == ["s.sock", "s.sock.lock"])
        #expect(throws: RPCServerError.self) { try RPCServer(socket: folder.socket, methods: []) }
        let refused = try await status { () throws(RPCStatus) in
            _ = try await RPCClient(socket: folder.socket).unary("/test.Test/Slow", [6], timeout: 60)
        }
        #expect(refused.code == .unavailable)
        #expect(server.callsInFlight == 1)
        release.open()
        #expect(try await call.value == [5])
        await shutdown.value
        #expect(order.withLock { $0 } == ["handler, cancelled: false", "shutdown"])
        #expect(try folder.names() == [])
    }

    @Test("cancels what is left after the grace, and waits for it to notice", arguments: [0, 0.05])
    func cancels(grace: Double) async throws {
        let folder = try SocketFolder()
        let entered = Gate()
        let left = Gate()
        let slow = RPC.Method.unary("/test.Test/Slow") { (context, _) throws(RPCStatus) in
            entered.open()
            let cancelled = Gate()
            context.onCancel { cancelled.open() }
            await cancelled.wait()
            left.open()
            throw RPCStatus(.cancelled, "the server ends")
        }
        let server = try folder.serve([slow])
        let client = RPCClient(socket: folder.socket)
        let call = Task {
            try await status { () throws(RPCStatus) in _ = try await client.unary("/test.Test/Slow", [], timeout: nil) }
        }
        await entered.wait()
        await server.shutdown(grace: grace)
        #expect(left.isOpen)
        #expect(try await call.value.code == .unavailable)
        #expect(server.callsInFlight == 0)
        #expect(try folder.names() == [])
    }

    @Test("goes on without a handler that does not notice, whose late answer harms nobody")
    func hungHandler() async throws {
        let folder = try SocketFolder()
        let entered = Gate()
        let release = Gate()
        let left = Gate()
        let hung = RPC.Method.serverStream("/test.Test/Hung") { (_, _, responses) throws(RPCStatus) in
            entered.open()
            await release.wait()
            do throws(RPCStatus) {
                try await responses.send([1])
            } catch {
                #expect(error.code == .cancelled)
                left.open()
                throw error
            }
        }
        let server = try folder.serve([hung])
        let client = RPCClient(socket: folder.socket)
        let reader = Task { for try await _ in client.serverStream("/test.Test/Hung", [], timeout: nil) {} }
        await entered.wait()
        await server.shutdown(grace: 0)
        #expect(server.callsInFlight == 1)
        #expect(try folder.names() == [])
        await #expect(throws: RPCStatus.self) { try await reader.value }
        release.open()
        await left.wait()
    }

    @Test("may be asked for many times, and an impatient one brings the end forward")
    func idempotent() async throws {
        let folder = try SocketFolder()
        let entered = Gate()
        let stuck = RPC.Method.unary("/test.Test/Stuck") { (_, _) throws(RPCStatus) in
            entered.open()
            try? await Task.sleep(for: .seconds(10_000))
            return []
        }
        let server = try folder.serve([stuck])
        let client = RPCClient(socket: folder.socket)
        let call = Task {
            try await status { () throws(RPCStatus) in _ = try await client.unary("/test.Test/Stuck", [], timeout: nil)
            }
        }
        await entered.wait()
        await withTaskGroup { group in
            for grace in [10_000.0, 10_000, 0] { group.addTask { await server.shutdown(grace: grace) } }
        }
        await server.shutdown(grace: 10_000)
        #expect(try await call.value.code == .unavailable)
        #expect(try folder.names() == [])
    }

    @Test("does not wait for connections that say nothing")
    func idleConnections() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let silent = try RawConnection(folder.socket)
        let client = RPCClient(socket: folder.socket)
        _ = try await client.unary("/test.Test/Echo", [], timeout: 60)
        await server.shutdown(grace: 10_000)
        // The server's greeting, and the end.
        #expect(!silent.readToEnd().isEmpty)
        #expect(try folder.names() == [])
    }

    @Test("leaves the place to the next server, which the same client finds")
    func restart() async throws {
        let folder = try SocketFolder()
        let client = RPCClient(socket: folder.socket, options: .init(waitsForServer: true))
        let early = Task { try await client.unary("/test.Test/Echo", [0], timeout: 60) }
        for round in 1...5 as ClosedRange<UInt8> {
            let server = try folder.serve([echo])
            if round == 1 { #expect(try await early.value == [0]) }
            #expect(try await client.unary("/test.Test/Echo", [round], timeout: 60) == [round])
            await server.shutdown(grace: 5)
        }
    }

    @Test("of a client cancels its calls, and refuses new ones")
    func client() async throws {
        let folder = try SocketFolder()
        let entered = Gate()
        let cancelled = Gate()
        let slow = RPC.Method.unary("/test.Test/Slow") { (context, _) throws(RPCStatus) in
            context.onCancel { cancelled.open() }
            entered.open()
            await cancelled.wait()
            return []
        }
        let server = try folder.serve([slow])
        let client = RPCClient(socket: folder.socket)
        let call = Task {
            try await status { () throws(RPCStatus) in _ = try await client.unary("/test.Test/Slow", [], timeout: nil) }
        }
        await entered.wait()
        client.close()
        client.close()
        #expect(try await call.value.code == .cancelled)
        await cancelled.wait()
        let late = try await status { () throws(RPCStatus) in
            _ = try await client.unary("/test.Test/Slow", [], timeout: nil)
        }
        #expect(late == RPCStatus(.cancelled, "the client was closed"))
        await server.shutdown(grace: 5)
    }
}
