internal import CLinux
internal import Glibc
internal import Syscalls

/// A listening unix socket of ours, with its lock. Both files go when this value does.
///
/// gRPC's own bind takes a living server's path away, and leaves the mode to the process-wide umask; this one does
/// neither.
struct Listener: ~Copyable, Sendable {
    let path: String
    private var socket: Descriptor?
    private let folder: Descriptor
    private let name: String
    /// The socket's file.
    let identity: FileIdentity
    /// Declared last, and kept through our `deinit`: the socket is removed while the lock is held.
    private let lock: SocketLock

    /// Binds and listens. The socket that a killed server has left is replaced; nothing else is.
    ///
    /// In a folder that is not ours alone (`isShared`) others may serve that know nothing of our lock: a socket that somebody
    /// answers on is left to them.
    init(path text: String, isShared: Bool = false) throws(RPCServerError) {
        let path: String
        do throws(EndpointError) { path = try Endpoint.path(text) } catch { throw .endpoint(error) }
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let name = String(path[path.index(after: slash)...])
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        let folder: Descriptor
        do throws(SystemError) {
            folder = try Files.open(parent, O_RDONLY | O_DIRECTORY)
        } catch {
            throw .system(error)
        }
        // Looked at before as well, so that a refusal leaves nothing behind.
        _ = try Self.isStale(name, in: folder, path)
        let lock = try SocketLock.take(in: folder, (isShared ? "." : "") + name + ".lock", of: path)
        let stale = try Self.isStale(name, in: folder, path)
        if stale && isShared && Self.isAnswered(path) { throw .inUse(path: path, holder: nil) }
        do throws(SystemError) {
            if stale { try Files.unlink(name, in: folder) }
            socket = try Self.listen(path)
            identity = try FileStatus.of(name, in: folder).identity
        } catch {
            throw .system(error)
        }
        self.path = path
        self.folder = folder
        self.name = name
        self.lock = lock
    }

    deinit {
        if let status = try? FileStatus.of(name, in: folder), status.identity == identity {
            _ = try? Files.unlink(name, in: folder)
        }
    }

    /// What poll(2) takes; -1, which poll skips, after `stop`.
    var number: CInt {
        switch socket {
        case .some(let socket): socket.number
        case .none: -1
        }
    }

    /// Refuses those who wait to be accepted and those who come. The files stay until the server has ended.
    mutating func stop() { socket = nil }

    /// The next connection, or what accept4(2) said.
    func accept() -> Accepted {
        let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let number = uninterrupted { holdfast_accept4(self.number, flags) }
        if number >= 0 { return .connection(Descriptor(owning: number)) }
        switch errno {
        // Nobody is left, or one whose connection has ended or was forbidden meanwhile: the next one may be well.
        case EAGAIN, ECONNABORTED, EPERM, EPROTO: return .nothing
        // No descriptor or memory left: the connection stays queued, so asking again at once would spin.
        default: return .exhausted
        }
    }

    enum Accepted: ~Copyable {
        case connection(Descriptor)
        case nothing
        case exhausted
    }

    /// Whether a socket is there. Anything else that is there is refused.
    private static func isStale(
        _ name: String, in folder: borrowing Descriptor, _ path: String
    ) throws(RPCServerError) -> Bool {
        let status: FileStatus
        do throws(SystemError) {
            status = try FileStatus.of(name, in: folder)
        } catch {
            if error.code == ENOENT { return false }
            throw .system(error)
        }
        if status.kind != .socket { throw .notASocket(path: path, found: status.kind) }
        return true
    }

    /// Whether somebody listens on the socket at a path (unix(7): ECONNREFUSED is nobody).
    private static func isAnswered(_ path: String) -> Bool {
        guard let socket = try? makeSocket(path) else { return false }
        let number = socket.number
        let status = withAddress(path) { address, length in uninterrupted { connect(number, address, length) } }
        return status == 0 || errno == EAGAIN
    }

    private static func makeSocket(_ path: String) throws(SystemError) -> Descriptor {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(AF_UNIX, type, 0)
        if number < 0 { throw .last("make a socket for", path) }
        return Descriptor(owning: number)
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            room.copyBytes(from: path.utf8.prefix(Endpoint.pathLimit))
        }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func listen(_ path: String) throws(SystemError) -> Descriptor {
        let socket = try makeSocket(path)
        let number = socket.number
        // bind(2) gives the file the mode of the socket's own inode, less the umask: so it is never wider than this.
        if fchmod(number, 0o600) != 0 { throw .last("set the mode of the socket for", path) }
        if withAddress(path, { bind(number, $0, $1) }) != 0 { throw .last("bind a socket to", path) }
        if Glibc.listen(number, SOMAXCONN) != 0 { throw .last("listen on", path) }
        return socket
    }
}
