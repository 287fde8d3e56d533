import Glibc
import Processes
import Settings
import Synchronization
import Syscalls
import TestSupport
import Testing

@testable import Kubernetes

/// A server of HTTP/2 whose frames, and the records and moments that they come in, are the test's choice.
private final class FrameServer: Sendable {
    let port: Int
    private let process: Daemon
    private let input: Descriptor
    private let opened = Mutex<[UInt8]>([])

    init(_ folder: TemporaryFolder) throws {
        port = try Self.freePort()
        try sh(
            """
            cd \(folder.path) && mkfifo in out && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
            -keyout key -out certificate -days 2 -subj /CN=frames
            """)
        let command =
            "exec openssl s_server -quiet -accept 127.0.0.1:\(port) -alpn h2 -cert certificate -key key <in >out"
        process = try Daemon("/bin/sh", ["-c", "cd \(folder.path) && \(command)"], log: folder.at("log"))
        input = Descriptor(owning: try Self.openPipe(folder.at("in"), O_WRONLY))
        let output = try Self.openPipe(folder.at("out"), O_RDONLY)
        // The server's end may come before the last answer to what nobody waits for.
        signal(SIGPIPE, SIG_IGN)
        HostThread.start { [self] in
            read(Descriptor(owning: output))
        }
        let limit = Moment.after(seconds: 30)
        // Local address, remote address, state: LISTEN is 0A (proc(5)).
        let hexadecimal = String(port, radix: 16, uppercase: true)
        let line = ":\(String(repeating: "0", count: 4 - hexadecimal.count))\(hexadecimal) 00000000:0000 0A"
        while outcome(of: "grep -q '\(line)' /proc/net/tcp").status != 0 {
            guard limit > .now else { throw Unrefused(description: "openssl does not listen") }
            usleep(5_000)
        }
    }

    func end() { process.end(within: 0) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(input.number, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// `:status: 200` is number 8 of the static table (RFC 7541, appendix A).
    func answer(_ stream: UInt8, _ body: [UInt8] = []) {
        send(HTTP2.frame(1, flags: 4, stream: stream, [0x88]) + body)
    }

    func waitForStream(_ number: UInt8) async throws {
        let limit = Moment.after(seconds: 30)
        while !opened.withLock({ $0.contains(number) }) {
            guard limit > .now else { throw Unrefused(description: "no request came on stream \(number)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Answers the settings, and every stream but the first two, which are the test's.
    private func read(_ output: consuming Descriptor) {
        func take(_ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            var done = 0
            while done < count {
                let more = bytes.withUnsafeMutableBytes {
                    Glibc.read(output.number, $0.baseAddress! + done, count - done)
                }
                if more <= 0 { return nil }
                done += more
            }
            return bytes
        }
        guard take(HTTP2.preface.count) != nil else { return }
        send(HTTP2.settings)
        while let head = take(9), take(Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])) != nil {
            switch (head[3], head[4]) {
            case (4, 0): send(HTTP2.frame(4, flags: 1, stream: 0, []))
            case (1, _):
                let stream = head[8]
                opened.withLock { $0.append(stream) }
                if stream > 3 {
                    answer(stream, HTTP2.frame(0, flags: 1, stream: stream, Array("{}".utf8)))
                }
            default: break
            }
        }
    }

    private static func openPipe(_ path: String, _ flags: CInt) throws -> CInt {
        let number = open(path, flags | O_CLOEXEC)
        if number < 0 { throw SystemError.last("open", path) }
        return number
    }

    private static func freePort() throws -> Int {
        let socket = Descriptor(
            owning: Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.number, $0, length) == 0 ? getsockname(socket.number, $0, &length) : -1
            }
        }
        if status != 0 { throw SystemError.last("bind", "127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Holds the transfers' thread at the first bytes that come, until it is let go.
private final class Holding: TransferSink {
    let holds = Flag()
    let goOn = Flag()

    func receive(_ bytes: UnsafeRawBufferPointer, status: Int) -> String? {
        holds.raise()
        goOn.wait()
        return nil
    }

    func end(_ end: TransferEnd) {}
}

@Suite struct StalledStreamTests {
    /// curl 7.88 hands on what a stream has received in pieces of 16 KiB. Where it reads more than that for one stream while
    /// it asks on behalf of another, and the end of the answer is in what is left, it does not look at that end before the
    /// connection brings something new: on a quiet one, never.
    @Test func anAnswerWhoseEndWasNotLookedAtIsNotWaitedForInVain() async throws {
        let folder = TemporaryFolder("frames")
        let server = try await HostThread.run { () throws(any Error) in try FrameServer(folder) }
        defer { server.end() }
        let path = folder.write(
            "config",
            """
            current-context: a
            contexts: [{name: a, context: {cluster: a, user: a}}]
            clusters: [{name: a, cluster: {server: "https://127.0.0.1:\(server.port)", insecure-skip-tls-verify: true}}]
            users: [{name: a, user: {token: sesame}}]
            """)
        let client = KubernetesClient(try .kubeconfig(path: path))
        defer { client.close() }
        let watch = Holding()
        defer { watch.goOn.raise() }
        client.loop.begin(
            Transfer(
                HTTPRequest(method: "GET", path: "/watch", description: "watch", timeout: nil, silence: 60), token: nil,
                sink: watch))
        try await server.waitForStream(1)
        server.answer(1)
        async let list = client.list(Node.self)
        try await server.waitForStream(3)
        server.send(HTTP2.frame(0, flags: 0, stream: 1, Array("{}".utf8)))
        try #require(await HostThread.run { watch.holds.wait(until: .after(seconds: 30)) })
        // Three frames in two records, the second of which has only the end of the last.
        let padding = String(repeating: "x", count: 24_000)
        let body = Array(#"{"metadata": {"resourceVersion": "1"}, "items": [], "padding": "\#(padding)"}"#.utf8)
        server.answer(3)
        server.send(HTTP2.frame(0, flags: 0, stream: 3, Array(body[..<8_000])))
        server.send(HTTP2.frame(0, flags: 0, stream: 3, Array(body[8_000..<16_000])))
        server.send(HTTP2.frame(0, flags: 1, stream: 3, Array(body[16_000...])))
        // All of it is to be there when curl reads.
        try await Task.sleep(for: .milliseconds(300))
        watch.goOn.raise()
        #expect(try await list.resourceVersion == "1")
    }
}
