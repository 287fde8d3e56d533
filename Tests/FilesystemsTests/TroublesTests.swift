internal import Devices
internal import Filesystems
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Filesystems: troubles", .enabled(if: isRoot, "needs root: it mounts loop devices"))
struct TroublesTests {
    let folder = TemporaryFolder("troubles")

    /// Formats the image, mounts it at `point`, and asks.
    private func withMounted(_ kind: Kind, _ body: (_ device: String, _ uuid: UUID, _ point: String) throws -> Void)
        throws
    {
        folder.makeImage("image", bytes: 512 << 20)
        let uuid = try folder.format("image", as: kind)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount '\(device.path)' '\(point)'")
        try body(String(device.path.dropFirst("/dev/".count)), uuid, point)
        try sh("umount '\(point)'")
    }

    private func troubles(_ kind: Kind, _ device: String, _ uuid: UUID, _ point: String) throws -> [String] {
        let mounted = try Files.open(point, O_RDONLY | O_DIRECTORY)
        return try kind.filesystem.troubles(device: device, uuid: uuid, mounted: mounted)
    }

    @Test("a filesystem that is well has none", arguments: Kind.all)
    func well(_ kind: Kind) throws {
        try withMounted(kind) { device, uuid, point in
            try sh("seq 10000 >'\(point)/file' && sync -f '\(point)'")
            #expect(try troubles(kind, device, uuid, point) == [])
        }
    }

    @Test("one that is not mounted has none to tell", arguments: Kind.all)
    func unmounted(_ kind: Kind) throws {
        #expect(try kind.filesystem.troubles(device: "loop987654", uuid: UUID.random()) == [])
    }

    @Test("errors that the kernel found in an ext4")
    func ext4() throws {
        try withMounted(Kind.all[0]) { device, uuid, point in
            try sh("echo words >/sys/fs/ext4/\(device)/trigger_fs_error")
            let found = try troubles(Kind.all[0], device, uuid, point)
            #expect(found.count == 1)
            #expect(found.first?.contains("has found 1 error in the ext4 on \(device)") == true, "\(found)")
            #expect(found.first?.contains("in trigger_test_error") == true, "\(found)")
        }
    }

    @Test("an xfs that was shut down")
    func xfs() throws {
        try withMounted(Kind.all[1]) { device, uuid, point in
            let mounted = try Files.open(point, 0o10000000)
            try sh("xfs_io -x -c shutdown '\(point)'")
            let found = try Kind.all[1].filesystem.troubles(device: device, uuid: uuid, mounted: mounted)
            #expect(found.count == 1)
            #expect(found.first?.contains("the xfs on \(device) was shut down") == true, "\(found)")
        }
    }

    @Test("blocks of a btrfs that do not fit their checksums")
    func btrfs() throws {
        let kind = Kind.all[2]
        folder.makeImage("image", bytes: 512 << 20)
        let uuid = try folder.format("image", as: kind)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh(
            "mount '\(device.path)' '\(point)' && yes 'holdfast-test damaged block' | head -c 65536 >'\(point)/file'")
        try sh("umount '\(point)'")
        let place = try sh(
            "LC_ALL=C grep -obUaF -m1 'holdfast-test damaged block' '\(device.path)' | head -1 | cut -d: -f1")
        folder.write([0], to: "image", at: try #require(Int64(place)))
        try sh("mount '\(device.path)' '\(point)'")
        #expect(outcome(of: "cat '\(point)/file'").status != 0)
        let name = String(device.path.dropFirst("/dev/".count))
        let found = try troubles(kind, name, uuid, point)
        #expect(found.count == 1)
        #expect(found.first?.contains("with a wrong checksum") == true, "\(found)")
        try sh("btrfs device stats -z '\(point)'")
        #expect(try troubles(kind, name, uuid, point) == [])
        try sh("umount '\(point)'")
    }

    @Test("read-ahead beside the device's own", arguments: Kind.all)
    func readAhead(_ kind: Kind) throws {
        try withMounted(kind) { device, uuid, point in
            let files = try kind.filesystem.readAheadFiles(uuid: uuid)
            #expect(files.isEmpty == (kind.name != "btrfs"))
            for file in files { #expect(Int(try sh("cat '\(file)'")) != nil) }
            // The kernel reads ahead by the setting of the mount's own device number.
            let number = try sh("stat -c '%Hd:%Ld' '\(point)'")
            let own = outcome(of: "cat /sys/class/bdi/\(number)/read_ahead_kb").output
            for kib in [64, 256] {
                for file in files + ["/sys/block/\(device)/queue/read_ahead_kb"] { try sh("echo \(kib) >'\(file)'") }
                if kind.name != "btrfs" {
                    #expect(try sh("cat /sys/class/bdi/\(number)/read_ahead_kb") == "\(kib)", "it was \(own)")
                } else {
                    #expect(try sh("cat '\(files[0])'") == "\(kib)")
                }
            }
        }
    }
}
