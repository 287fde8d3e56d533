internal import Syscalls

/// `NAME.lock` beside the socket `NAME`: whoever holds its flock(2) may bind and remove that socket. A clean end removes the
/// file; a kill leaves it behind, free. In a folder that others take sockets from it is `.NAME.lock`: kubelet passes over
/// what begins with a dot.
struct SocketLock: ~Copyable, Sendable {
    private let file: LockFile

    /// Takes the lock `name` of the socket at `path`; both lie in `folder`.
    static func take(
        in folder: borrowing Descriptor, _ name: String, of path: String
    ) throws(RPCServerError) -> SocketLock {
        let lock = path[..<(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)] + name
        let outcome: LockFile.Outcome
        do throws(SystemError) {
            outcome = try LockFile.take(name, in: folder, String(lock))
        } catch {
            throw .system(error)
        }
        switch consume outcome {
        case .taken(let file): return SocketLock(file: file)
        case .held(let holder): throw .inUse(path: path, holder: holder)
        case .notAFile(let found): throw .notALockFile(path: String(lock), found: found)
        }
    }

    private init(file: consuming LockFile) { self.file = file }

    deinit { file.removeName() }
}
