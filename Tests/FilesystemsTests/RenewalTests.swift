internal import Devices
internal import Filesystems
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Filesystems: a clone's own UUID", .enabled(if: isRoot, "needs root: it mounts loop devices"))
struct RenewalTests {
    let folder = TemporaryFolder("renewal")

    /// In what state the source's image is copied.
    enum Source: String, CaseIterable, Sendable {
        case unmounted, frozen
        /// Mounted and written to, as a power cut would leave it.
        case crashed
    }

    /// Makes `image` with files in it, mounts it at `point`, copies it to `copy` in that state, and leaves it mounted.
    private func makeSource(_ kind: Kind, _ source: Source, options: String = "") throws -> UUID {
        folder.makeImage("image", bytes: 512 << 20)
        let uuid = UUID.random()
        let device = try folder.attach("image")
        guard case .blank(let proof) = try Examination.examine(device) else { throw NotBlank() }
        let chosen = try kind.filesystem.formatOptions(options)
        try kind.filesystem.format(proof, uuid: uuid, onZeros: true, options: chosen)
        let point = folder.makeFolder("point")
        try sh("mount '\(device.path)' '\(point)' && mkdir '\(point)/a' && seq 20000 >'\(point)/a/numbers'")
        try sh("for n in $(seq 200); do mkdir '\(point)/a/'$n; done; sync -f '\(point)'")
        try sh("seq 1000 2000 | dd of='\(point)/a/late' conv=fsync status=none")
        switch source {
        case .unmounted: try sh("umount '\(point)'")
        case .frozen: try sh("fsfreeze -f '\(point)'")
        case .crashed: break
        }
        try sh("cp --sparse=always '\(folder.at("image"))' '\(folder.at("copy"))'")
        switch source {
        case .unmounted: try sh("mount '\(device.path)' '\(point)'")
        case .frozen: try sh("fsfreeze -u '\(point)'")
        case .crashed: break
        }
        return uuid
    }

    struct NotBlank: Error {}

    /// Mounts the clone beside its source, compares the two, and writes to both.
    private func expectMountable(_ name: String, at pointName: String = "other", like content: String = "point/a")
        throws
    {
        let device = try folder.attach(name)
        let other = folder.exists(pointName) ? folder.at(pointName) : folder.makeFolder(pointName)
        try sh("mount '\(device.path)' '\(other)'")
        try sh("diff -r '\(folder.at(content))' '\(other)/a'")
        try sh("echo words >'\(other)/file' && sync -f '\(other)' && rm '\(other)/file'")
        try sh("echo words >'\(folder.at("point"))/file' && sync -f '\(folder.at("point"))'")
        try sh("umount '\(other)'")
    }

    private func renew(_ name: String, _ kind: Kind, from old: UUID, to new: UUID) throws {
        let device = try folder.attach(name)
        try kind.filesystem.renewUUID(on: device.path, from: old, to: new)
    }

    /// What the kind's own checker says of an unmounted image.
    private func expectSound(_ name: String, _ kind: Kind) {
        let path = folder.at(name)
        let commands = [
            "ext4": "e2fsck -fn '\(path)'", "xfs": "xfs_repair -n -f '\(path)'", "btrfs": "btrfs check '\(path)'",
        ]
        let (status, output) = outcome(of: commands[kind.name]!)
        #expect(status == 0, "\(output)")
    }

    @Test(
        "a clone gets its own, and both are mounted side by side and written to", arguments: Kind.all, Source.allCases)
    func clone(_ kind: Kind, _ source: Source) throws {
        let old = try makeSource(kind, source)
        let before = folder.allocated("copy")
        let new = UUID.random()
        try renew("copy", kind, from: old, to: new)
        #expect(try folder.signature("copy")?.uuid == new)
        #expect(folder.allocated("copy") < before + 4 << 20, "a thin clone stays one")
        expectSound("copy", kind)
        try expectMountable("copy")
        expectSound("copy", kind)
        #expect(try folder.signature("image")?.uuid == old)
    }

