internal import Glibc
internal import Syscalls

/// The demo's temporary folder: a pool, a folder that stands for kubelet's, and the socket.
struct DemoFolder {
    let path: String

    var pool: String { "\(path)/pool" }
    var kubelet: String { "\(path)/kubelet" }
    var socket: String { "\(path)/csi.sock" }
    var log: String { "\(path)/node.log" }

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/holdfast-demo-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("make a folder in", base) }
        path = String(cString: made)
        for folder in [pool, kubelet, "\(kubelet)/staging", "\(kubelet)/pods"] {
            guard mkdir(folder, 0o700) == 0 else { throw SystemError.last("make", folder) }
        }
    }

    /// The last lines of the node's log, for when it did not start.
    var logTail: String {
        let text = (try? Files.read(log, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").suffix(3).joined(separator: "; ")
    }

    /// Removes the folder and what is in it. It never goes into another filesystem: what is still mounted stays.
    func remove() throws {
        let folder = try Files.open(path, O_RDONLY | O_DIRECTORY)
        let device = try FileStatus.of(folder, path).identity.device
        try empty(folder, path, device)
        guard rmdir(path) == 0 else { throw SystemError.last("remove", path) }
    }

    private func empty(_ folder: borrowing Descriptor, _ path: String, _ device: DeviceNumber) throws {
        for name in try Files.names(in: folder, path) {
            let status = try FileStatus.of(name, in: folder)
            guard status.kind == .directory else {
                try Files.unlink(name, in: folder)
                continue
            }
            guard status.identity.device == device else {
                throw CommandError(description: "\(path)/\(name) is still mounted; it was left alone")
            }
            let inner = try Files.open(name, in: folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try empty(inner, "\(path)/\(name)", device)
            try Files.removeDirectory(name, in: folder)
        }
    }
}
