import HTTP
import Kubernetes
import Synchronization
import Syscalls
import TestSupport
import Testing

/// Answers that no API server gives, but a proxy in between, or whoever listens at its address.
@Suite(.serialized) struct HostileAnswerTests {
    private static let token = "sesame-open"

    private func withAnswers(
        limits: RequestLimits = RequestLimits(perSecond: 2_000, burst: 2_000),
        _ answer: @escaping @Sendable (HTTP.HTTPRequest) -> HTTP.HTTPResponse,
        _ body: (KubernetesClient) async throws -> Void
    ) async throws {
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { answer($0) }
        let folder = TemporaryFolder("hostile")
        let path = folder.write(
            "config",
            """
            current-context: a
            contexts: [{name: a, context: {cluster: a, user: a}}]
            clusters: [{name: a, cluster: {server: "http://127.0.0.1:\(server.port)"}}]
            users: [{name: a, user: {token: \(Self.token)}}]
            """)
        try await body(KubernetesClient(try .kubeconfig(path: path), limits: limits))
        await server.stop(grace: 0)
    }

    private static func json(_ text: String, status: Int = 200, headers: HTTPHeaders = [:]) -> HTTP.HTTPResponse {
        HTTP.HTTPResponse(status: status, headers: headers, body: .bytes(Array(text.utf8)))
    }

    @Test(arguments: [
        "", "<html>", "{", "{\"items\":[", "[]", "{}", "7", #"{"items":[{}]}"#, #"{"items":[],"metadata":"#,
        #"{"items":{},"metadata":{}}"#, "\u{0}", String(repeating: "[", count: 100_000),
        #"{"items":"# + String(repeating: "[", count: 100_000),
    ])
    func aListThatIsNone(_ text: String) async throws {
        try await withAnswers { _ in
            Self.json(text)
        } _: { client in
            let error = try await refusal { try await client.list(StorageClass.self) }
            guard case .unreadable = error else { throw error }
            #expect("\(error)".utf8.count < 600)
        }
    }

    /// A class may have parameters whose names differ only in their Unicode form: the API lets it pass, and no JSON value of
    /// ours can hold it.
    @Test func anObjectThatCannotBeReadHidesNoOther() async throws {
        let bad = #"{"metadata":{"name":"bad"},"parameters":{"caf\u00e9":"1","cafe\u0301":"2"}}"#
        let good = #"{"metadata":{"name":"good","resourceVersion":"6"},"provisioner":"p"}"#
        try await withAnswers { request in
            if request.query["watch"] == nil {
                return Self.json(#"{"metadata":{"resourceVersion":"7"},"items":[\#(bad),\#(good)]}"#)
            }
            let lines = [
                #"{"type":"ADDED","object":\#(bad)}"#, "no JSON", #"{"type":"SOMETHING","object":{}}"#, "{}",
                #"{"type":"ADDED","object":{"metadata":{"name":"new","resourceVersion":"9"}}}"#,
            ]
            return Self.json(lines.joined(separator: "\n") + "\n")
        } _: { client in
            let list = try await client.list(StorageClass.self)
            #expect(list.items.map(\.name) == ["good"] && list.unreadable == 1)
            let informer = Informer(StorageClass.self, client)
            let told = Mutex<[String]>([])
            informer.onChange { change in
                if case .added(let new) = change { told.withLock { $0.append(new.name) } }
            }
            let running = Task { await informer.run() }
            await informer.waitForSync()
            let limit = Moment.after(seconds: 20)
            while informer.get(ObjectKey(name: "new")) == nil, limit > .now { await Task.yield() }
            running.cancel()
            await running.value
            #expect(told.withLock { $0 } == ["good", "new"])
            #expect(informer.status.unreadable >= 5)
        }
    }

    @Test(arguments: [301, 302, 307, 308])
    func followsNobody(_ status: Int) async throws {
        let asked = Mutex<[String]>([])
        let other = try HTTPServer(address: "127.0.0.1", port: 0) { request in
            asked.withLock { $0.append(request.headers["authorization"] ?? "-") }
            return .text("{}")
        }
        let place = "http://127.0.0.1:\(other.port)/"
        try await withAnswers { _ in
            Self.json("", status: status, headers: ["Location": place])
        } _: { client in
            let error = try await refusal { try await client.list(StorageClass.self) }
            #expect(error.status?.code == status)
        }
        #expect(asked.withLock { $0 }.isEmpty)
    }

    @Test(arguments: ["0", "-1", "1e9", "999999999999999999999", "soon", "Wed, 21 Oct 2065 07:28:00 GMT"])
    func noRetryAfterHoldsItForLong(_ value: String) async throws {
        let count = Mutex(0)
        try await withAnswers { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == 1 { return Self.json("{}", status: 429, headers: ["Retry-After": value]) }
            return Self.json(#"{"gitVersion":"v1.0.0"}"#)
        } _: { client in
            let task = Task { try await client.serverVersion() }
            // The longest pause is a minute, which nobody wants to wait for here.
            if value.hasPrefix("9999") {
                while count.withLock({ $0 }) == 0 { await Task.yield() }
                task.cancel()
                let cancelled = try await refusal { try await task.value }
                #expect(cancelled.isCancelled)
            } else {
                let version = try await task.value
                #expect(version == "v1.0.0")
            }
        }
    }

    @Test func anErrorShowsNeitherTokenNorPages() async throws {
        try await withAnswers { request in
            // A server that says what it was sent.
            .text(
                "<html>\n" + (request.headers["authorization"] ?? "") + String(repeating: "x", count: 100_000),
                status: 502)
        } _: { client in
            let error = try await refusal { try await client.serverVersion() }
            #expect(!"\(error)".contains("\n") && "\(error)".utf8.count < 700)
            #expect(!"\(error)".contains(Self.token))
        }
    }

    @Test func anAnswerThatIsCutIsNoAnswer() async throws {
        let stream = { @Sendable in
            AsyncThrowingStream<[UInt8], any Error> { out in
                out.yield(Array(#"{"metadata":{"resourceVersion":"7"},"items":["#.utf8))
                out.finish(throwing: Unrefused(description: "cut"))
            }
        }
        try await withAnswers { _ in
            HTTP.HTTPResponse(status: 200, body: .stream(stream()))
        } _: { client in
            let error = try await refusal { try await client.list(StorageClass.self) }
            guard case .broken(_, _, sent: true) = error else { throw error }
        }
    }
}
