internal import CLinux
internal import Devices
internal import Glibc
internal import Syscalls

/// btrfs, by btrfs-progs.
struct Btrfs: Filesystem {
    let name = "btrfs"

    /// What mkfs.btrfs names as the least in its refusal of a smaller device, with duplicated metadata.
    let minimumSize: Int64 = 114_294_784

    /// mkfs takes less, but the kernel resizes to no less (btrfs_ioctl_resize).
    let smallestGrownSize: Int64 = 256 << 20

    let refusedMountOptions = [
        "device": "it names another device",
        "fatal_errors=panic": "one volume's error must not stop the host",
    ]

    /// A clone's new UUID is written with a checksum that we can make ourselves, and so there are two of them.
    let formatRules = [
        FormatRule("-d", "--data", value: .word(["single", "dup"])),
        FormatRule("-m", "--metadata", value: .word(["single", "dup"])),
        FormatRule(
            "-n", "--nodesize",
            value: .word(["4096", "4k", "8192", "8k", "16384", "16k", "32768", "32k", "65536", "64k"])),
        FormatRule("-s", "--sectorsize", value: .word(["4096", "4k"])),
        FormatRule("-O", "--features", value: .list(["extref", "no-holes", "skinny-metadata", "^no-holes"])),
        FormatRule("-R", "--runtime-features", value: .list(["quota", "free-space-tree", "^free-space-tree"])),
        FormatRule("--csum", "--checksum", value: .word(["crc32c", "xxhash"])),
        FormatRule("-L", "--label", value: .label(limit: 255)),
    ]

    let refusedFormatOptions = [
        "-r": "it copies a folder of the host", "--rootdir": "it copies a folder of the host",
        "--shrink": "the filesystem takes the whole device",
        "-b": "the filesystem takes the whole device", "--byte-count": "the filesystem takes the whole device",
        "-U": "the volume's record has the UUID", "--uuid": "the volume's record has the UUID",
    ]

    func format(
        _ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool, options: FormatOptions
    ) throws(FilesystemError) {
        let device = blank.path
        // The remains of a mkfs that was cut off have the same UUID, and a second filesystem of one UUID is refused.
        if !blank.isZeroed {
            try runFormat("wipefs", ["-q", "-a", "-t", "btrfs", device], device: device)
        }
        // With -U it reads every block device of the host to see whether anybody has that UUID, and it asks every mounted
        // loop device what it shows (btrfs-progs 6.2): one that hangs would hold it, and one that goes meanwhile ends it.
        try runFormat(
            "mkfs.btrfs", options.arguments + ["-q", "-f", "-K", "-U", "\(uuid)", device], device: device,
            seeing: .only(device))
    }

    /// Mounting verifies checksums as it reads. `btrfs check --repair` is never run by a program.
    func check(_ device: String, _ mode: CheckMode) throws(FilesystemError) -> CheckOutcome { .notRun }

    /// A volume has one device, and mkfs gives it this id.
    private static let deviceID: UInt64 = 1

    func size(of mounted: borrowing Descriptor, _ path: String, on device: String) throws(FilesystemError) -> Int64 {
        var raw = holdfast_btrfs_device()
        let number = mounted.number
        if uninterrupted({ holdfast_btrfs_device(number, Self.deviceID, &raw) }) != 0 {
            throw .system(.last("read the size of the btrfs at", path))
        }
        return Int64(clamping: raw.total)
    }

    func grow(
        _ mounted: borrowing Descriptor, _ path: String, on device: String, to size: Int64
    ) throws(FilesystemError) {
        // Not 'max': that would shrink a filesystem whose device has shrunk.
        let target = size / Self.sector * Self.sector
        if try self.size(of: mounted, path, on: device) >= target { return }
        guard target >= smallestGrownSize else {
            throw .cannotGrow(
                type: name, path: path, reason: "the kernel grows it to \(smallestGrownSize) bytes at least")
        }
        let number = mounted.number
        let answer = durable("grow the filesystem on", device) {
            uninterrupted { holdfast_btrfs_resize(number, "\(Self.deviceID):\(target)") }
        }
        if answer == 0 { return }
        let code = errno
        // A positive answer is BTRFS_ERROR_DEV_EXCL_RUN_IN_PROGRESS of <linux/btrfs.h>.
        if answer > 0 || code == EINPROGRESS {
            throw .cannotGrow(type: name, path: path, reason: "a balance or another resize runs on it; try again later")
        }
        if code == EROFS { throw .cannotGrow(type: name, path: path, reason: "it is mounted read-only") }
        throw .system(SystemError("grow the btrfs at", path, code: code))
    }

    /// Bytes; mkfs is never given another size.
    private static let sector: Int64 = 4_096

    func setUUID(on device: String, from old: UUID, to new: UUID) throws(FilesystemError) {
        try BtrfsSuperblock.setUUID(on: device, from: old, to: new)
    }

    func troubles(device: String, uuid: UUID) -> [String] {
        let path = "/sys/fs/btrfs/\(uuid)/devinfo/\(Self.deviceID)/error_stats"
        guard let text = SysfsFile.text(path) else { return [] }
        let meanings = [
            "write_errs": "writes that failed", "read_errs": "reads that failed", "flush_errs": "flushes that failed",
            "corruption_errs": "blocks with a wrong checksum", "generation_errs": "blocks of a wrong age",
        ]
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 2, let count = Int64(words[1]), count > 0 else { return nil }
            return "the btrfs on \(device) has counted \(count) \(meanings[words[0]] ?? words[0]); see the kernel log, "
                + "and set the count back with 'btrfs device stats -z' when the cause is gone"
        }
    }

    /// btrfs has a backing device of its own in the kernel, since it may span several devices.
    func readAheadFiles(uuid: UUID) -> [String] { ["/sys/fs/btrfs/\(uuid)/bdi/read_ahead_kb"] }
}
