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
    ///
    /// One process at a time is at this: the folder is locked meanwhile, so that nobody takes the file whose name another one
    /// removes.
    public static func take(
        _ name: String, in folder: borrowing Descriptor, _ path: String
    ) throws(SystemError) -> Outcome {
        let gate = try Files.open(".", in: folder, O_RDONLY | O_DIRECTORY)
        guard try lock(gate, path, seconds: patience) else { return .held(by: nil) }
        for _ in 0..<limit {
            let file = try Files.open(name, in: folder, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
            let status = try FileStatus.of(file, path)
            if status.kind != .file { return .notAFile(status.kind) }
            if try !Files.lock(file, path) {
                guard let holder = Holder(name, in: folder), holder.isEnding else {
                    return .held(by: Holder(name, in: folder)?.shownProcessID)
                }
                // Most that are killed are gone in a moment. One that is not is in a call that hangs.
                if try !lock(file, path, seconds: patience) {
                    guard holder.isHanging else { return .held(by: holder.processID) }
                    try Files.unlink(name, in: folder)
                    continue
                }
            }
            guard let named = try? FileStatus.of(name, in: folder), named.identity == status.identity else { continue }
            // The former holder is not to be read for this one, whatever happens next.
            try Files.resize(file, path, to: 0)
            // On a full filesystem there may be no room for it, and the lock is had all the same.
            _ = try? Files.write(Holder.me.text, to: file, path)
            return .taken(
                LockFile(folder: try Files.open(".", in: folder, O_RDONLY | O_DIRECTORY), file: file, name: name))
        }
        throw SystemError("lock", path, code: EAGAIN)
    }

    /// Holders that end at this very moment take the file from under us; so many in a row do not.
    private static let limit = 16
    /// Seconds that a process which is being killed is given to end, and one that takes the lock to be done.
    private static let patience = 3.0

    /// Takes a lock within so many seconds.
    private static func lock(
        _ file: borrowing Descriptor, _ path: String, seconds: Double
    ) throws(SystemError) -> Bool {
        let end = Moment.after(seconds: seconds)
        while true {
            if try Files.lock(file, path) { return true }
            if end < .now { return false }
            usleep(10_000)
        }
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
    /// The namespace that the id is of, such as `pid:[4026531836]`: in a container it means another process.
    let namespace: String

    static var me: Holder {
        Holder(processID: getpid(), started: look("/proc/self/stat")?.started ?? "", namespace: ownNamespace)
    }

    var text: [UInt8] { Array("\(processID)\n\(started)\n\(namespace)\n".utf8) }

    private init(processID: Int32, started: String, namespace: String) {
        (self.processID, self.started, self.namespace) = (processID, started, namespace)
    }

    init?(_ name: String, in folder: borrowing Descriptor) {
        guard let bytes = try? Files.read(name, in: folder, limit: 256) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard let first = lines.first, let processID = Int32(first) else { return nil }
        self.init(
            processID: processID, started: lines.count > 1 ? lines[1] : "", namespace: lines.count > 2 ? lines[2] : "")
    }

    /// The id, where it may mean that process here.
    var shownProcessID: Int32? { namespace.isEmpty || namespace == Self.ownNamespace ? processID : nil }

    /// Whether that very process was killed and has not ended yet: its main thread is gone, which a living node's never is.
    var isEnding: Bool {
        guard !started.isEmpty, namespace == Self.ownNamespace, !namespace.isEmpty,
            let now = Self.look("/proc/\(processID)/stat")
        else { return false }
        return now.started == started && now.state == "Z"
    }

    /// Whether all that is left of it are threads that the kernel does not let go.
    var isHanging: Bool {
        guard isEnding, let folder = try? Files.open("/proc/\(processID)/task", O_RDONLY | O_DIRECTORY),
            let threads = try? Files.names(in: folder, "the threads of process \(processID)")
        else { return false }
        return threads.allSatisfy { thread in
            guard let now = Self.look("/proc/\(processID)/task/\(thread)/stat") else { return true }
            return ["D", "Z", "X"].contains(now.state)
        }
    }

    private static var ownNamespace: String {
        var room = [CChar](repeating: 0, count: 64)
        let length = readlink("/proc/self/ns/pid", &room, room.count)
        return String(decoding: room[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func look(_ path: String) -> (state: String, started: String)? {
        guard let bytes = try? Files.read(path, limit: 4_096) else { return nil }
        // The command's name stands in parentheses and may hold anything.
        let fields =
            String(decoding: bytes.drop { $0 != UInt8(ascii: ")") }, as: UTF8.self).split(separator: ")").last?
            .split(separator: " ") ?? []
        return fields.count > 19 ? (String(fields[0]), String(fields[19])) : nil
    }
}
