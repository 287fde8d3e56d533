internal import CLinux
internal import Glibc
public import Syscalls

/// The folder that staging and target paths must lie in, normally kubelet's.
///
/// Paths come from outside and are hostile: they are walked by openat2(2) from the root's own descriptor, may not
/// leave it and may not pass through magic links; everything afterwards is done through the descriptor that came out,
/// so a symlink that is swapped meanwhile changes nothing.
public final class HostRoot: Sendable {
    public let path: String
    /// The path without symlinks, as the mount table has it.
    private let realPath: String
    private let descriptor: Descriptor
    /// The mount that the root folder itself lies on.
    private let mountID: UInt64

    /// Opens the root. It must be an absolute path to a directory that exists.
    public init(_ path: String) throws(MountError) {
        guard path.hasPrefix("/") else { throw .badPath(path: path, reason: "a root folder is an absolute path") }
        do throws(SystemError) {
            descriptor = try Files.open(path, O_RDONLY | O_DIRECTORY)
            mountID = try FileStatus.of(descriptor, path).mountID
        } catch {
            throw .system(error)
        }
        self.path = path == "/" ? "" : path.hasSuffix("/") ? String(path.dropLast()) : path
        var room = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/fd/\(descriptor.number)", &room, room.count - 1)
        guard length > 0 else { throw .system(.last("find the true path of", path)) }
        let real = String(decoding: room[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        realPath = real == "/" ? "" : real
    }

    /// As `locate`, for a mount point as the kernel tells it, which knows no symlinks. Nil outside of the root.
    public func locate(mountPoint: String) throws(MountError) -> HostPath? {
        guard mountPoint.hasPrefix("\(realPath)/") else { return nil }
        return try locate(path + mountPoint.dropFirst(realPath.count))
    }

    /// Resolves the folder that `path` lies in and keeps it open. The last component need not exist.
    public func locate(_ path: String) throws(MountError) -> HostPath {
        let components = try components(path)
        guard let name = components.last else {
            throw .badPath(path: path, reason: "it is the root folder \(self.path) itself")
        }
        let parent = components.dropLast().joined(separator: "/")
        let whole = "\(self.path)/\(components.joined(separator: "/"))"
        let folder = try open(parent.isEmpty ? "." : parent, of: path)
        return HostPath(parent: folder, name: name, path: whole, rootMountID: mountID)
    }

    /// The components beneath the root.
    private func components(_ path: String) throws(MountError) -> [String] {
        guard !path.utf8.contains(0) else { throw .badPath(path: "(with a NUL byte)", reason: "it holds a NUL byte") }
        guard path.utf8.count < 4_096 else {
            throw .badPath(path: "\(path.prefix(64))…", reason: "it is longer than 4,095 bytes")
        }
        guard path.hasPrefix("/") else { throw .badPath(path: path, reason: "it is not an absolute path") }
        guard path == self.path || path.hasPrefix("\(self.path)/") else {
            throw .badPath(path: path, reason: "it lies outside of \(self.path.isEmpty ? "/" : self.path)")
        }
        let components = path.dropFirst(self.path.count).split(separator: "/").map(String.init)
        guard !components.contains("..") else { throw .badPath(path: path, reason: "it holds '..'") }
        guard components.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw .badPath(path: path, reason: "a component is longer than 255 bytes")
        }
        return components.filter { $0 != "." }
    }

    private func open(_ relative: String, of path: String) throws(MountError) -> Descriptor {
        let flags = UInt64(UInt32(bitPattern: HOLDFAST_O_PATH | O_DIRECTORY | O_CLOEXEC))
        let resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
        for _ in 0..<16 {
            let number = holdfast_openat2(descriptor.number, relative, flags, 0, resolve)
            if number >= 0 { return Descriptor(owning: number) }
            switch errno {
            case EAGAIN, EINTR: continue  // something was renamed meanwhile (openat2(2))
            case ENOENT: throw .missingPath(path: path)
            case ENOTDIR: throw .badPath(path: path, reason: "a component of it is not a directory")
            case EXDEV: throw .badPath(path: path, reason: "a symlink in it leads out of \(self.path)")
            case ELOOP: throw .badPath(path: path, reason: "it passes through a magic link or too many symlinks")
            default: throw .system(.last("open", path))
            }
        }
        throw .system(SystemError("open", path, code: EAGAIN))
    }
}

/// A name in a folder that is held open: what mount points are made, looked at and removed through.
public struct HostPath: ~Copyable, Sendable {
    let parent: Descriptor
    let name: String
    /// The whole path as the client wrote it, without doubled slashes and dots.
    public let path: String
    let rootMountID: UInt64

    /// What is there now, mounted or not; nil for nothing. A symlink is not followed.
    public func status() throws(MountError) -> FileStatus? {
        do throws(SystemError) {
            return try FileStatus.of(name, in: parent)
        } catch {
            if error.code == ENOENT { return nil }
            throw .system(SystemError("look at", path, code: error.code))
        }
    }

    /// Opens what is there for use as one end of a mount (O_PATH): the topmost mount's root where one is mounted.
    func open() throws(MountError) -> Descriptor {
        do throws(SystemError) {
            return try Files.open(name, in: parent, HOLDFAST_O_PATH | O_NOFOLLOW)
        } catch {
            throw .onEntry("open", path, error.code)
        }
    }

    /// Opens the directory or file for reading its filesystem's figures.
    public func openForReading() throws(MountError) -> Descriptor {
        do throws(SystemError) {
            return try Files.open(name, in: parent, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            throw .onEntry("open", path, error.code)
        }
    }
}
