internal import Glibc
public import Syscalls

/// A loop device as sysfs shows it. Looking at it asks nothing of the device, nor of what lies beneath it: one that hangs is
/// seen like any other.
public struct SeenDevice: Sendable, Equatable {
    /// Such as `/dev/loop3`.
    public let path: String
    public let number: DeviceNumber
    /// The backing file's path, as it was when it was attached, or its last one; `(deleted)` stands behind that of a deleted
    /// one.
    public let backing: String
    /// Bytes.
    public let size: Int64
    public let isReadOnly: Bool
    /// The names of block devices that are built on it, in order.
    public let holders: [String]
}

extension AttachedLoops {
    /// What sysfs shows of a loop device; nil when nothing is attached to it.
    public static func seen(_ index: Int) -> SeenDevice? {
        let folder = "/sys/block/loop\(index)"
        guard let backing = line("\(folder)/loop/backing_file"),
            let numbers = line("\(folder)/dev")?.split(separator: ":").compactMap({ UInt32($0) }), numbers.count == 2,
            let sectors = line("\(folder)/size").flatMap({ Int64($0) })
        else { return nil }
        return SeenDevice(
            path: LoopDevice.path(index), number: DeviceNumber(major: numbers[0], minor: numbers[1]), backing: backing,
            // The unit is 512 bytes, whatever the device's own sector (Documentation/ABI/stable/sysfs-block).
            size: sectors * 512, isReadOnly: line("\(folder)/ro") == "1",
            holders: (try? names("\(folder)/holders")) ?? [])
    }

    private static func names(_ path: String) throws(SystemError) -> [String] {
        try Files.names(in: try Files.open(path, O_RDONLY | O_DIRECTORY), path).sorted()
    }

    private static func line(_ path: String) -> String? {
        guard let bytes = try? Files.read(path, limit: 1 << 16) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
