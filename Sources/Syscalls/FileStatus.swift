internal import CLinux
internal import Glibc

/// A device number as the kernel writes it: major and minor.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    public let major: UInt32
    public let minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// From the 64-bit encoding of `dev_t` in glibc and in `LOOP_GET_STATUS64`'s 32-bit huge_encode_dev.
    public init(encoded: UInt64) {
        major = UInt32((encoded >> 8) & 0xfff) | UInt32((encoded >> 32) & 0xffff_f000)
        minor = UInt32(encoded & 0xff) | UInt32((encoded >> 12) & 0xffff_ff00)
    }

    public var description: String { "\(major):\(minor)" }
}

/// A file's identity on this host: the device of its filesystem and its inode. Paths change, this does not.
public struct FileIdentity: Hashable, Sendable, CustomStringConvertible {
    public let device: DeviceNumber
    public let inode: UInt64

    public init(device: DeviceNumber, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    public var description: String { "\(device) inode \(inode)" }
}

/// What statx(2) says of a file, without asking a remote server and without starting an automount.
public struct FileStatus: Sendable {
    public enum Kind: String, Sendable {
        case file, directory, symlink, socket, pipe, other
        case blockDevice = "block device"
        case characterDevice = "character device"
    }

    public let kind: Kind
    public let identity: FileIdentity
    /// Bytes.
    public let size: Int64
    /// Bytes that are really allocated (statx counts units of 512).
    public let allocated: Int64
    /// The device that a device node stands for.
    public let special: DeviceNumber
    /// The id of the mount that the file lies on; unique for the life of the host where `hasUniqueMountID`.
    public let mountID: UInt64
    /// Linux 6.8 and newer give mount ids that are never used again.
    public let hasUniqueMountID: Bool
    /// Whether the file is the root of its mount (Linux 5.8).
    public let isMountRoot: Bool

    /// The status of an open file.
    public static func of(_ file: borrowing Descriptor, _ object: String) throws(SystemError) -> FileStatus {
        try read(file.number, "", HOLDFAST_AT_EMPTY_PATH, object)
    }

    /// The status of a name in an open directory; a symlink is not followed.
    public static func of(_ name: String, in directory: borrowing Descriptor) throws(SystemError) -> FileStatus {
        try read(directory.number, name, HOLDFAST_AT_SYMLINK_NOFOLLOW, name)
    }

    /// The status of a path; symlinks are followed.
    public static func of(path: String) throws(SystemError) -> FileStatus {
        try read(AT_FDCWD, path, 0, path)
    }

    private static func read(
        _ directory: CInt, _ name: String, _ flags: CInt, _ object: String
    ) throws(SystemError) -> FileStatus {
        var raw = holdfast_statx()
        let all = flags | HOLDFAST_AT_NO_AUTOMOUNT | HOLDFAST_AT_STATX_DONT_SYNC
        if holdfast_statx(directory, name, all, &raw) != 0 { throw .last("look at", object) }
        return FileStatus(raw)
    }

    private init(_ raw: holdfast_statx) {
        kind =
            switch mode_t(raw.mode) & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            case S_IFBLK: .blockDevice
            case S_IFCHR: .characterDevice
            case S_IFSOCK: .socket
            case S_IFIFO: .pipe
            default: .other
            }
        identity = FileIdentity(
            device: DeviceNumber(major: raw.device_major, minor: raw.device_minor), inode: raw.inode)
        size = Int64(raw.size)
        allocated = Int64(raw.blocks) * 512
        special = DeviceNumber(major: raw.special_major, minor: raw.special_minor)
        mountID = raw.mount_id
        hasUniqueMountID = raw.mount_id_is_unique != 0
        isMountRoot = raw.is_mount_root != 0
    }
}

/// Room and inodes of a mounted filesystem (fstatvfs(3)).
public struct FilesystemUsage: Sendable, Equatable {
    /// Bytes.
    public let total: Int64
    /// Bytes that an unprivileged writer can still use.
    public let available: Int64
    /// Bytes that are free, the reserved ones included.
    public let free: Int64
    /// 0 where the filesystem makes inodes as it goes (btrfs).
    public let inodes: Int64
    public let freeInodes: Int64
    public let isReadOnly: Bool

    public static func of(_ file: borrowing Descriptor, _ object: String) throws(SystemError) -> FilesystemUsage {
        var raw = statvfs()
        let number = file.number
        if uninterrupted({ fstatvfs(number, &raw) }) != 0 { throw .last("measure the filesystem of", object) }
        let unit = Int64(raw.f_frsize)
        return FilesystemUsage(
            total: Int64(raw.f_blocks) * unit, available: Int64(raw.f_bavail) * unit, free: Int64(raw.f_bfree) * unit,
            inodes: Int64(raw.f_files), freeInodes: Int64(raw.f_ffree), isReadOnly: raw.f_flag & UInt(ST_RDONLY) != 0)
    }
}
