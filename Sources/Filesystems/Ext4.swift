internal import CLinux
internal import Devices
internal import Glibc
internal import Processes
internal import Syscalls

/// ext4, by e2fsprogs.
struct Ext4: Filesystem {
    let name = "ext4"

    /// Below 2,048 blocks of 1 KiB mke2fs leaves out the journal (mke2fs(8)), and a volume without one is not crash-safe.
    let minimumSize: Int64 = 8 << 20

    let refusedMountOptions = [
        "journal_dev": "it names another device",
        "journal_path": "it names a file of the host",
        "errors=panic": "one volume's error must not stop the host",
    ]

    /// Without `sparse_super2`, `bigalloc` and `meta_bg`, which the kernel cannot grow or grows badly, and without
    /// `stable_inodes`, which ties a clone to its source's UUID. A size of 65,536 bytes for a block would not mount.
    let formatRules = [
        FormatRule("-b", value: .word(["1024", "2048", "4096", "1k", "2k", "4k"])),
        FormatRule("-i", value: .number(1_024...64 << 20)),
        FormatRule("-I", value: .word(["256", "512", "1024"])),
        FormatRule("-N", value: .number(16...1 << 32 - 1)),
        FormatRule("-m", value: .number(0...50)),
        FormatRule("-G", value: .word(["2", "4", "8", "16", "32", "64", "128", "256"])),
        FormatRule("-J", value: .keys([("size", .number(4...10_240))])),
        FormatRule("-L", value: .label(limit: 16)),
        FormatRule("-T", value: .word(["default", "small", "big", "huge", "news", "largefile", "largefile4"])),
        FormatRule(
            "-O",
            value: .list([
                "64bit", "dir_index", "extra_isize", "fast_commit", "flex_bg", "huge_file", "inline_data", "large_dir",
                "large_file", "metadata_csum", "metadata_csum_seed", "orphan_file", "project", "quota", "verity",
                "^64bit", "^dir_index", "^huge_file", "^metadata_csum", "^orphan_file",
            ])),
        FormatRule(
            "-E",
            value: .keys([
                ("stride", .number(1...1 << 20)), ("stripe_width", .number(1...1 << 24)),
                ("stripe-width", .number(1...1 << 24)), ("resize", .number(1...1 << 48)),
                ("lazy_itable_init", .word(["0", "1"])), ("packed_meta_blocks", .word(["0", "1"])),
            ])),
    ]

    let refusedFormatOptions = [
        "-d": "it copies a folder of the host", "-l": "it reads a file of the host",
        "-z": "it writes a file of the host",
        "-c": "it reads the whole device", "-n": "it makes no filesystem", "-S": "it makes no filesystem",
        "-U": "the volume's record has the UUID", "-t": "the StorageClass has csi.storage.k8s.io/fstype for it",
        "-e": "an error found stops all writing", "-F": "a filesystem is made on proof, never by force",
    ]

    /// `-m 0`: a volume has no root user to reserve blocks for. `nodiscard`: a thick volume would lose its allocation,
    /// and a fresh image has nothing to discard. `remount-ro`: an error found in its structures stops all writing.
    /// `lazy_journal_init` leaves out zeroing the journal, which on zeros would do nothing but take space from a thin pool.
    func format(
        _ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool, options: FormatOptions
    ) throws(FilesystemError) {
        let device = blank.path
        let reserved = options.value(of: "-m") == nil ? ["-m", "0"] : []
        // mke2fs goes by its last -E alone. Ours stand behind the client's.
        let client = options.value(of: "-E").map { "\($0)," } ?? ""
        let extended = client + (onZeros ? "nodiscard,lazy_journal_init=1" : "nodiscard")
        try runFormat(
            "mkfs.ext4",
            options.arguments(without: "-E") + reserved
                + ["-q", "-F", "-e", "remount-ro", "-E", extended, "-U", "\(uuid)", device], device: device)
    }

    func check(_ device: String, _ mode: CheckMode) throws(FilesystemError) -> CheckOutcome {
        try check(device, (mode == .force ? ["-f"] : []) + ["-p"])
    }

    private func check(_ device: String, _ arguments: [String]) throws(FilesystemError) -> CheckOutcome {
        let result: ToolResult
        do throws(ToolError) {
            result = try Tool.run("e2fsck", arguments + [device], seconds: CheckExit.limitSeconds)
        } catch {
            throw .tool(error)
        }
        guard let status = result.status else {
            throw .checkRefused(type: name, device: device, meaning: result.ending, output: result.summary)
        }
        let exit = CheckExit(rawValue: status)
        if exit.forbidsMount {
            throw .checkRefused(type: name, device: device, meaning: exit.description, output: result.summary)
        }
        return exit.contains(.corrected) ? .corrected(result.summary) : .clean
    }

