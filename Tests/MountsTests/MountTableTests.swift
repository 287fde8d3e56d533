internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@testable internal import Mounts

@Suite("MountTable")
struct MountTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        let line: String
        let expected: Mount?
        var testDescription: String { label }
    }

    private static func mount(
        _ id: UInt64, _ major: UInt32, _ minor: UInt32, root: String = "/", at point: String, _ type: String,
        _ source: String, readOnly: Bool = false, stopped: Bool = false
    ) -> Mount {
        Mount(
            id: id, device: DeviceNumber(major: major, minor: minor), root: root, point: point, filesystem: type,
            source: source, isReadOnly: readOnly || stopped, isFilesystemReadOnly: stopped)
    }

    static let rows: [Row] = [
        Row(
            label: "the manual's example",
            line: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
            expected: mount(36, 98, 0, root: "/mnt1", at: "/mnt2", "ext3", "/dev/root")),
        Row(
            label: "no optional field", line: "36 35 7:3 / /mnt rw - ext4 /dev/loop3 rw",
            expected: mount(36, 7, 3, at: "/mnt", "ext4", "/dev/loop3")),
        Row(
            label: "several optional fields",
            line: "36 35 7:3 / /mnt rw shared:1 master:2 propagate_from:3 unbindable - ext4 /dev/loop3 rw",
            expected: mount(36, 7, 3, at: "/mnt", "ext4", "/dev/loop3")),
        Row(
            label: "read-only mount", line: "36 35 7:3 / /mnt ro,noatime - ext4 /dev/loop3 rw",
            expected: mount(36, 7, 3, at: "/mnt", "ext4", "/dev/loop3", readOnly: true)),
        Row(
            label: "read-only filesystem", line: "36 35 7:3 / /mnt rw - ext4 /dev/loop3 ro",
            expected: mount(36, 7, 3, at: "/mnt", "ext4", "/dev/loop3", stopped: true)),
        Row(
            label: "ext4 that an error has stopped",
            line: "36 35 7:3 / /mnt rw - ext4 /dev/loop3 rw,errors=remount-ro,emergency_ro",
            expected: mount(36, 7, 3, at: "/mnt", "ext4", "/dev/loop3", stopped: true)),
        Row(
            label: "read-only mount of a read-only filesystem", line: "36 35 7:3 / /mnt ro - ext4 /dev/loop3 ro",
            expected: mount(36, 7, 3, at: "/mnt", "ext4", "/dev/loop3", readOnly: true)),
        Row(
            label: "errors=remount-ro is not ro", line: "36 35 7:3 / /mnt rw - ext4 /dev/loop3 rw,errors=remount-ro",
            expected: mount(36, 7, 3, at: "/mnt", "ext4", "/dev/loop3")),
        Row(
            label: "space, tab, newline and backslash in a path",
            line: #"36 35 7:3 /a\040b /m\011n\012t\134 rw - ext4 /dev/x\040y rw"#,
            expected: mount(36, 7, 3, root: "/a b", at: "/m\tn\nt\\", "ext4", "/dev/x y")),
        Row(
            label: "other scripts", line: #"36 35 7:3 / /体积/\303\274 rw - ext4 none rw"#,
            expected: mount(36, 7, 3, at: "/体积/ü", "ext4", "none")),
        Row(
            label: "a path named -", line: "36 35 7:3 /- /- rw - ext4 - rw",
            expected: mount(36, 7, 3, root: "/-", at: "/-", "ext4", "-")),
        Row(
            label: "an empty source", line: "36 35 0:50 / /mnt rw,relatime - tmpfs  rw",
            expected: mount(36, 0, 50, at: "/mnt", "tmpfs", "")),
        Row(
            label: "an anonymous device", line: "36 35 0:30 / /mnt rw - btrfs /dev/loop3 rw,subvolid=5,subvol=/",
            expected: mount(36, 0, 30, at: "/mnt", "btrfs", "/dev/loop3")),
        Row(label: "empty", line: "", expected: nil),
        Row(label: "no separator", line: "36 35 7:3 / /mnt rw ext4 /dev/loop3 rw", expected: nil),
        Row(label: "cut off", line: "36 35 7:3 / /mnt rw - ext4 /dev/loop3", expected: nil),
        Row(label: "no number", line: "x 35 7:3 / /mnt rw - ext4 /dev/loop3 rw", expected: nil),
        Row(label: "no device", line: "36 35 7 / /mnt rw - ext4 /dev/loop3 rw", expected: nil),
    ]

    @Test("reads a line of mountinfo", arguments: rows)
    func parse(_ row: Row) {
        #expect(MountTable.parse(Array(row.line.utf8)) == row.expected)
    }

    @Test(
        "undoes octal escapes and nothing else",
        arguments: [
            (#"\040"#, " "), (#"a\134b"#, #"a\b"#), (#"\134040"#, #"\040"#), (#"\04"#, #"\04"#), (#"\089"#, #"\089"#),
            (#"\"#, #"\"#), (#"\x20"#, #"\x20"#), ("", ""), (#"\303\274"#, "ü"), ("\\040\\040", "  "),
        ])
    func unescape(text: String, expected: String) {
        #expect(unescapedMountField(text) == expected)
    }

    @Test("the whole table is the kernel's")
    func all() throws {
        let table = try MountTable.all()
        let lines = try Files.read("/proc/self/mountinfo", limit: 1 << 26).split(separator: UInt8(ascii: "\n"))
        #expect(table.contains { $0.point == "/" })
        #expect(table.contains { $0.point == "/proc" && $0.filesystem == "proc" })
        #expect(lines.allSatisfy { MountTable.parse($0) != nil }, "every line of this host is understood")
    }
}

@Suite("MountTable: one mount", .enabled(if: isRoot, "needs root: it mounts"))
struct MountTableEntryTests {
    let folder = TemporaryFolder("mounttable")

    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        /// With `$D` for a folder and `$P` for the mount point.
        let script: String
        var testDescription: String { label }
    }

    @Test(
        "by its unique id and by the whole table it is the same",
        arguments: [
            Row(label: "tmpfs", script: "mount -t tmpfs holdfast $P"),
            Row(label: "tmpfs, read-only", script: "mount -t tmpfs -o ro holdfast $P"),
            Row(label: "tmpfs without a source", script: "mount -t tmpfs '' $P"),
            Row(
                label: "ext4 on a loop device",
                script: "truncate -s 8M $D/image && mkfs.ext4 -q -F $D/image && mount $D/image $P"),
            Row(
                label: "ext4, bound read-only",
                script: """
                    truncate -s 8M $D/image && mkfs.ext4 -q -F $D/image && mkdir $D/first && mount $D/image $D/first && \
                    mkdir $D/first/sub && mount --bind $D/first/sub $P && mount -o remount,bind,ro $P
                    """),
            Row(
                label: "btrfs, whose device is anonymous",
                script: "truncate -s 120M $D/image && mkfs.btrfs -q $D/image && mount $D/image $P"),
            Row(label: "one over another", script: "mount -t tmpfs lower $P && mount -t tmpfs upper $P"),
        ])
    func agree(_ row: Row) throws {
        let root = try HostRoot(folder.path)
        let point = folder.makeFolder("a b\\c\n")
        try sh(
            "export D='\(folder.path)' P='\(point)'; "
                + row.script.replacing("$P", with: "\"$P\"").replacing("$D", with: "\"$D\""))
        let path = try root.locate(point)
        let status = try #require(try path.status())
        #expect(status.isMountRoot)
        let short = try MountTable.shortID(of: try path.open())
        let byTable = try #require(try MountTable.all().last { $0.id == short })
        #expect(byTable.point == point)
        // Before Linux 6.8 there is nothing to compare with.
        guard status.hasUniqueMountID, let answer = try MountTable.single(id: status.mountID) else { return }
        let byID = try #require(answer.mount)
        #expect(byID.id == status.mountID)
        #expect(byID.point == byTable.point)
        #expect(byID.device == byTable.device)
        #expect(byID.root == byTable.root)
        #expect(byID.filesystem == byTable.filesystem)
        #expect(byID.isReadOnly == byTable.isReadOnly)
        if let source = byID.source { #expect(source == byTable.source) }
    }

    @Test("one that is gone is nothing")
    func gone() throws {
        let root = try HostRoot(folder.path)
        let point = folder.makeFolder("point")
        try sh("mount -t tmpfs holdfast '\(point)'")
        let path = try root.locate(point)
        let status = try #require(try path.status())
        try sh("umount '\(point)'")
        guard status.hasUniqueMountID, let answer = try MountTable.single(id: status.mountID) else { return }
        #expect(answer.mount == nil)
    }

    @Test("the short id of an open file is that of the mount it lies on")
    func shortID() throws {
        let root = try HostRoot(folder.path)
        let point = folder.makeFolder("point")
        let before = try MountTable.shortID(of: try root.locate(point).open())
        try sh("mount -t tmpfs holdfast '\(point)'")
        let after = try MountTable.shortID(of: try root.locate(point).open())
        #expect(before != after)
        #expect(try MountTable.all().contains { $0.id == after && $0.point == point && $0.source == "holdfast" })
        #expect(try MountTable.all().contains { $0.id == before && point.hasPrefix($0.point) })
    }
}