    @Test("clones of clones, and one that gets its first source's UUID again", arguments: Kind.all)
    func generations(_ kind: Kind) throws {
        let first = try makeSource(kind, .frozen)
        var last = first
        for _ in 0..<3 {
            let next = UUID.random()
            try renew("copy", kind, from: last, to: next)
            try expectMountable("copy")
            let device = try folder.attach("copy")
            let other = folder.at("other")
            try sh("mount '\(device.path)' '\(other)' && echo words >'\(other)/new' && fsfreeze -f '\(other)'")
            try sh(
                "cp --sparse=always '\(folder.at("copy"))' '\(folder.at("next"))'; fsfreeze -u '\(other)'; umount '\(other)'"
            )
            try sh("mv '\(folder.at("next"))' '\(folder.at("copy"))'")
            last = next
        }
        try sh("umount '\(folder.at("point"))'")
        try renew("copy", kind, from: last, to: first)
        #expect(try folder.signature("copy")?.uuid == first)
        expectSound("copy", kind)
    }

    @Test("again is nothing new, and writes nothing", arguments: Kind.all)
    func again(_ kind: Kind) throws {
        let old = try makeSource(kind, .frozen)
        let new = UUID.random()
        try renew("copy", kind, from: old, to: new)
        try sh("cp '\(folder.at("copy"))' '\(folder.at("once"))'")
        try renew("copy", kind, from: old, to: new)
        #expect(try folder.signature("copy")?.uuid == new)
        try expectMountable("copy")
        if kind.name != "ext4" {
            try sh("cp '\(folder.at("once"))' '\(folder.at("twice"))'")
            try renew("twice", kind, from: old, to: new)
            try sh("cmp '\(folder.at("once"))' '\(folder.at("twice"))'")
        }
    }

