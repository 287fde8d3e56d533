internal import Devices
internal import Filesystems
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Filesystems: format", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct FormatTests {
    let folder = TemporaryFolder("format")

    @Test(
        "at its minimum, and at 1 GiB, it is made with the UUID asked for, and mounts", arguments: Kind.all,
        [false, true])
    func format(_ kind: Kind, large: Bool) throws {
        let size = large ? 1 << 30 : try kind.filesystem.minimumSize
        folder.makeImage("image", bytes: size)
        let uuid = try folder.format("image", as: kind)
        let signature = try folder.signature("image")
        #expect(signature?.type == kind.name)
        #expect(signature?.uuid == uuid)
        #expect(folder.allocated("image") < 200 << 20, "the image stays sparse")
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount -t \(kind.name) '\(device.path)' '\(point)' && echo words >'\(point)/file' && umount '\(point)'")
    }

    @Test("ext4 has a journal at its minimum, reserves nothing for root, and stops writing at an error")
    func ext4() throws {
        let kind = Kind.all[0]
        folder.makeImage("image", bytes: try kind.filesystem.minimumSize)
        try folder.format("image", as: kind)
        let facts = try sh("dumpe2fs -h '\(folder.at("image"))'")
        #expect(facts.contains("has_journal"))
        let lines = facts.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("Reserved block count:") && $0.hasSuffix(" 0") })
        #expect(lines.contains { $0.hasPrefix("Errors behavior:") && $0.hasSuffix("Remount read-only") })
    }

    @Test("below what its tool can do, it fails with the tool's own words", arguments: Kind.all)
    func tooSmall(_ kind: Kind) throws {
        folder.makeImage("image", bytes: kind.tooSmall)
        let device = try folder.attach("image")
        let error = #expect(throws: FilesystemError.self) { try folder.format(device, as: kind) }
        guard case .formatFailed(kind.name, let path, "exit status 1", let output)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == device.path)
        #expect(!output.isEmpty && !output.contains("\n"))
    }

    @Test("nothing is discarded: an image that owns its space keeps it", arguments: Kind.all)
    func keepsSpace(_ kind: Kind) throws {
        let size = try kind.filesystem.minimumSize
        try sh("fallocate -l \(size) '\(folder.at("image"))'")
        #expect(folder.allocated("image") >= size)
        try folder.format("image", as: kind)
        #expect(folder.allocated("image") >= size)
    }

    @Test("what an interrupted mkfs left is formatted again with the same UUID", arguments: Kind.all)
    func again(_ kind: Kind) throws {
        folder.makeImage("image", bytes: try kind.filesystem.minimumSize)
        let uuid = try folder.format("image", as: kind)
        #expect(try folder.format("image", as: kind, remains: uuid) == uuid)
        #expect(try folder.signature("image")?.uuid == uuid)
    }

    /// mkfs.btrfs would read every device of the host, and ask every mounted one what it shows.
    @Test("one that hangs elsewhere on the host holds nothing", arguments: Kind.all)
    func besideHung(_ kind: Kind) throws {
        let disk = try FaultyDisk(folder.makeImage("backing", bytes: 32 << 20), at: folder.at("disk"))
        let loop = try sh("losetup --direct-io=on --show -f '\(disk.path)'")
        let point = folder.makeFolder("hung")
        try sh("mkfs.ext4 -q \(loop) && mount \(loop) '\(point)' && losetup -d \(loop)")
        disk.hang(.read, .write, .sync)
        // Nothing of it is in the cache, so that whoever reads it waits. One does already.
        try sh("echo 1 >/proc/sys/vm/drop_caches")
        try sh("dd if=\(loop) of=/dev/null bs=4k count=1 iflag=direct >/dev/null 2>&1 &")
        while disk.hanging == 0 { usleep(1_000) }
        folder.makeImage("image", bytes: try kind.filesystem.minimumSize)
        let uuid = try folder.format("image", as: kind)
        #expect(try folder.signature("image")?.uuid == uuid)
        #expect(disk.hanging > 0, "it ended because the other one went on")
        disk.heal()
        try sh("umount '\(point)'")
    }

    @Test("a device that is mounted is not formatted, whatever the proof said before", arguments: Kind.all)
    func mounted(_ kind: Kind) throws {
        folder.makeImage("image", bytes: try kind.filesystem.minimumSize)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        #expect(throws: FilesystemError.self) {
            try folder.format(device, as: kind) {
                try sh("mkfs.ext4 -q -F '\(device.path)' && mount '\(device.path)' '\(point)'")
                folder.write("point/file", "words")
            }
        }
        #expect(folder.read("point/file") == Array("words".utf8))
        try sh("sync -f '\(point)' && umount '\(point)'")
        #expect(try folder.signature("image")?.type == "ext4")
    }
}
