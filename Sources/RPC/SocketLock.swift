internal import Syscalls

/// `PATH.lock`: whoever holds its flock(2) may bind and remove the socket at `PATH`. A clean end removes the file; a
/// kill leaves it behind, free.
struct SocketLock: ~Copyable, Sendable {
    private let file: LockFile

    /// Takes the lock of the socket at `path`, which lies in `folder`.
    static func take(
        in folder: borrowing Descriptor, socketName: String, path: String
    ) throws(RPCServerError) -> SocketLock {
        let outcome: LockFile.Outcome
        do throws(SystemError) {
            outcome = try LockFile.take(socketName + ".lock", in: folder, path + ".lock")
        } catch {
            throw .system(error)
        }
        switch consume outcome {
        case .taken(let file): return SocketLock(file: file)
        case .held(let holder): throw .inUse(path: path, holder: holder)
        case .notAFile(let found): throw .notALockFile(path: path + ".lock", found: found)
        }
    }

    private init(file: consuming LockFile) { self.file = file }

    deinit { file.removeName() }
}