    @Test("a UUID that is neither the one nor the other is left alone", arguments: Kind.all)
    func stranger(_ kind: Kind) throws {
        _ = try makeSource(kind, .unmounted)
        try folder.remember("copy")
        let error = #expect(throws: FilesystemError.self) {
            try renew("copy", kind, from: UUID.random(), to: UUID.random())
        }
        guard case .renewalFailed(kind.name, _, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("neither UUID"), "\(reason)")
        #expect(folder.isUnchanged("copy"))
    }

    @Test("a mounted device is in use", arguments: Kind.all)
    func mounted(_ kind: Kind) throws {
        let old = try makeSource(kind, .unmounted)
        let device = try sh("findmnt -no SOURCE '\(folder.at("point"))'")
        let error = #expect(throws: FilesystemError.self) {
            try kind.filesystem.renewUUID(on: device, from: old, to: UUID.random())
        }
        guard case .inUse? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// What is written last is taken back, one step after the other, as a kill between them leaves it.
    @Test(
        "an xfs whose renewal was cut off is finished", arguments: ["first superblock", "all superblocks"],
        Source.allCases)
    func cutOffXFS(_ missing: String, _ source: Source) throws {
        let kind = Kind.all[1]
        let old = try makeSource(kind, source)
        let new = UUID.random()
        // Replayed and unmounted, as it is just before the first step.
        let point = folder.makeFolder("other")
        try sh("umount '\(folder.at("point"))'")
        do {
            let device = try folder.attach("copy")
            try sh("mount '\(device.path)' '\(point)' && umount '\(point)'")
        }
        try sh("cp --sparse=always '\(folder.at("copy"))' '\(folder.at("before"))'")
        try renew("copy", kind, from: old, to: new)
        let geometry = try sh("xfs_db -r -f -c 'sb 0' -c 'p agcount agblocks' '\(folder.at("copy"))'")
        let numbers = geometry.split { !$0.isNumber }.compactMap { Int64($0) }
        for group in 0..<(missing == "first superblock" ? 1 : numbers[0]) {
            try sh(
                "dd if='\(folder.at("before"))' of='\(folder.at("copy"))' bs=512 count=1 conv=notrunc status=none "
                    + "seek=\(group * numbers[1] * 8) skip=\(group * numbers[1] * 8)")
        }
        #expect(try folder.signature("copy")?.uuid == old)
        try renew("copy", kind, from: old, to: new)
        #expect(try folder.signature("copy")?.uuid == new)
        expectSound("copy", kind)
        try sh("mount -o loop '\(folder.at("image"))' '\(folder.at("point"))'")
        try expectMountable("copy")
    }

    @Test("a btrfs whose renewal was cut off before its first superblock is finished")
    func cutOffBtrfs() throws {
        let kind = Kind.all[2]
        let old = try makeSource(kind, .frozen)
        let new = UUID.random()
        try sh("cp --sparse=always '\(folder.at("copy"))' '\(folder.at("before"))'")
        try renew("copy", kind, from: old, to: new)
        try sh(
            "dd if='\(folder.at("before"))' of='\(folder.at("copy"))' bs=4k seek=16 skip=16 count=1 conv=notrunc status=none"
        )
        #expect(try folder.signature("copy")?.uuid == old)
        try renew("copy", kind, from: old, to: new)
        try expectMountable("copy")
        expectSound("copy", kind)
        let copies = try sh("btrfs inspect-internal dump-super -a '\(folder.at("copy"))'")
        #expect(copies.split(separator: "\n").filter { $0.hasPrefix("csum\t") && $0.hasSuffix("[match]") }.count == 2)
        #expect(copies.split(separator: "\n").filter { $0.hasPrefix("fsid\t") && $0.hasSuffix("\(new)") }.count == 2)
    }

    @Test("a change that btrfstune began is refused")
    func unfinishedBtrfs() throws {
        let kind = Kind.all[2]
        let old = try makeSource(kind, .frozen)
        try sh("cp '\(folder.at("copy"))' '\(folder.at("flagged"))'")
        folder.write([0x10], to: "flagged", at: 65_536 + 0x38 + 4)
        let error = #expect(throws: FilesystemError.self) {
            try renew("flagged", kind, from: old, to: UUID.random())
        }
        #expect("\(error!)".contains("checksum"), "\(error!)")
    }

    struct Shape: Sendable, CustomTestStringConvertible {
        let kind: Kind
        let options: String
        var testDescription: String { "\(kind.name) '\(options)'" }
    }

    @Test(
        "other shapes that a client may choose",
        arguments: [
            Shape(kind: Kind.all[0], options: "-O ^metadata_csum -b 1024"),
            Shape(kind: Kind.all[0], options: "-O metadata_csum_seed,fast_commit"),
            Shape(kind: Kind.all[1], options: "-s size=4096 -n size=8192"),
            Shape(kind: Kind.all[1], options: "-l size=64m,su=256k -d agcount=2"),
            Shape(kind: Kind.all[1], options: "-b size=1024 -m rmapbt=1,reflink=0"),
            Shape(kind: Kind.all[2], options: "-n 4096 --csum xxhash -m single"),
        ], [Source.frozen, .crashed])
    func shapes(_ shape: Shape, _ source: Source) throws {
        let old = try makeSource(shape.kind, source, options: shape.options)
        let new = UUID.random()
        try renew("copy", shape.kind, from: old, to: new)
        #expect(try folder.signature("copy")?.uuid == new)
        expectSound("copy", shape.kind)
        try expectMountable("copy")
    }

    /// The log has come round several times, and ends at another place each time.
    @Test("an xfs log that has come round")
    func wornLog() throws {
        let kind = Kind.all[1]
        var last = try makeSource(kind, .frozen)
        let other = folder.makeFolder("other")
        for round in 0..<2 {
            let next = UUID.random()
            try renew("copy", kind, from: last, to: next)
            last = next
            let device = try folder.attach("copy")
            try sh("mount '\(device.path)' '\(other)'")
            try sh(
                "cd '\(other)'; mkdir r; for n in $(seq 25); do seq -f 'r/%g' \(4_000 + round * 37) | xargs touch; "
                    + "sync -f .; rm -r r; mkdir r; done; rmdir r")
            try sh("umount '\(other)'")
        }
        do {
            let device = try folder.attach("copy")
            #expect(try sh("xfs_logprint -t '\(device.path)'").contains("CLEAN"))
            let rounds = try sh("xfs_logprint '\(device.path)' | grep -o '^cycle: [0-9]*' | sort -u")
            #expect(rounds != "cycle: 1", "\(rounds)")
        }
        expectSound("copy", kind)
        try expectMountable("copy")
    }
}