    func size(of mounted: borrowing Descriptor, _ path: String, on device: String) throws(FilesystemError) -> Int64 {
        try Ext4Superblock.read(device).size
    }

    func grow(
        _ mounted: borrowing Descriptor, _ path: String, on device: String, to size: Int64
    ) throws(FilesystemError) {
        let now = try Ext4Superblock.read(device)
        let blocks = size / now.blockSize
        if now.blocks >= blocks { return }
        let number = mounted.number
        let answer = durable("grow the filesystem on", device) {
            uninterrupted { holdfast_ext4_resize(number, UInt64(blocks)) }
        }
        if answer == 0 { return }
        let code = errno
        let reason: String
        switch code {
        case EROFS: reason = "it is mounted read-only"
        case EBUSY: reason = "it is being grown just now; try again"
        case EPERM where !Self.mayGrow: reason = "the kernel asks for CAP_SYS_RESOURCE, which this process lacks"
        case EPERM:
            reason =
                "its group descriptors cannot be extended, or the kernel has found errors in it (see the kernel log); "
                + "unmount it, and run e2fsck -f and resize2fs"
        case EOPNOTSUPP: reason = "one of its features does not allow it; unmount it, and run e2fsck -f and resize2fs"
        case EINVAL where blocks >> 32 != 0 && !now.has64BitBlocks:
            reason = "without the feature 64bit it has at most \(UInt32.max) blocks"
        default: throw .system(SystemError("grow the ext4 at", path, code: code))
        }
        throw .cannotGrow(type: name, path: path, reason: reason)
    }

    /// A container's root may lack the capability that the kernel asks for; resize2fs needs none on an unmounted device.
    var growsUnmounted: Bool { !Self.mayGrow }

    /// Where resize2fs would have to move blocks out of the way of group descriptors it is not run: a block that had been
    /// written over before its move was on the disk could not be got back.
    func requireGrowable(on device: String) throws(FilesystemError) {
        do throws(ToolError) { _ = try Tool.locate("resize2fs") } catch { throw .tool(error) }
        let size = try system(BlockDevice.open(device, readOnly: true)).size
        let now = try Ext4Superblock.read(device)
        guard size / now.blockSize <= now.mostBlocks else {
            throw .cannotGrow(
                type: name, path: device,
                reason: "it has room for the descriptors of \(now.mostBlocks) blocks; to move others out of their way, "
                    + "make a copy of the volume, and run e2fsck -f and resize2fs")
        }
    }

    /// It wants a whole check before.
    func growUnmounted(on device: String) throws(FilesystemError) {
        try requireGrowable(on: device)
        let result = try runTool("resize2fs", [device])
        guard result.status == 0 else {
            throw .cannotGrow(
                type: name, path: device, reason: "resize2fs ended with \(result.ending): \(result.summary)")
        }
    }

    /// resize2fs has no journal. What it writes beside the blocks that are free is what e2fsck can make anew: the superblock,
    /// the group descriptors, their bitmaps and the inode that reserves room for more of them.
    func mendGrowth(on device: String) throws(FilesystemError) -> CheckOutcome {
        try Filesystems.requireUnused(device)
        do throws(FilesystemError) {
            return try check(device, .force)
        } catch {
            guard case .checkRefused = error else { throw error }
            return try check(device, ["-f", "-y"])
        }
    }

