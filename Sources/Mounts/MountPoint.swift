internal import CLinux
internal import Glibc
public import Syscalls

/// What stands at a path.
public enum Occupant: Sendable {
    case nothing
    /// A directory without a mount.
    case directory
    /// A regular file without a mount; size in bytes.
    case file(size: Int64)
    /// A mounted filesystem, with the device that it lies on where there is one.
    case filesystem(Mount, device: DeviceNumber?)
    /// A device node that is mounted on a file, as raw block volumes are.
    case deviceNode(Mount, device: DeviceNumber)
    /// Anything else: a symlink, a socket, a pipe.
    case other(String)
}

extension HostPath {
    /// Looks at the path and, where it is the root of a mount, at that mount.
    public func occupant() throws(MountError) -> Occupant {
        guard let status = try status() else { return .nothing }
        guard status.isMountRoot else {
            switch status.kind {
            case .directory: return .directory
            case .file: return .file(size: status.size)
            default: return .other("a \(status.kind.rawValue)")
            }
        }
        let found: Mount?
        do throws(SystemError) {
            found = try MountTable.mount(id: status.mountID, isUnique: status.hasUniqueMountID)
        } catch {
            throw .system(error)
        }
        guard let mount = found else {
            // It was unmounted between the two looks.
            return .nothing
        }
        if status.kind == .blockDevice { return .deviceNode(mount, device: status.special) }
        return .filesystem(mount, device: mount.blockDevice)
    }

    /// Makes the directory; what exists is left as it is. Says whether it made one.
    @discardableResult
    public func makeDirectory(mode: UInt32 = 0o750) throws(MountError) -> Bool {
        do throws(SystemError) {
            return try Files.makeDirectory(name, in: parent, mode: mode)
        } catch {
            throw .system(SystemError("make the directory", path, code: error.code))
        }
    }

    /// Makes an empty file to mount a device node on; what exists is left as it is. Says whether it made one.
    @discardableResult
    public func makeFile() throws(MountError) -> Bool {
        do throws(SystemError) {
            _ = try Files.open(name, in: parent, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode: 0o600)
            return true
        } catch {
            if error.code == EEXIST { return false }
            throw .system(SystemError("make the file", path, code: error.code))
        }
    }

    /// Whether the directory holds nothing.
    public func isEmptyDirectory() throws(MountError) -> Bool {
        do throws(SystemError) {
            let folder = try Files.open(name, in: parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            return try Files.names(in: folder, path).isEmpty
        } catch {
            throw .system(SystemError("list", path, code: error.code))
        }
    }

    /// Removes an unmounted directory or an empty file, never more than that one entry.
    public func remove() throws(MountError) {
        let occupant = try occupant()
        do throws(SystemError) {
            switch occupant {
            case .nothing: return
            case .directory: try Files.removeDirectory(name, in: parent)
            case .file(size: 0): try Files.unlink(name, in: parent)
            default: break
            }
        } catch {
            if error.code == ENOTEMPTY { throw .notOurs(path: path, found: "files beneath the mount point") }
            throw .system(SystemError("remove", path, code: error.code))
        }
        switch occupant {
        case .nothing, .directory, .file(size: 0): return
        default: throw .notOurs(path: path, found: occupant.summary)
        }
    }
}

extension Occupant {
    /// What stands there, as words.
    public var summary: String {
        switch self {
        case .nothing: "nothing"
        case .directory: "a directory"
        case .file(let size): "a file of \(size) bytes"
        case .filesystem(let mount, _): mount.summary
        case .deviceNode(_, let device): "a bind mount of block device \(device)"
        case .other(let what): what
        }
    }
}

extension Mount {
    /// The block device beneath: the filesystem's own number, or, where that is anonymous (btrfs), its source's.
    public var blockDevice: DeviceNumber? {
        if device.major != 0 { return device }
        guard let source, source.hasPrefix("/dev/"), let status = try? FileStatus.of(path: source),
            status.kind == .blockDevice
        else { return nil }
        return status.special
    }
}
