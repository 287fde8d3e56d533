internal import Glibc
internal import RPC
internal import Syscalls
internal import Testing

/// A folder of the test's own, and a socket's path in it. Goes away with its content.
final class SocketFolder: Sendable {
    let path: String
    var socket: String { path + "/s.sock" }
    var lock: String { socket + ".lock" }

    init(suffix: String = "") throws {
        var template = Array("/tmp/holdfast-rpc-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
        let folder = String(cString: try #require(made))
        path = folder + suffix
        if !suffix.isEmpty { mkdir(path, 0o700) }
    }

    deinit {
        if let folder = try? Files.open(path, O_RDONLY | O_DIRECTORY) {
            for name in (try? Files.names(in: folder, path)) ?? [] {
                if unlinkat(folder.number, name, 0) != 0 { unlinkat(folder.number, name, CInt(AT_REMOVEDIR)) }
            }
        }
        rmdir(path)
        // The folder above, where a suffix made one; /tmp is never empty.
        if let slash = path.lastIndex(of: "/") { rmdir(String(path[..<slash])) }
    }

    func names() throws -> [String] {
        try Files.names(in: try Files.open(path, O_RDONLY | O_DIRECTORY), path).sorted()
    }

    /// A server with these methods that serves already.
    func serve(_ methods: [RPC.Method], options: RPCServer.Options = .init()) throws -> RPCServer {
        let server = try RPCServer(socket: socket, methods: methods, options: options)
        server.start()
        return server
    }

    /// How many sockets of this process and others have this path: the listener, and a connection's server end each.
    func openSockets() throws -> Int {
        let table = String(decoding: try Files.read("/proc/net/unix", limit: 1 << 24), as: UTF8.self)
        return table.split(separator: "\n").count { $0.hasSuffix(" " + socket) }
    }
}

/// A connection without gRPC, for what no honest client sends.
struct RawConnection: ~Copyable {
    private let socket: Descriptor

    init(_ path: String) throws(SystemError) {
        let number = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        if number < 0 { throw .last("make a socket for", path) }
        let opened = Descriptor(owning: number)
        let status = withSocketAddress(path) { connect(number, $0, $1) }
        if status != 0 { throw .last("connect to", path) }
        socket = opened
    }

    func send(_ bytes: [UInt8]) {
        // The server may have closed already, which is its right.
        _ = bytes.withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }

    /// What comes until the server closes. It blocks: call it on a `HostThread`.
    func readToEnd() -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = uninterrupted { recv(socket.number, &chunk, chunk.count, 0) }
            if count <= 0 { return all }
            all += chunk[..<count]
        }
    }

    /// What comes until it contains `wanted` or ends. It blocks too.
    func read(until wanted: [UInt8]) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while !all.contains(wanted) {
            let count = uninterrupted { recv(socket.number, &chunk, chunk.count, 0) }
            if count <= 0 { return all }
            all += chunk[..<count]
        }
        return all
    }
}

func withSocketAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

/// Runs `body`, which has to throw a status.
func status(_ body: () async throws(RPCStatus) -> Void) async throws -> RPCStatus {
    do throws(RPCStatus) { try await body() } catch { return error }
    throw NoError()
}

struct NoError: Error {}

let echo = RPC.Method.unary("/test.Test/Echo") { (_, request) throws(RPCStatus) in request }