    /// Whether this process has CAP_SYS_RESOURCE, number 24 (ext4_resize_begin asks for it, and not for CAP_SYS_ADMIN).
    private static var mayGrow: Bool {
        guard let status = try? Files.read("/proc/self/status", limit: 1 << 16) else { return false }
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let set = line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) }
        return (set ?? 0) & 1 << 24 != 0
    }

    /// All checksums of an ext4 begin with its UUID, so that to change it takes a write of all metadata, which is neither
    /// quick nor whole after a kill. With the feature metadata_csum_seed (Linux 4.4) they begin with a number in the
    /// superblock, which tune2fs takes from the old UUID: then the superblock is all that changes.
    func setUUID(on device: String, from old: UUID, to new: UUID) throws(FilesystemError) {
        // Replays the journal, for which tune2fs would then ask for a whole check.
        _ = try check(device, .auto)
        let seed = try Ext4Superblock.read(device).hasChecksums ? ["-O", "metadata_csum_seed"] : []
        var result = try runTool("tune2fs", seed + ["-U", "\(new)", device])
        if result.status != 0 && result.output.split(whereSeparator: \.isWhitespace).contains("freshly") {
            _ = try check(device, .force)
            result = try runTool("tune2fs", seed + ["-U", "\(new)", device])
        }
        guard result.status == 0 else {
            throw renewalFailed(device, "tune2fs ended with \(result.ending): \(result.summary)")
        }
    }

    func troubles(device: String, uuid: UUID) -> [String] {
        let folder = "/sys/fs/ext4/\(device)"
        guard let count = SysfsFile.number("\(folder)/errors_count"), count > 0 else { return [] }
        return [
            "the kernel has found \(count) error\(count == 1 ? "" : "s") in the ext4 on \(device), \(place("first", folder)), "
                + "\(place("last", folder)); unmount it, and let e2fsck repair it"
        ]
    }

    /// Where and when one of the errors was found (Documentation/ABI/testing/sysfs-fs-ext4).
    private func place(_ which: String, _ folder: String) -> String {
        func file(_ name: String) -> String { "\(folder)/\(which)_error_\(name)" }
        var words = which
        if let time = SysfsFile.number(file("time")), time > 0 { words += " at \(utc(time))" }
        if let function = SysfsFile.text(file("func")), !function.isEmpty { words += " in \(function)" }
        for name in ["ino", "block"] {
            if let number = SysfsFile.number(file(name)), number > 0 {
                words += " at \(name == "ino" ? "inode" : name) \(number)"
            }
        }
        return words
    }
}

/// The superblock, which the kernel keeps in the cache of the device while the filesystem is mounted: what is read there
/// is what it is now (struct ext4_super_block, Documentation/filesystems/ext4/super.rst).
private struct Ext4Superblock {
    /// Bytes.
    let blockSize: Int64
    let blocks: Int64
    /// What it can grow to with the room that it has for group descriptors.
    let mostBlocks: Int64
    let has64BitBlocks: Bool
    /// Whether metadata has checksums, which begin with the UUID or a seed of its own.
    let hasChecksums: Bool

    var size: Int64 { blocks * blockSize }

    static func read(_ device: String) throws(FilesystemError) -> Ext4Superblock {
        let file = try system(Files.open(device, O_RDONLY))
        let bytes = try system(Files.read(file, device, at: 1_024, count: 1_024))
        func number(_ place: Int, _ length: Int = 4) -> Int64 {
            bytes[place..<place + length].reversed().reduce(0) { $0 << 8 | Int64($1) }
        }
        guard number(0x38, 2) == 0xef53, number(0x18) <= 6 else {
            throw .system(SystemError("find an ext4 superblock on", device, code: EUCLEAN))
        }
        let is64Bit = number(0x60) & 0x80 != 0
        let (blockSize, blocks) = (Int64(1_024) << number(0x18), number(0x4) | (is64Bit ? number(0x150) << 32 : 0))
        // With meta_bg descriptors lie with the groups that they describe; with resize_inode there is room behind them.
        let (isSpread, hasRoom) = (number(0x60) & 0x10 != 0, number(0x5c) & 0x10 != 0)
        let perBlock = blockSize / (is64Bit ? number(0xfe, 2) : 32)
        let (first, perGroup) = (number(0x14), number(0x20))
        guard perBlock > 0, perGroup > 0 else {
            throw .system(SystemError("understand the ext4 superblock on", device, code: EUCLEAN))
        }
        let groups = (blocks - first + perGroup - 1) / perGroup
        let descriptors = (groups + perBlock - 1) / perBlock + (hasRoom ? number(0xce, 2) : 0)
        return Ext4Superblock(
            blockSize: blockSize, blocks: blocks,
            mostBlocks: isSpread ? .max : first + descriptors * perBlock * perGroup, has64BitBlocks: is64Bit,
            hasChecksums: number(0x64) & 0x400 != 0)
    }
}

/// Seconds since 1970 as a date.
private func utc(_ seconds: Int64) -> String {
    var (time, parts) = (time_t(seconds), tm())
    gmtime_r(&time, &parts)
    var room = [CChar](repeating: 0, count: 32)
    let count = strftime(&room, room.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: room[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
