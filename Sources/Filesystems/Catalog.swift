internal import Glibc
internal import Syscalls

/// The kinds of filesystem that volumes can have.
public enum Filesystems {
    public static let all: [any Filesystem] = [
        Ext4(),
        XFS(),
        Btrfs(),
    ]

    /// The kind that a volume gets when nobody says.
    public static let standard: any Filesystem = Ext4()

    public static func named(_ name: String) -> (any Filesystem)? { all.first { $0.name == name } }

    /// The names, for a sentence.
    public static var names: String { all.map(\.name).joined(separator: ", ") }

    /// Refuses a device that is in use, also by a mount that another mount namespace alone shows.
    ///
    /// An exclusive open proves that nobody has mounted it: the kernel refuses it with EBUSY while a filesystem, a
    /// mapper or swap holds the device (open(2), O_EXCL on a block device, Linux 2.6).
    public static func requireUnused(_ device: String) throws(FilesystemError) {
        do throws(SystemError) {
            _ = try Files.open(device, O_RDONLY | O_EXCL)
        } catch {
            if error.code == EBUSY { throw .inUse(device: device) }
            throw .system(error)
        }
    }

    /// Checks the filesystem on an unmounted device.
    public static func check(
        _ filesystem: any Filesystem, on device: String, _ mode: CheckMode
    ) throws(FilesystemError) -> CheckOutcome {
        if mode == .off { return .notRun }
        try requireUnused(device)
        return try filesystem.check(device, mode)
    }
}
