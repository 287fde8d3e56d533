import HTTP
import TestSupport
import Testing

/// Certificates for one test, made by openssl.
private struct Identities {
    let folder = TemporaryFolder("tls")
    let server: TLSIdentity

    init() throws {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        for name in ["ca", "other"] {
            try sh(
                "cd \(folder.path) && openssl req -x509 \(key) -keyout \(name).key -out \(name).crt -days 2 -subj /CN=\(name)"
            )
        }
        folder.write("extensions", "subjectAltName=IP:127.0.0.1\n")
        for (name, subject, authority) in [
            ("server", "/CN=server", "ca"), ("client", "/O=one/O=two/CN=somebody", "ca"),
            ("stranger", "/CN=somebody", "other"),
        ] {
            try sh(
                """
                cd \(folder.path) && openssl req \(key) -keyout \(name).key -out \(name).csr -subj '\(subject)' && \
                openssl x509 -req -in \(name).csr -CA \(authority).crt -CAkey \(authority).key -CAcreateserial -days 2 \
                -extfile extensions -out \(name).crt
                """)
        }
        let text = { [folder] (name: String) in try sh("cat \(folder.at(name))") + "\n" }
        server = TLSIdentity(
            certificate: try text("server.crt"), key: try text("server.key"), clientAuthority: try text("ca.crt"))
    }

    func options(_ client: String?) -> String {
        let shown = client.map { " --cert \(folder.at("\($0).crt")) --key \(folder.at("\($0).key"))" } ?? ""
        return "--cacert \(folder.at("ca.crt"))\(shown)"
    }
}

struct HTTPTLSTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let label: String
        let client: String?
        let words: String
        var testDescription: String { label }

        static let rows = [
            Row(label: "no certificate", client: nil, words: "anonymous"),
            Row(label: "a certificate", client: "client", words: "somebody of one, two"),
            Row(label: "a stranger's", client: "stranger", words: "untrusted"),
        ]
    }

    @Test("A client is known by its certificate", arguments: Row.rows)
    func clients(_ row: Row) async throws {
        let identities = try Identities()
        let server = try HTTPServer(address: "127.0.0.1", port: 0, tls: identities.server) { request in
            switch request.client {
            case .anonymous: .text("anonymous")
            case .certified(let subject):
                .text("\(subject.commonName) of \(subject.organizations.joined(separator: ", "))")
            case .untrusted: .text("untrusted")
            }
        }
        let url = "https://127.0.0.1:\(server.port)/"
        let answer = await curl("\(identities.options(row.client)) \(url) \(url)")
        #expect(answer.output == row.words + row.words)
        await server.stop()
    }

    @Test("Large bodies pass both ways, and streams too")
    func large() async throws {
        let identities = try Identities()
        var limits = HTTPLimits()
        limits.bodyBytes = 8 << 20
        let server = try HTTPServer(address: "127.0.0.1", port: 0, tls: identities.server, limits: limits) { request in
            if request.path == ["stream"] {
                let body = request.body
                let (pieces, out) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
                for start in stride(from: 0, to: body.count, by: 100_000) {
                    out.yield(Array(body[start..<min(start + 100_000, body.count)]))
                }
                out.finish()
                return HTTPResponse(status: 200, body: .stream(pieces))
            }
            return HTTPResponse(status: 200, body: .bytes(request.body))
        }
        let file = identities.folder.at("body")
        try sh("head -c 5000000 /dev/urandom > \(file)")
        let sum = try sh("sha256sum < \(file)")
        for path in ["", "stream"] {
            let answer = await curl(
                "\(identities.options("client")) --data-binary @\(file) https://127.0.0.1:\(server.port)/\(path) | sha256sum"
            )
            #expect(answer.output == sum)
        }
        await server.stop()
    }

    @Test("A certificate that cannot be read is refused at the start")
    func refuses() async throws {
        #expect(throws: HTTPServerError.self) {
            let tls = TLSIdentity(certificate: "no", key: "no")
            _ = try HTTPServer(address: "127.0.0.1", port: 0, tls: tls) { _ in .text("") }
        }
    }

    @Test("A client without TLS is not answered")
    func plain() async throws {
        let identities = try Identities()
        let server = try HTTPServer(address: "127.0.0.1", port: 0, tls: identities.server) { _ in .text("ok") }
        #expect(await curl("http://127.0.0.1:\(server.port)/").status != 0)
        #expect(await curl("\(identities.options(nil)) https://127.0.0.1:\(server.port)/").output == "ok")
        await server.stop()
    }

    @Test("Clients that go in the middle of an answer harm nobody", arguments: [true, false])
    func abortedAnswers(withTLS: Bool) async throws {
        let identities = try Identities()
        let large = [UInt8](repeating: 65, count: 16 << 20)
        let server = try HTTPServer(address: "127.0.0.1", port: 0, tls: withTLS ? identities.server : nil) { request in
            request.path == ["large"] ? HTTPResponse(status: 200, body: .bytes(large)) : .text("ok")
        }
        let url = "\(withTLS ? "https" : "http")://127.0.0.1:\(server.port)"
        for _ in 0..<8 {
            let cut = await curl("\(identities.options(nil)) \(url)/large | head -c 10")
            #expect(cut.output.contains("AAAAAAAAAA"))
        }
        #expect(await curl("\(identities.options(nil)) \(url)/").output == "ok")
        await server.stop()
    }
}
