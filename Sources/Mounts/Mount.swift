public import Syscalls

/// One mount as the kernel has it.
public struct Mount: Sendable, Equatable {
    /// The id that statx(2) gives for a file on it: unique for ever from Linux 6.8 on.
    public let id: UInt64
    /// The device of the filesystem. btrfs, overlay and network filesystems show an anonymous one (major 0).
    public let device: DeviceNumber
    /// The directory, or the file, of the filesystem that is mounted: `/`, or `/loop3` of devtmpfs.
    public let root: String
    /// Where it is mounted, as this mount namespace sees it.
    public let point: String
    /// The kernel's name of the filesystem, such as `ext4`.
    public let filesystem: String
    /// What was mounted, such as `/dev/loop3`; nil where the kernel does not tell cheaply (before Linux 6.13).
    public let source: String?
    /// Whether writes are refused, by the mount itself or by its filesystem.
    public let isReadOnly: Bool
    /// Whether the filesystem refuses writes although the mount would take them: it was told so, or it met an error.
    public let isFilesystemReadOnly: Bool

    public init(
        id: UInt64, device: DeviceNumber, root: String, point: String, filesystem: String, source: String?,
        isReadOnly: Bool, isFilesystemReadOnly: Bool = false
    ) {
        self.id = id
        self.device = device
        self.root = root
        self.point = point
        self.filesystem = filesystem
        self.source = source
        self.isReadOnly = isReadOnly
        self.isFilesystemReadOnly = isFilesystemReadOnly
    }

    func with(id: UInt64) -> Mount {
        Mount(
            id: id, device: device, root: root, point: point, filesystem: filesystem, source: source,
            isReadOnly: isReadOnly, isFilesystemReadOnly: isFilesystemReadOnly)
    }

    /// The same mount of a filesystem that answers with errors alone.
    var stopped: Mount {
        Mount(
            id: id, device: device, root: root, point: point, filesystem: filesystem, source: source, isReadOnly: true,
            isFilesystemReadOnly: true)
    }

    /// A sentence's words for a mount that is in the way.
    public var summary: String { "a \(filesystem) mount of \(source ?? "device \(device)")" }
}
