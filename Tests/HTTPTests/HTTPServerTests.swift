import HTTP
import Synchronization
import Syscalls
import TestSupport
import Testing

/// A request by curl, which shares nothing with the server.
func curl(_ arguments: String, seconds: Int = 20) async -> (status: Int32, output: String) {
    await HostThread.run { outcome(of: "curl -sS --noproxy '*' --max-time \(seconds) \(arguments)") }
}

/// Something that a test waits for, and that a handler tells.
final class Told: Sendable {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func tell(_ word: String) { continuation.yield(word) }

    func next() async -> String? {
        for await word in stream { return word }
        return nil
    }
}

struct HTTPServerTests {
    @Test("A request comes in whole and is answered")
    func echo() async throws {
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { request in
            let query = request.query.items.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
            let body = String(decoding: request.body, as: UTF8.self)
            return .text(
                "\(request.method) \(request.path) \(query) \(request.headers["x-one"] ?? "") \(body)", status: 201)
        }
        let answer = await curl(
            "-w ' %{http_code}' -H 'X-One: 1' -d body 'http://127.0.0.1:\(server.port)/a/b%2Fc/?q=%C3%A9+1&r'")
        #expect(answer.output == "POST [\"a\", \"b/c\"] q=é 1;r= 1 body 201")
        await server.stop()
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let label: String
        let arguments: String
        let code: String
        var testDescription: String { label }

        static let rows = [
            Refusal(label: "a body as long as may be", arguments: "-d 12345678 http://HOST/", code: "200"),
            Refusal(label: "a longer body", arguments: "-d 123456789 http://HOST/", code: "413"),
            Refusal(
                label: "a longer body without a length",
                arguments: "-H 'Transfer-Encoding: chunked' -d 123456789 http://HOST/",
                code: "413"),
            Refusal(label: "half a percent sign", arguments: "http://HOST/%4", code: "400"),
            Refusal(label: "no UTF-8", arguments: "http://HOST/%ff", code: "400"),
            Refusal(label: "a malformed query", arguments: "'http://HOST/?a=%zz'", code: "400"),
            Refusal(
                label: "headers without end",
                arguments: "-H \"X: $(head -c 9000 /dev/zero | tr '\\0' x)\" http://HOST/", code: "431"),
        ]
    }

    @Test("What is too long or malformed is refused", arguments: Refusal.rows)
    func refuses(_ row: Refusal) async throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 8
        limits.headerBytes = 4_096
        let server = try HTTPServer(address: "127.0.0.1", port: 0, limits: limits) { _ in .text("ok") }
        let arguments = row.arguments.replacing("HOST", with: "127.0.0.1:\(server.port)")
        let answer = await curl("-o /dev/null -w '%{http_code}' \(arguments)")
        #expect(answer.output.hasSuffix(row.code), "\(answer.output)")
        await server.stop()
    }

    @Test("Many handlers run at once, and a slow one holds nobody")
    func concurrency() async throws {
        let (stream, gate) = AsyncStream<Void>.makeStream()
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { request in
            if request.path == ["slow"] { for await _ in stream { break } }
            return .text("\(request.path)")
        }
        async let slow = curl("http://127.0.0.1:\(server.port)/slow")
        let many = await curl(
            // Its progress, which it shows in spite of -s, would stand on the same lines.
            "-o /dev/null -w '%{http_code}\n' 'http://127.0.0.1:\(server.port)/[1-64]' --parallel --parallel-max 32 2>/dev/null"
        )
        #expect(many.output.split(separator: "\n").filter { $0 == "200" }.count == 64, "\(many.output)")
        gate.yield()
        #expect(await slow.output == "[\"slow\"]")
        await server.stop()
    }

    @Test("Connections are kept for the next request")
    func keepAlive() async throws {
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _ in .text("ok\n") }
        let url = "http://127.0.0.1:\(server.port)/"
        let answer = await curl("-w '%{num_connects}\n' \(url) \(url) \(url)")
        #expect(answer.output == "ok\n1\nok\n0\nok\n0")
        await server.stop()
    }

    @Test("An IPv6 address is served, and what is no address is refused")
    func addresses() async throws {
        let server = try HTTPServer(address: "::1", port: 0) { _ in .text("six") }
        #expect(await curl("-g 'http://[::1]:\(server.port)/'").output == "six")
        #expect(throws: HTTPServerError.address("localhost")) {
            _ = try HTTPServer(address: "localhost", port: 0) { _ in .text("") }
        }
        let error = #expect(throws: HTTPServerError.self) {
            _ = try HTTPServer(address: "::1", port: server.port) { _ in .text("") }
        }
        #expect("\(try #require(error))".contains("EADDRINUSE"))
        await server.stop()
    }

    @Test("A request that does not come to its end is cut off, however slowly it comes")
    func slowLoris() async throws {
        var limits = HTTPLimits()
        limits.requestSeconds = 0.5
        let server = try HTTPServer(address: "127.0.0.1", port: 0, limits: limits) { _ in .text("ok") }
        let port = server.port
        let begun = Moment.now
        let answer = await HostThread.run {
            outcome(
                of: """
                    exec 9<>/dev/tcp/127.0.0.1/\(port) || exit 9
                    printf 'GET / HTTP/1.1\\r\\n' >&9
                    (for i in 1 2 3 4 5 6 7 8 9 10; do printf 'X: y\\r\\n' >&9 || exit; sleep 0.2; done) 2>/dev/null &
                    cat <&9
                    """.withBash)
        }
        #expect(answer.output.isEmpty, "\(answer)")
        #expect(begun.age > 0.4 && begun.age < 5)
        await server.stop()
    }

    @Test("A header with a line break is not sent: the connection is cut")
    func splitting() async throws {
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _ in
            HTTPResponse(status: 200, headers: ["X": "a\r\nSet-Cookie: b"])
        }
        let answer = await curl("-i http://127.0.0.1:\(server.port)/")
        #expect(answer.status == 52, "\(answer.output)")
        await server.stop()
    }
}

extension String {
    /// The command for bash, which knows /dev/tcp.
    fileprivate var withBash: String { "bash -c '\(replacing("'", with: "'\\''"))'" }
}
