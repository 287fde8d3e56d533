internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// What no honest client does. The server goes on, and keeps nothing.
@Suite("A peer that is no client")
struct HostilePeerTests {
    struct Garbage: Sendable, CustomTestStringConvertible {
        let label: String, bytes: [UInt8]
        var testDescription: String { label }
    }

    @Test(
        "and speaks something else is hung up on",
        arguments: [
            Garbage(label: "HTTP/1.1", bytes: Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)),
            Garbage(label: "zeros", bytes: [UInt8](repeating: 0, count: 1_000)),
            Garbage(label: "every byte", bytes: (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }),
            Garbage(
                label: "HTTP/2's first words, then garbage", bytes: HTTP2.preface + [UInt8](repeating: 0xff, count: 100)
            ),
            Garbage(label: "a frame of 16 MiB", bytes: HTTP2.preface + [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]),
            Garbage(
                label: "headers that are no headers",
                bytes: HTTP2.preface + HTTP2.settings
                    + HTTP2.frame(1, flags: 5, stream: 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ])
    func garbage(_ row: Garbage) async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let path = folder.socket
        try await HostThread.run { () throws(SystemError) in
            let connection = try RawConnection(path)
            connection.send(row.bytes)
            _ = connection.readToEnd()
        }
        try await isWell(folder, server)
    }

    @Test("and sends half of something, then vanishes, is forgotten", arguments: [0, 1, 10, 24, 33, 50, 100])
    func halfAMessage(length: Int) async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let call = HTTP2.preface + HTTP2.settings + HTTP2.headers(of: "/test.Test/Echo", ends: false)
        do {
            let connection = try RawConnection(folder.socket)
            connection.send(Array(call.prefix(length)))
        }
        try await isWell(folder, server)
    }

    @Test("and calls without a request message gets INVALID_ARGUMENT")
    func noMessage() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let path = folder.socket
        let answer = try await HostThread.run { () throws(SystemError) in
            let connection = try RawConnection(path)
            connection.send(HTTP2.preface + HTTP2.settings + HTTP2.headers(of: "/test.Test/Echo", ends: true))
            return connection.read(until: Array("request message".utf8))
        }
        // A header's value follows its name and its own length.
        #expect(answer.contains(Array("grpc-status\u{1}3".utf8)))
        try await isWell(folder, server)
    }

    @Test("and vanishes in the middle of a call leaves a cancelled handler")
    func vanishes() async throws {
        let folder = try SocketFolder()
        let entered = Gate()
        let cancelled = Gate()
        let slow = RPC.Method.unary("/test.Test/Slow") { (context, request) throws(RPCStatus) in
            context.onCancel { cancelled.open() }
            entered.open()
            await cancelled.wait()
            return request
        }
        let server = try folder.serve([echo, slow])
        do {
            let connection = try RawConnection(folder.socket)
            let message = HTTP2.frame(0, flags: 1, stream: 1, [0, 0, 0, 0, 1, 42])
            connection.send(
                HTTP2.preface + HTTP2.settings + HTTP2.headers(of: "/test.Test/Slow", ends: false) + message)
            await entered.wait()
        }
        await cancelled.wait()
        try await isWell(folder, server)
    }

    @Test("or 200 of them, that only come and go, leave no descriptor open")
    func connections() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        for number in 0..<200 {
            let connection = try RawConnection(folder.socket)
            if number % 2 == 0 { connection.send(HTTP2.preface + HTTP2.settings) }
        }
        for _ in 0..<20 {
            let client = RPCClient(socket: folder.socket)
            #expect(try await client.unary("/test.Test/Echo", [1], timeout: 60) == [1])
            client.close()
        }
        try await isWell(folder, server)
    }

    /// The server answers, and has no connection left afterwards but its listener; none at all after its end.
    private func isWell(_ folder: SocketFolder, _ server: RPCServer) async throws {
        let client = RPCClient(socket: folder.socket)
        #expect(try await client.unary("/test.Test/Echo", [8], timeout: 60) == [8])
        client.close()
        try await eventually("every connection is closed") { try folder.openSockets() == 1 }
        #expect(server.callsInFlight == 0)
        await server.shutdown(grace: 5)
        #expect(try folder.openSockets() == 0)
    }
}
