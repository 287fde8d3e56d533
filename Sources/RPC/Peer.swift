internal import CLinux
internal import Glibc
internal import Synchronization
internal import Syscalls

/// The process at the other end of a connection, as it was when it connected (unix(7), SO_PEERCRED).
public struct Peer: Sendable, Hashable {
    public let pid: Int32
    public let uid: UInt32
    public let gid: UInt32

    public init(pid: Int32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// Who connected; `nil` where the kernel does not say.
    init?(of connection: borrowing Descriptor) {
        var raw = holdfast_peer()
        guard holdfast_peer(connection.number, &raw) == 0 else { return nil }
        self.init(pid: raw.pid, uid: raw.uid, gid: raw.gid)
    }

    /// Only root, and whoever the server itself runs as, may call: who can call this socket can format disks.
    func mayCall(serverUser: UInt32) -> Bool { uid == 0 || uid == serverUser }
}

/// The peers of the open connections by descriptor number, which is all that the core tells of a call's connection.
///
/// A number is the newest connection's: an entry is replaced when the number comes again.
final class Peers: Sendable {
    private let known = Mutex<[CInt: Peer]>([:])

    func add(_ peer: Peer, connection: CInt) { known.withLock { $0[connection] = peer } }

    /// The core calls a connection that it was given `fd:NUMBER`.
    func peer(ofCallFrom name: UnsafePointer<CChar>) -> Peer? {
        guard strncmp(name, "fd:", 3) == 0 else { return nil }
        return known.withLock { $0[atoi(name + 3)] }
    }
}
