internal import Glibc
internal import Synchronization
public import Syscalls

/// A socket that somebody listens on who knows nothing of our lock files. Its name stays when it is closed.
public final class ForeignListener: Sendable {
    private let socket: Mutex<Descriptor?>

    /// With `listens: false` nobody answers, as after a kill.
    public init(_ path: String, listens: Bool = true) throws(SystemError) {
        let number = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        if number < 0 { throw .last("make a socket for", path) }
        let made = Descriptor(owning: number)
        if withSocketAddress(path, { bind(number, $0, $1) }) != 0 { throw .last("bind to", path) }
        if listens, listen(number, 8) != 0 { throw .last("listen on", path) }
        socket = Mutex(made)
    }

    public func close() { socket.withLock { $0 = nil } }
}
