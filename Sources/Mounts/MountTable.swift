internal import CLinux
internal import Glibc
public import Syscalls

/// The kernel's mount table: one mount by its id, or all of them.
public enum MountTable {
    /// What statmount(2) says of one mount, whatever their number.
    struct Single {
        /// Nil when the mount is gone.
        let mount: Mount?
    }

    /// The mount with a unique id from `FileStatus.mountID`. Nil where the kernel is older than Linux 6.8, or a container's
    /// filter refuses the call: then the whole table has to be read.
    static func single(id: UInt64) throws(SystemError) -> Single? {
        switch try statmount(id) {
        case .found(let mount):
            // An anonymous device says nothing without the source, which statmount has told since Linux 6.13 only.
            if mount.device.major != 0 || mount.source != nil { return Single(mount: mount) }
            let named = try all().last { $0.point == mount.point && $0.device == mount.device }
            return Single(mount: named?.with(id: id) ?? mount)
        case .gone: return Single(mount: nil)
        case .unsupported: return nil
        }
    }

    /// The id that the mount table gives to the mount of an open file (`mnt_id` of proc_pid_fdinfo(5)).
    static func shortID(of file: borrowing Descriptor) throws(SystemError) -> UInt64 {
        let path = "/proc/self/fdinfo/\(file.number)"
        let text = String(decoding: try Files.read(path, limit: 1 << 16), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("mnt_id:") {
            if let id = line.split(separator: "\t").last.flatMap({ UInt64($0) }) { return id }
        }
        throw SystemError("find the mount id in", path, code: ENOENT)
    }

    /// Every mount of this namespace, in the kernel's order (`/proc/self/mountinfo`, proc_pid_mountinfo(5)).
    ///
    /// Its ids are the short ones, which the kernel uses again.
    public static func all() throws(SystemError) -> [Mount] {
        let bytes = try Files.read("/proc/self/mountinfo", limit: 256 << 20)
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { parse($0) }
    }

    private enum Answer {
        case found(Mount)
        case gone
        case unsupported
    }

    private static func statmount(_ id: UInt64) throws(SystemError) -> Answer {
        let mask = UInt64(
            HOLDFAST_STATMOUNT_SB_BASIC | HOLDFAST_STATMOUNT_MNT_BASIC | HOLDFAST_STATMOUNT_MNT_ROOT
                | HOLDFAST_STATMOUNT_MNT_POINT | HOLDFAST_STATMOUNT_FS_TYPE | HOLDFAST_STATMOUNT_MNT_OPTS
                | HOLDFAST_STATMOUNT_SB_SOURCE)
        var room = [UInt8](repeating: 0, count: 4_096)
        while true {
            let status = room.withUnsafeMutableBytes { holdfast_statmount(id, mask, $0.baseAddress, $0.count) }
            if status == 0 { return .found(Mount(room, id: id)) }
            switch errno {
            case EOVERFLOW where room.count < 1 << 20: room = [UInt8](repeating: 0, count: room.count * 2)
            case ENOENT: return .gone
            case ENOSYS, EPERM, EINVAL: return .unsupported
            default: throw .last("read", "mount \(id)")
            }
        }
    }

    /// One line: `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
    static func parse(_ line: some Collection<UInt8>) -> Mount? {
        // A source may be empty, and stands between two spaces then.
        let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4, let id = UInt64(fields[0])
        else { return nil }
        let numbers = fields[2].split(separator: ":").compactMap { UInt32($0) }
        guard numbers.count == 2 else { return nil }
        let isMountReadOnly = fields[5].split(separator: ",").contains("ro")
        let isStopped = isStopped(options: fields[dash + 3])
        return Mount(
            id: id, device: DeviceNumber(major: numbers[0], minor: numbers[1]), root: unescapedMountField(fields[3]),
            point: unescapedMountField(fields[4]), filesystem: fields[dash + 1],
            source: unescapedMountField(fields[dash + 2]),
            isReadOnly: isMountReadOnly || isStopped, isFilesystemReadOnly: isStopped && !isMountReadOnly)
    }

    /// Whether a filesystem takes no writes, by the options that it tells. ext4 keeps `rw` as it was and says so at the end
    /// when an error, or somebody, has stopped it (Linux 6.15).
    fileprivate static func isStopped(options: String) -> Bool {
        options.split(separator: ",").contains { ["ro", "emergency_ro", "shutdown"].contains($0) }
    }
}

extension Mount {
    /// From the kernel's `struct statmount`; its strings lie after the fixed head of 512 bytes.
    fileprivate init(_ room: [UInt8], id: UInt64) {
        let head = room.withUnsafeBytes { $0.loadUnaligned(as: holdfast_statmount.self) }
        func string(_ offset: UInt32) -> String {
            let start = MemoryLayout<holdfast_statmount>.size + Int(offset)
            return String(decoding: room[min(start, room.count)...].prefix { $0 != 0 }, as: UTF8.self)
        }
        let hasSource = head.mask & UInt64(HOLDFAST_STATMOUNT_SB_SOURCE) != 0
        let isMountReadOnly = head.mnt_attr & UInt64(MOUNT_ATTR_RDONLY) != 0
        let hasOptions = head.mask & UInt64(HOLDFAST_STATMOUNT_MNT_OPTS) != 0
        let isStopped =
            head.sb_flags & UInt32(MS_RDONLY) != 0
            || (hasOptions && MountTable.isStopped(options: string(head.mnt_opts)))
        self.init(
            id: id, device: DeviceNumber(major: head.sb_dev_major, minor: head.sb_dev_minor),
            root: string(head.mnt_root), point: string(head.mnt_point), filesystem: string(head.fs_type),
            source: hasSource ? string(head.sb_source) : nil, isReadOnly: isMountReadOnly || isStopped,
            isFilesystemReadOnly: isStopped && !isMountReadOnly)
    }
}
