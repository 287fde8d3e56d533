internal import Glibc
internal import Syscalls

/// `PATH.lock`: whoever holds its flock(2) may bind and remove the socket at `PATH`. A clean end removes the file; a
/// kill leaves it behind, free.
struct SocketLock: ~Copyable, Sendable {
    private let folder: Descriptor
    private let file: Descriptor
    private let name: String

    /// Takes the lock of the socket at `path`, which lies in `folder`, and writes our process id into the lock file for
    /// those who come later.
    static func take(
        in folder: borrowing Descriptor, socketName: String, path: String
    ) throws(RPCServerError) -> SocketLock {
        let name = socketName + ".lock"
        let attempt: Attempt
        do throws(SystemError) {
            attempt = try Self.attempt(name, in: folder, path + ".lock")
        } catch {
            throw .system(error)
        }
        switch consume attempt {
        case .taken(let file, let folder): return SocketLock(folder: folder, file: file, name: name)
        case .held(let holder): throw .inUse(path: path, holder: holder)
        case .notAFile(let found): throw .notALockFile(path: path + ".lock", found: found)
        }
    }

    private init(folder: consuming Descriptor, file: consuming Descriptor, name: String) {
        self.folder = folder
        self.file = file
        self.name = name
    }

    /// The name goes while the lock is still held: who has opened the file meanwhile sees, once it gets the lock, that
    /// the name is no longer this file's, and tries again.
    deinit {
        if let held = try? FileStatus.of(file, name), let named = try? FileStatus.of(name, in: folder),
            held.identity == named.identity
        {
            _ = try? Files.unlink(name, in: folder)
        }
    }

    private enum Attempt: ~Copyable {
        case taken(Descriptor, folder: Descriptor)
        case held(by: Int32?)
        case notAFile(FileStatus.Kind)
    }

    /// Holders that end at this very moment take the file from under us; so many in a row do not.
    private static let limit = 16

    private static func attempt(
        _ name: String, in folder: borrowing Descriptor, _ path: String
    ) throws(SystemError) -> Attempt {
        for _ in 0..<limit {
            let file = try Files.open(name, in: folder, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
            let status = try FileStatus.of(file, path)
            if status.kind != .file { return .notAFile(status.kind) }
            if try !Files.lock(file, path) { return .held(by: holder(name, in: folder)) }
            guard let named = try? FileStatus.of(name, in: folder), named.identity == status.identity else { continue }
            try Files.resize(file, path, to: 0)
            try Files.write(Array("\(getpid())\n".utf8), to: file, path)
            return .taken(file, folder: try Files.open(".", in: folder, O_RDONLY | O_DIRECTORY))
        }
        throw SystemError("lock", path, code: EAGAIN)
    }

    private static func holder(_ name: String, in folder: borrowing Descriptor) -> Int32? {
        guard let bytes = try? Files.read(name, in: folder, limit: 32) else { return nil }
        return Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
