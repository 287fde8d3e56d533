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
        // A mount can go between the look at the path and the look at the mount; then what it covered is looked at.
        for _ in 0..<64 {
            let status: FileStatus?
            do throws(MountError) {
                status = try self.status()
            } catch {
                guard case .system(let cause) = error, Self.brokenMount.contains(cause.code) else { throw error }
                return try brokenOccupant(cause)
            }
            guard let status else { return .nothing }
            guard status.isMountRoot else {
                switch status.kind {
                case .directory: return .directory
                case .file: return .file(size: status.size)
                default: return .other("a \(status.kind.rawValue)")
                }
            }
            guard let mount = try mount(status) else { continue }
            if status.kind == .blockDevice { return .deviceNode(mount, device: status.special) }
            return .filesystem(mount, device: mount.blockDevice)
        }
        throw .system(SystemError("follow the mounts at", path, code: EAGAIN))
    }

    /// What stat(2) says of the root of a filesystem that has failed: a shut-down xfs, a dead network server. It must be
    /// possible to unmount it all the same.
    private static let brokenMount: Set<CInt> = [
        ENOTCONN, ESTALE, EIO, EACCES, EHOSTDOWN, ENODEV, EWOULDBLOCK, EUCLEAN,
    ]

    private func mount(_ status: FileStatus) throws(MountError) -> Mount? {
        do throws(SystemError) {
            if status.hasUniqueMountID, let answer = try MountTable.single(id: status.mountID) { return answer.mount }
            let id = try MountTable.shortID(of: try Files.open(name, in: parent, HOLDFAST_O_PATH | O_NOFOLLOW))
            return try MountTable.all().last { $0.id == id }
        } catch {
            throw .system(error)
        }
    }

    /// The mount that the folder of this path lies on, where that is another one than the root folder's own.
    public func surroundings() throws(MountError) -> Mount? {
        do throws(SystemError) {
            let status = try FileStatus.of(parent, path)
            if status.mountID == rootMountID { return nil }
            if status.hasUniqueMountID, let answer = try MountTable.single(id: status.mountID) { return answer.mount }
            let id = try MountTable.shortID(of: parent)
            return try MountTable.all().last { $0.id == id }
        } catch {
            throw .system(error)
        }
    }

    /// The mount at a path that cannot be looked at, by what /proc says of a descriptor of it; opening one with O_PATH
    /// asks the filesystem nothing.
    private func brokenOccupant(_ cause: SystemError) throws(MountError) -> Occupant {
        do throws(SystemError) {
            let id = try MountTable.shortID(of: try Files.open(name, in: parent, HOLDFAST_O_PATH | O_NOFOLLOW))
            let parentID = try MountTable.shortID(of: parent)
            guard id != parentID, let mount = try MountTable.all().last(where: { $0.id == id }) else { throw cause }
            return .filesystem(mount.stopped, device: mount.blockDevice)
        } catch {
            throw .system(error)
        }
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
            throw .onEntry("list", path, error.code)
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
            throw .onEntry("remove", path, error.code)
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
        // The source of tmpfs, overlay and FUSE is free text; that of btrfs is the device that it was mounted from.
        guard filesystem == "btrfs", let source, source.hasPrefix("/dev/"),
            let status = try? FileStatus.of(path: source),
            status.kind == .blockDevice
        else { return nil }
        return status.special
    }
}
