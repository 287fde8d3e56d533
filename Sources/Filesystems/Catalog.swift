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

    /// Checks the filesystem on an unmounted device.
    public static func check(
        _ filesystem: any Filesystem, on device: String, _ mode: CheckMode
    ) throws(FilesystemError) -> CheckOutcome {
        if mode == .off { return .notRun }
        try PrivateMount.requireFree(device)
        return try filesystem.check(device, mode)
    }
}
