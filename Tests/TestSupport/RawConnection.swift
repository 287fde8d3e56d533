public import Glibc
public import Syscalls

/// A connection without gRPC, for what no honest client sends.
public struct RawConnection: ~Copyable, Sendable {
    private let socket: Descriptor

    public init(_ path: String) throws(SystemError) {
        let number = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        if number < 0 { throw .last("make a socket for", path) }
        let opened = Descriptor(owning: number)
        let status = withSocketAddress(path) { connect(number, $0, $1) }
        if status != 0 { throw .last("connect to", path) }
        socket = opened
    }

    public func send(_ bytes: [UInt8]) {
        // The server may have closed already, which is its right.
        _ = bytes.withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }

    /// What comes until the server closes. It blocks: call it on a `HostThread`.
    public func readToEnd() -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = uninterrupted { recv(socket.number, &chunk, chunk.count, 0) }
            if count <= 0 { return all }
            all += chunk[..<count]
        }
    }

    /// What comes until it contains `wanted` or ends. It blocks too.
    public func read(until wanted: [UInt8]) -> [UInt8] {
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

public func withSocketAddress<Result>(
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
