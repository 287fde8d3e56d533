import HTTP
import Syscalls
import TestSupport
import Testing

/// A request by curl, which shares nothing with the server.
func curl(_ arguments: String) async -> (status: Int32, output: String) {
    await HostThread.run { outcome(of: "curl -sS --noproxy '*' --max-time 20 \(arguments)") }
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
}
