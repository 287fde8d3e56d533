internal import Glibc

/// A lock file, whose flock(2) one process has. It holds that process's id and start, for those who come later.
///
/// A process that was killed while a system call of it hangs has its locks until that call comes back, which may be never;
/// it does nothing any more but end. Its place is taken: by a new file under the name.
public struct LockFile: ~Copyable, Sendable {
    public enum Outcome: ~Copyable {
        case taken(LockFile)
        /// Somebody lives who has it; the process id, where the file tells it.
        case held(by: Int32?)
        case notAFile(FileStatus.Kind)
    }

    private let folder: Descriptor
    private let file: Descriptor
    private let name: String

    /// Takes the lock of the file of that name in a folder, which is made; `path` is for the sentence of an error.
    public static func take(
        _ name: String, in folder: borrowing Descriptor, _ path: String
    ) throws(SystemError) -> Outcome {
        for _ in 0..<limit {
            let file = try Files.open(name, in: folder, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
            let status = try FileStatus.of(file, path)
            if status.kind != .file { return .notAFile(status.kind) }
            if try !Files.lock(file, path) {
                let holder = Holder(name, in: folder)
                guard let holder, holder.isEnding, try removeAbandoned(name, in: folder, path, status.identity) else {
                    return .held(by: holder?.processID)
                }
                continue
            }
            guard let named = try? FileStatus.of(name, in: folder), named.identity == status.identity else { continue }
            // On a full filesystem there may be no room for it, and the lock is had all the same.
            _ = try? Files.resize(file, path, to: 0)
            _ = try? Files.write(Holder.me.text, to: file, path)
            return .taken(
                LockFile(folder: try Files.open(".", in: folder, O_RDONLY | O_DIRECTORY), file: file, name: name))
        }
        throw SystemError("lock", path, code: EAGAIN)
    }

    /// Holders that end at this very moment take the file from under us; so many in a row do not.
    private static let limit = 16

    /// Removes the name of a file whose holder was killed. One at a time: the folder is locked meanwhile. False when
    /// somebody else is at it.
    private static func removeAbandoned(
        _ name: String, in folder: borrowing Descriptor, _ path: String, _ identity: FileIdentity
    ) throws(SystemError) -> Bool {
        let gate = try Files.open(".", in: folder, O_RDONLY | O_DIRECTORY)
        guard try Files.lock(gate, path) else { return false }
        if let named = try? FileStatus.of(name, in: folder), named.identity == identity {
            try Files.unlink(name, in: folder)
        }
        return true
    }

    private init(folder: consuming Descriptor, file: consuming Descriptor, name: String) {
        self.folder = folder
        self.file = file
        self.name = name
    }

    /// Removes the file's name, if it is still this file's, while the lock is held: who has opened the file meanwhile sees,
    /// once it gets the lock, that the name is no longer this file's, and tries again.
    public func removeName() {
        if let held = try? FileStatus.of(file, name), let named = try? FileStatus.of(name, in: folder),
            held.identity == named.identity
        {
            _ = try? Files.unlink(name, in: folder)
        }
    }
}

/// Who has a lock, as its file tells.
private struct Holder {
    let processID: Int32
    /// When it was started, in the kernel's ticks since boot (proc_pid_stat(5), field 22): a process id is used again.
    let started: String

    static var me: Holder { Holder(processID: getpid(), started: look(getpid())?.started ?? "") }

    var text: [UInt8] { Array("\(processID)\n\(started)\n".utf8) }

    private init(processID: Int32, started: String) {
        self.processID = processID
        self.started = started
    }

    init?(_ name: String, in folder: borrowing Descriptor) {
        guard let bytes = try? Files.read(name, in: folder, limit: 64) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard let first = lines.first, let processID = Int32(first) else { return nil }
        self.init(processID: processID, started: lines.count > 1 ? lines[1] : "")
    }

    /// Whether that very process was killed and cannot end: its main thread is gone, which a living node's never is.
    var isEnding: Bool {
        guard !started.isEmpty, let now = Self.look(processID) else { return false }
        return now.started == started && now.state == "Z"
    }

    private static func look(_ processID: Int32) -> (state: String, started: String)? {
        guard let bytes = try? Files.read("/proc/\(processID)/stat", limit: 4_096) else { return nil }
        // The command's name stands in parentheses and may hold anything.
        let fields =
            String(decoding: bytes.drop { $0 != UInt8(ascii: ")") }, as: UTF8.self).split(separator: ")").last?
            .split(separator: " ") ?? []
        return fields.count > 19 ? (String(fields[0]), String(fields[19])) : nil
    }
}
