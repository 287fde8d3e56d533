internal import Devices
internal import Filesystems
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Filesystems: check", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct CheckTests {
    let folder = TemporaryFolder("check")
    private let ext4 = Kind.all[0]

    private func make(_ kind: Kind) throws {
        folder.makeImage("image", bytes: try kind.filesystem.minimumSize)
        try folder.format("image", as: kind)
    }

    private func debugfs(_ command: String) throws {
        try sh("debugfs -w -R '\(command)' '\(folder.at("image"))'")
    }

    @Test(
        "a clean filesystem is clean, and writes nothing unless a check is forced", arguments: Kind.all,
        CheckMode.allCases)
    func clean(_ kind: Kind, _ mode: CheckMode) throws {
        try make(kind)
        try folder.remember("image")
        #expect(try folder.check("image", as: kind, mode) == (kind.hasCheck && mode != .off ? .clean : .notRun))
        if mode != .force { #expect(folder.isUnchanged("image")) }
    }

    @Test("what is safe to correct is corrected, once")
    func corrected() throws {
        try make(ext4)
        // A block that is marked as used and belongs to nobody.
        try debugfs("setb 5000 8")
        #expect(try folder.check("image", as: ext4, .auto) == .clean, "the superblock says that it is clean")
        guard case .corrected(let words) = try folder.check("image", as: ext4, .force) else {
            Issue.record("it was not corrected")
            return
        }
        #expect(!words.isEmpty && !words.contains("\n"))
        #expect(try folder.check("image", as: ext4, .force) == .clean)
        #expect(outcome(of: "e2fsck -fn '\(folder.at("image"))'").status == 0)
    }

    @Test("a superblock that knows of errors is enough for a check")
    func knownErrors() throws {
        try make(ext4)
        try debugfs("setb 5000 8")
        try debugfs("set_super_value state 2")
        let outcome = try folder.check("image", as: ext4, .auto)
        #expect(outcome != .clean && outcome != .notRun, "\(outcome)")
        #expect(try folder.check("image", as: ext4, .force) == .clean)
    }

    @Test("errors that are not safe to correct refuse the mount, and nothing is forced")
    func uncorrectable() throws {
        try make(ext4)
        try debugfs("clri <2>")
        let error = #expect(throws: FilesystemError.self) { try folder.check("image", as: ext4, .force) }
        guard case .checkRefused("ext4", _, let meaning, let output)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(meaning.contains("errors left uncorrected"), "\(meaning)")
        #expect(output.contains("RUN fsck MANUALLY"), "\(output)")
        #expect("\(error!)".contains("nothing was forced"))
        #expect(throws: FilesystemError.self, "nor the next time") { try folder.check("image", as: ext4, .force) }
    }

    @Test("no filesystem at all is a refusal too", arguments: [CheckMode.auto, .force])
    func nothing(_ mode: CheckMode) throws {
        folder.makeImage("image", bytes: 8 << 20)
        let error = #expect(throws: FilesystemError.self) { try folder.check("image", as: ext4, mode) }
        guard case .checkRefused(_, _, let meaning, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(meaning.contains("operational error"), "\(meaning)")
    }

    @Test("a mounted device is in use, and not a byte of it changes", arguments: Kind.all, [CheckMode.auto, .force])
    func mounted(_ kind: Kind, _ mode: CheckMode) throws {
        try make(kind)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount -o ro '\(device.path)' '\(point)'")
        try folder.remember("image")
        let error = #expect(throws: FilesystemError.self) {
            try Filesystems.check(try kind.filesystem, on: device.path, mode)
        }
        guard case .inUse(device.path)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try Filesystems.check(try kind.filesystem, on: device.path, .off) == .notRun)
        #expect(folder.isUnchanged("image"))
    }

    @Test("a device that is gone is an error", arguments: Kind.all)
    func gone(_ kind: Kind) {
        #expect(throws: FilesystemError.self) {
            try Filesystems.check(try kind.filesystem, on: folder.at("gone"), .auto)
        }
    }

    /// What a power cut leaves: the image as it is while the filesystem is mounted.
    @Test(
        "a crashed filesystem is checked, mounts, and has what was synced", arguments: Kind.all,
        [CheckMode.auto, .force])
    func crashed(_ kind: Kind, _ mode: CheckMode) throws {
        try make(kind)
        let point = folder.makeFolder("point")
        do {
            let device = try folder.attach("image")
            try sh("mount '\(device.path)' '\(point)'")
            try sh(
                "for n in 1 2 3 4 5; do mkdir '\(point)/'$n && echo $n >'\(point)/'$n/file; done; sync -f '\(point)'")
            try sh(
                "echo late >'\(point)/late' && dd if=/dev/zero of='\(point)/sync' bs=4k count=1 conv=fsync status=none")
            try sh("cp --sparse=always '\(folder.at("image"))' '\(folder.at("copy"))'; umount '\(point)'")
        }
        if kind.name == "ext4" { #expect(try sh("dumpe2fs -h '\(folder.at("copy"))'").contains("needs_recovery")) }
        let outcome = try folder.check("copy", as: kind, mode)
        #expect((outcome == .notRun) == !kind.hasCheck)
        let device = try folder.attach("copy")
        try sh("mount '\(device.path)' '\(point)'")
        #expect(try sh("cat '\(point)'/?/file") == "1\n2\n3\n4\n5")
        try sh("umount '\(point)'")
    }
}
