internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
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

/// Runs `body`, which has to throw a status.
func status(_ body: () async throws(RPCStatus) -> Void) async throws -> RPCStatus {
    do throws(RPCStatus) { try await body() } catch { return error }
    throw NoError()
}

struct NoError: Error {}

let echo = RPC.Method.unary("/test.Test/Echo") { (_, request) throws(RPCStatus) in request }
