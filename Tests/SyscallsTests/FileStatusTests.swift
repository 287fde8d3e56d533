internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("DeviceNumber")
struct DeviceNumberTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        let encoded: UInt64
        let major: UInt32
        let minor: UInt32
        var testDescription: String { label }
    }

    @Test(
        "is read from glibc's dev_t and from the kernel's 32 bits (kdev_t.h, huge_encode_dev)",
        arguments: [
            Row(label: "nothing", encoded: 0, major: 0, minor: 0),
            Row(label: "a loop device", encoded: 0x703, major: 7, minor: 3),
            Row(label: "the last old minor", encoded: 0x7ff, major: 7, minor: 255),
            Row(label: "a minor beyond 8 bits", encoded: 0x10_0700, major: 7, minor: 256),
            Row(label: "the largest 20-bit minor", encoded: 0xfff0_07ff, major: 7, minor: 0xf_ffff),
            Row(label: "the largest 12-bit major", encoded: 0xf_ff00, major: 0xfff, minor: 0),
            Row(label: "a major beyond 12 bits", encoded: 0x1000 << 32, major: 0x1000, minor: 0),
            Row(label: "all bits", encoded: .max, major: .max, minor: .max),
        ])
    func encodings(_ row: Row) {
        let number = DeviceNumber(encoded: row.encoded)
        #expect(number == DeviceNumber(major: row.major, minor: row.minor))
        #expect("\(number)" == "\(row.major):\(row.minor)")
    }

    @Test("agrees with stat(2) for a device node of this host", arguments: ["/dev/null", "/dev/zero", "/dev/full"])
    func node(_ path: String) throws {
        var raw = stat()
        try #require(stat(path, &raw) == 0)
        #expect(DeviceNumber(encoded: UInt64(raw.st_rdev)) == (try FileStatus.of(path: path).special))
    }
}

@Suite("FileStatus")
struct FileStatusTests {
    let folder = TemporaryFolder("status")

    @Test("tells the kinds apart, and does not follow a symlink in a folder")
    func kinds() throws {
        folder.write("file", "12345")
        _ = folder.makeFolder("folder")
        Glibc.symlink("file", folder.at("link"))
        mkfifo(folder.at("pipe"), 0o600)
        let directory = try Files.open(folder.path, O_RDONLY | O_DIRECTORY)
        let expected: [String: FileStatus.Kind] = [
            "file": .file, "folder": .directory, "link": .symlink, "pipe": .pipe,
        ]
        for (name, kind) in expected { #expect(try FileStatus.of(name, in: directory).kind == kind, "\(name)") }
        #expect(try FileStatus.of(path: folder.at("link")).kind == .file, "by path it is followed")
        #expect(try FileStatus.of(path: "/dev/null").kind == .characterDevice)
        #expect(throws: SystemError("look at", "gone", code: ENOENT)) { try FileStatus.of("gone", in: directory) }
    }

    @Test("size, allocation and identity are the file's")
    func figures() throws {
        let path = folder.makeImage("sparse", bytes: 1 << 20)
        folder.write(Array(repeating: 1, count: 4_096), to: "sparse", at: 0)
        var raw = stat()
        try #require(stat(path, &raw) == 0)
        let status = try FileStatus.of(path: path)
        #expect(status.size == 1 << 20)
        #expect(status.allocated == Int64(raw.st_blocks) * 512)
        #expect(status.allocated >= 4_096 && status.allocated < 1 << 20)
        #expect(status.identity.inode == UInt64(raw.st_ino))
        #expect(status.identity.device == DeviceNumber(encoded: UInt64(raw.st_dev)))
        #expect(!status.isMountRoot)
    }

    @Test("a file keeps its identity when it is renamed, and another one has another")
    func identity() throws {
        let file = try Files.open(folder.write("a", ""), O_RDONLY)
        let before = try FileStatus.of(file, "a").identity
        rename(folder.at("a"), folder.at("b"))
        #expect(try FileStatus.of(path: folder.at("b")).identity == before)
        folder.write("a", "")
        #expect(try FileStatus.of(path: folder.at("a")).identity != before)
    }

    @Test("knows the root of a mount, by its own mount id", .enabled(if: isRoot, "needs root: it mounts a tmpfs"))
    func mountRoot() throws {
        let point = folder.makeFolder("point")
        let below = try FileStatus.of(path: point)
        try sh("mount -t tmpfs holdfast-test '\(point)'")
        let root = try FileStatus.of(path: point)
        #expect(root.isMountRoot)
        #expect(root.mountID != below.mountID)
        folder.write("point/file", "x")
        let inside = try FileStatus.of(path: folder.at("point/file"))
        #expect(!inside.isMountRoot)
        #expect(inside.mountID == root.mountID)
        try sh("mount --bind '\(point)/file' '\(folder.write("target", ""))'")
        #expect(try FileStatus.of(path: folder.at("target")).isMountRoot, "a file can be the root of a mount as well")
    }

    @Test("usage is the filesystem's", .enabled(if: isRoot, "needs root: it mounts a tmpfs"))
    func usage() throws {
        let point = folder.makeFolder("point")
        try sh("mount -t tmpfs -o size=1m,nr_inodes=100 holdfast-test '\(point)'")
        let file = try Files.open(point, O_RDONLY | O_DIRECTORY)
        let before = try FilesystemUsage.of(file, point)
        #expect(before.total == 1 << 20)
        #expect(before.inodes == 100)
        #expect(!before.isReadOnly)
        folder.write("point/file", String(repeating: "x", count: 65_536))
        let after = try FilesystemUsage.of(file, point)
        #expect(before.available - after.available == 65_536)
        #expect(before.freeInodes - after.freeInodes == 1)
        try sh("mount -o remount,ro '\(point)'")
        #expect(try FilesystemUsage.of(file, point).isReadOnly)
    }
}
