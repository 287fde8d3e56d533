import HTTP
import Syscalls
import TestSupport
import Testing

struct HTTPStreamTests {
    private func stream() -> (
        AsyncThrowingStream<[UInt8], any Error>, AsyncThrowingStream<[UInt8], any Error>.Continuation
    ) { AsyncThrowingStream.makeStream() }

    private struct Broken: Error {}

    @Test("A stream is sent as it comes, and ends")
    func pieces() async throws {
        let (pieces, out) = stream()
        let told = Told()
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _ in
            told.tell("asked")
            return HTTPResponse(status: 200, body: .stream(pieces))
        }
        async let answer = curl("-N -i http://127.0.0.1:\(server.port)/")
        #expect(await told.next() == "asked")
        for number in 1...1_000 { out.yield(Array("\(number)\n".utf8)) }
        out.finish()
        let output = await answer.output
        #expect(output.lowercased().contains("transfer-encoding: chunked"))
        #expect(output.hasSuffix((1...1_000).map(String.init).joined(separator: "\n")))
        await server.stop()
    }

    @Test("A stream that fails cuts the connection behind what it gave")
    func cut() async throws {
        let (pieces, out) = stream()
        out.yield(Array("half".utf8))
        out.finish(throwing: Broken())
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _ in
            HTTPResponse(status: 200, body: .stream(pieces))
        }
        let answer = await curl("http://127.0.0.1:\(server.port)/")
        #expect(answer.status == 18)
        #expect(answer.output.contains("half"))
        await server.stop()
    }

    @Test("A handler that hangs up sends nothing")
    func hangUp() async throws {
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _ in .hangUp }
        #expect(await curl("http://127.0.0.1:\(server.port)/").status == 52)
        await server.stop()
    }

    @Test("A client that goes ends its stream and its handler, while nothing is sent", arguments: [true, false])
    func clientGoes(duringStream: Bool) async throws {
        let told = Told()
        let (pieces, out) = stream()
        out.onTermination = { _ in told.tell("ended") }
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _ in
            told.tell("asked")
            if duringStream { return HTTPResponse(status: 200, body: .stream(pieces)) }
            do { try await Task.sleep(for: .seconds(60)) } catch { told.tell("ended") }
            return .text("late")
        }
        async let answer = curl("http://127.0.0.1:\(server.port)/", seconds: 1)
        #expect(await told.next() == "asked")
        #expect(await told.next() == "ended")
        #expect(await answer.status == 28)
        await server.stop()
    }

    @Test("A client that does not read holds its stream back, and not memory")
    func backPressure() async throws {
        var limits = HTTPLimits()
        limits.streamBytes = 1 << 16
        let source = Counted()
        let server = try HTTPServer(address: "127.0.0.1", port: 0, limits: limits) { _ in
            HTTPResponse(status: 200, body: .stream(source))
        }
        // It takes 10 KB/s of what could come without end.
        let answer = await curl("--limit-rate 10k -o /dev/null http://127.0.0.1:\(server.port)/", seconds: 2)
        #expect(answer.status == 28)
        // Socket buffers on both sides take some megabytes.
        #expect(source.given.load(ordering: .relaxed) < 32 << 20)
        await server.stop()
    }

    @Test("Stopping ends streams, lets handlers finish, and cuts those that do not", arguments: [true, false])
    func stops(gracefully: Bool) async throws {
        let told = Told()
        let (pieces, out) = stream()
        out.yield(Array("first".utf8))
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { request in
            told.tell("asked")
            if request.path == ["stream"] { return HTTPResponse(status: 200, body: .stream(pieces)) }
            // It does not care for its cancellation.
            await withCheckedContinuation { continuation in
                HostThread.start {
                    sleepFor(milliseconds: 300)
                    continuation.resume()
                }
            }
            return .text("done")
        }
        let port = server.port
        async let streamed = curl("http://127.0.0.1:\(port)/stream")
        async let handled = curl("http://127.0.0.1:\(port)/work")
        #expect(await told.next() == "asked")
        #expect(await told.next() == "asked")
        await server.stop(grace: gracefully ? 5 : 0)
        #expect(await handled.status == (gracefully ? 0 : 52))
        // Cut before its headers were sent, or behind them.
        let status = await streamed.status
        #expect(gracefully ? status == 0 : [18, 52].contains(status))
        if gracefully { #expect(await handled.output == "done") }
        #expect(await curl("http://127.0.0.1:\(port)/").status == 7, "the port is still served")
        let again = try HTTPServer(address: "127.0.0.1", port: port) { _ in .text("again") }
        #expect(await curl("http://127.0.0.1:\(port)/").output == "again")
        await again.stop()
    }
}
