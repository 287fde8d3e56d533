internal import CLinux
internal import Devices
internal import Glibc
internal import Syscalls

/// XFS, by xfsprogs.
struct XFS: Filesystem {
    let name = "xfs"

    /// mkfs.xfs refuses less since version 5.19.
    let minimumSize: Int64 = 300 << 20

    let refusedMountOptions = [
        "logdev": "it names another device",
        "rtdev": "it names another device",
    ]

    let formatRules = [
        FormatRule("-b", value: .keys([("size", .size(1_024...4_096))])),
        FormatRule(
            "-d",
            value: .keys([
                ("agcount", .number(1...1_000_000)), ("agsize", .size(16 << 20...1 << 40)),
                ("su", .size(512...1 << 30)),
                ("sw", .number(1...4_096)), ("sunit", .number(1...1 << 21)), ("swidth", .number(1...1 << 31)),
            ])),
        FormatRule(
            "-i",
            value: .keys([
                ("size", .size(512...2_048)), ("maxpct", .number(0...100)), ("sparse", flag), ("nrext64", flag),
            ])),
        FormatRule(
            "-l",
            value: .keys([
                ("size", .size(1 << 20...2 << 30)), ("su", .size(512...256 << 10)), ("sunit", .number(1...512)),
                ("lazy-count", .word(["1"])),
            ])),
        FormatRule(
            "-m",
            value: .keys([
                ("crc", .word(["1"])), ("finobt", flag), ("rmapbt", flag), ("reflink", flag), ("bigtime", flag),
                ("inobtcount", flag),
            ])),
        FormatRule("-n", value: .keys([("size", .size(4_096...65_536))])),
        FormatRule("-s", value: .keys([("size", .size(512...4_096))])),
        FormatRule("-L", value: .label(limit: 12)),
    ]

    private static let flag = FormatValue.word(["0", "1"])

    let refusedFormatOptions = [
        "-p": "it reads a file of the host", "-c": "it reads a file of the host", "-r": "it names another device",
        "-N": "it makes no filesystem", "-C": "it overrides checks",
    ]

    func format(
        _ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool, options: FormatOptions
    ) throws(FilesystemError) {
        let device = blank.path
        let metadata = options.value(of: "-m").map { "\($0),uuid=\(uuid)" } ?? "uuid=\(uuid)"
        try runFormat(
            "mkfs.xfs", options.arguments(without: "-m") + ["-q", "-f", "-K", "-m", metadata, device], device: device)
    }

    /// Mounting replays the log, which is the check. xfs_repair before that would throw the log's changes away, and
    /// is therefore the operator's word, never ours.
    func check(_ device: String, _ mode: CheckMode) throws(FilesystemError) -> CheckOutcome { .notRun }

    func size(of mounted: borrowing Descriptor, _ path: String, on device: String) throws(FilesystemError) -> Int64 {
        let geometry = try geometry(mounted, path)
        return Int64(geometry.blocks) * Int64(geometry.block_size)
    }

    private func geometry(
        _ mounted: borrowing Descriptor, _ path: String
    ) throws(FilesystemError) -> holdfast_xfs_geometry {
        var geometry = holdfast_xfs_geometry()
        let number = mounted.number
        if uninterrupted({ holdfast_xfs_geometry(number, &geometry) }) != 0 {
            throw .system(.last("read the geometry of the xfs at", path))
        }
        return geometry
    }

    func grow(
        _ mounted: borrowing Descriptor, _ path: String, on device: String, to size: Int64
    ) throws(FilesystemError) {
        let geometry = try geometry(mounted, path)
        let blocks = UInt64(size) / UInt64(geometry.block_size)
        if geometry.blocks >= blocks { return }
        let number = mounted.number
        // The share of inodes is set by the same call, so it is given as it is.
        let answer = durable("grow the filesystem on", device) {
            uninterrupted { holdfast_xfs_grow(number, blocks, geometry.inode_percent) }
        }
        if answer == 0 { return }
        let code = errno
        switch code {
        case EROFS: throw .cannotGrow(type: name, path: path, reason: "it is mounted read-only")
        case EAGAIN: throw .cannotGrow(type: name, path: path, reason: "it is being grown just now; try again")
        default: throw .system(SystemError("grow the xfs at", path, code: code))
        }
    }

    /// Even a frozen filesystem's log ends without the record of an unmount. Mounting replays it, with `nouuid` beside a
    /// mounted source, and unmounting writes the record, which then gets the UUID before the superblocks do.
    func setUUID(on device: String, from old: UUID, to new: UUID) throws(FilesystemError) {
        if try finishUUID(on: device, from: old, to: new, afterReplay: false) { return }
        try PrivateMount.replayLog(name, on: device, ["nouuid"])
        if try finishUUID(on: device, from: old, to: new, afterReplay: true) { return }
        throw renewalFailed(device, "its log does not end with the record of an unmount although it was just unmounted")
    }

    /// Says whether the UUID is set. Without a replay just before, it is set only where an earlier run was cut off.
    private func finishUUID(
        on device: String, from old: UUID, to new: UUID, afterReplay: Bool
    ) throws(FilesystemError) -> Bool {
        let image = try XFSImage.open(device)
        // The first superblock is the last thing that changes.
        if image.superblock.uuid == new.bytes { return true }
        guard let record = try image.unmountRecord() else { return false }
        if record.uuid != new.bytes {
            guard afterReplay, record.uuid == old.bytes else { return false }
            try image.setRecordUUID(at: record.place, to: new)
        }
        try image.setUUID(from: old, to: new)
        return true
    }

    /// sysfs counts no errors of xfs: after one that matters it shuts down.
    func troubles(device: String, uuid: UUID) -> [String] { [] }

    /// Every look at a file's status is an I/O error then, before any lock or block is waited for (xfs_vn_getattr).
    func isShutDown(_ mounted: borrowing Descriptor) -> Bool {
        do throws(SystemError) {
            _ = try FileStatus.of(mounted, name)
            return false
        } catch {
            return error.code == EIO
        }
    }
}
