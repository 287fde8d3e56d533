public import Glibc
internal import Synchronization

/// A folder of a test's own, removed with what is in it at the end. What a test leaves mounted in it is unmounted first,
/// and what it leaves attached is detached.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init(_ name: String = "test") {
        var template = Array("/tmp/holdfast-\(name)-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("mkdtemp: \(String(cString: strerror(errno)))") }
        path = String(cString: made)
        _ = Self.removesAtExit
        Self.living.withLock { _ = $0.insert(path) }
    }

    /// What a thread or a task still held when the process ended goes as well.
    private init(leftAt path: String) { self.path = path }

    private static let living = Mutex<Set<String>>([])
    private static let removesAtExit: Void = {
        atexit {
            let left = TemporaryFolder.living.withLock { $0 }
            for path in left { _ = TemporaryFolder(leftAt: path) }
        }
    }()

    deinit {
        unmountAll()
        detachLoops()
        remove(path)
        // Last, for the process may end while another thread is at it.
        Self.living.withLock { _ = $0.remove(path) }
    }

    /// The path of a name in the folder.
    public func at(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder in it and returns its path.
    public func makeFolder(_ name: String, mode: mode_t = 0o755) -> String {
        guard mkdir(at(name), mode) == 0 else { fatalError("mkdir: \(String(cString: strerror(errno)))") }
        return at(name)
    }

    /// Writes a file in it and returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) -> String {
        guard let file = fopen(at(name), "w") else { fatalError("fopen: \(String(cString: strerror(errno)))") }
        fputs(text, file)
        fclose(file)
        return at(name)
    }

    /// Mount points beneath the folder, deepest first.
    public var mountPoints: [String] {
        guard let table = fopen("/proc/self/mountinfo", "r") else { return [] }
        defer { fclose(table) }
        var points: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        while getline(&line, &room, table) > 0, let line {
            let fields = String(cString: line).split(separator: " ")
            if fields.count > 4, fields[4].hasPrefix("\(path)/") { points.append(withoutEscapes(fields[4])) }
        }
        return points.reversed()
    }

    /// The table writes space, tab, newline and backslash as three octal digits after a backslash.
    private func withoutEscapes(_ field: Substring) -> String {
        var out: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                out.append(code)
                rest = rest.dropFirst(3)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private func unmountAll() { for point in mountPoints { umount2(point, CInt(MNT_DETACH)) } }

    /// Removes a tree without following symlinks. A mount that is still there keeps its content.
    private func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            if mountPoints.contains(path) { return }
            if let folder = opendir(path) {
                while let entry = readdir(folder) {
                    let name = withUnsafePointer(to: &entry.pointee.d_name) {
                        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                    }
                    if name != "." && name != ".." { remove("\(path)/\(name)") }
                }
                closedir(folder)
            }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}

/// The folder that this process's executables were built into: tests start the node from there.
public let builtProducts: String = {
    var room = [CChar](repeating: 0, count: 4_096)
    let length = readlink("/proc/self/exe", &room, room.count - 1)
    let path = String(decoding: room[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
}()

/// Whether this process may attach loop devices and mount.
public let isRoot = geteuid() == 0
