internal import Devices
internal import Filesystems
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

/// The kernel grows an ext4 for those alone who have CAP_SYS_RESOURCE, which a container's root may lack.
private let growable = Kind.all.filter { $0.name != "ext4" }
private let ext4 = Kind.all.filter { $0.name == "ext4" }
private let mayGrowExt4 =
    outcome(of: "test $((0x$(grep CapEff /proc/self/status | cut -f2) >> 24 & 1)) = 1").status == 0

@Suite("Filesystems: grow", .enabled(if: isRoot, "needs root: it mounts loop devices"))
struct GrowTests {
    let folder = TemporaryFolder("grow")

    private func makeImage(_ kind: Kind, bytes: Int64) throws {
        folder.makeImage("image", bytes: bytes)
        try folder.format("image", as: kind)
    }

    /// Makes the image larger, and the device with it.
    private func enlarge(_ device: borrowing BlockDevice, to bytes: Int64) throws {
        try sh("truncate -s \(bytes) '\(folder.at("image"))' && losetup -c '\(device.path)'")
    }

    private func root() throws -> Descriptor { try Files.open(folder.at("point"), O_RDONLY | O_DIRECTORY) }

    @Test("to the end of its device while it is used, as often as asked", arguments: growable)
    func grow(_ kind: Kind) throws {
        let filesystem = try kind.filesystem
        let small = max(filesystem.minimumSize, 300 << 20)
        try makeImage(kind, bytes: small)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount '\(device.path)' '\(point)' && seq 100000 >'\(point)/numbers'")
        let mounted = try root()
        #expect(try filesystem.size(of: mounted, point, on: device.path) == small)
        let before = try FilesystemUsage.of(mounted, point).total
        for size in [1 << 30, 5 << 30, (5 << 30) + 12_345 * 512] as [Int64] {
            try enlarge(device, to: size)
            for _ in 0..<2 {
                try filesystem.grow(mounted, point, on: device.path, to: size)
                let reached = try filesystem.size(of: mounted, point, on: device.path)
                #expect(reached <= size && reached > size - (16 << 20))
                if size % (1 << 30) == 0 { #expect(reached == size) }
            }
        }
        #expect(try FilesystemUsage.of(mounted, point).total > before + 4 << 30)
        #expect(try sh("cat '\(point)/numbers'") == sh("seq 100000"))
        // Into the new space.
        try sh("dd if=/dev/urandom of='\(point)/data' bs=1M count=400 status=none && sync -f '\(point)'")
        _ = consume mounted
        try sh("umount '\(point)' && mount '\(device.path)' '\(point)'")
        #expect(try sh("cat '\(point)/numbers'") == sh("seq 100000"))
        try sh("umount '\(point)'")
    }

    @Test("a size below its own changes nothing", arguments: Kind.all)
    func never(_ kind: Kind) throws {
        let filesystem = try kind.filesystem
        try makeImage(kind, bytes: 512 << 20)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount '\(device.path)' '\(point)'")
        let mounted = try root()
        for size in [512 << 20, 400 << 20, 4_096, 0] as [Int64] {
            try filesystem.grow(mounted, point, on: device.path, to: size)
            #expect(try filesystem.size(of: mounted, point, on: device.path) == 512 << 20)
        }
        _ = consume mounted
        try sh("umount '\(point)'")
    }

    @Test("mounted read-only it cannot, and says so", arguments: growable)
    func readOnly(_ kind: Kind) throws {
        let filesystem = try kind.filesystem
        try makeImage(kind, bytes: 512 << 20)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount -o ro '\(device.path)' '\(point)'")
        try enlarge(device, to: 1 << 30)
        let mounted = try root()
        let error = #expect(throws: FilesystemError.self) {
            try filesystem.grow(mounted, point, on: device.path, to: 1 << 30)
        }
        guard case .cannotGrow(kind.name, point, "it is mounted read-only")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        _ = consume mounted
        try sh("umount '\(point)'")
    }

    @Test(
        "so does ext4", .enabled(if: mayGrowExt4, "needs CAP_SYS_RESOURCE: the kernel asks for it"), arguments: ext4)
    func growExt4(_ kind: Kind) throws { try grow(kind) }

    @Test(
        "mounted read-only ext4 says so as well", .enabled(if: mayGrowExt4, "needs CAP_SYS_RESOURCE"), arguments: ext4)
    func readOnlyExt4(_ kind: Kind) throws { try readOnly(kind) }

    @Test(
        "unmounted, ext4 grows without the capability, and keeps what it holds",
        .enabled(if: !mayGrowExt4, "needs a root without CAP_SYS_RESOURCE"), arguments: ext4)
    func unmounted(_ kind: Kind) throws {
        try makeImage(kind, bytes: 64 << 20)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount '\(device.path)' '\(point)' && seq 100000 >'\(point)/numbers' && umount '\(point)'")
        try enlarge(device, to: 1 << 30)
        #expect(try kind.filesystem.growsUnmounted)
        for _ in 0..<2 {
            _ = try kind.filesystem.check(device.path, .force)
            try kind.filesystem.growUnmounted(on: device.path)
        }
        try sh("mount '\(device.path)' '\(point)'")
        let mounted = try root()
        #expect(try kind.filesystem.size(of: mounted, point, on: device.path) == 1 << 30)
        #expect(try sh("cat '\(point)/numbers'") == sh("seq 100000"))
        _ = consume mounted
        try sh("umount '\(point)'")
    }

    /// 32 bytes a descriptor: one block of 1 KiB holds those of 32 groups of 8 MiB.
    @Test(
        "an ext4 whose blocks would have to be moved for it is not grown by a tool",
        .enabled(if: !mayGrowExt4, "needs a root without CAP_SYS_RESOURCE"), arguments: ["", "^resize_inode"])
    func room(_ feature: String) throws {
        folder.makeImage("image", bytes: 128 << 20)
        let features = feature.isEmpty ? "" : "-O \(feature)"
        try sh("mkfs.ext4 -q -b 1024 -O ^64bit \(features) '\(folder.at("image"))'")
        let device = try folder.attach("image")
        let filesystem = try Kind.all[0].filesystem
        try enlarge(device, to: 240 << 20)
        try filesystem.growUnmounted(on: device.path)
        try enlarge(device, to: 300 << 20)
        if feature.isEmpty {
            try filesystem.growUnmounted(on: device.path)
        } else {
            try folder.remember("image")
            #expect(throws: FilesystemError.self) { try filesystem.growUnmounted(on: device.path) }
            #expect(folder.isUnchanged("image"))
        }
        #expect(outcome(of: "e2fsck -fn '\(device.path)'").status == 0)
    }

    @Test(
        "without the capability, an ext4 says so", .enabled(if: !mayGrowExt4, "needs a root without CAP_SYS_RESOURCE"))
    func powerless() throws {
        let kind = Kind.all[0]
        try makeImage(kind, bytes: 64 << 20)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount '\(device.path)' '\(point)'")
        try enlarge(device, to: 1 << 30)
        let mounted = try root()
        let error = #expect(throws: FilesystemError.self) {
            try kind.filesystem.grow(mounted, point, on: device.path, to: 1 << 30)
        }
        #expect("\(error!)".contains("CAP_SYS_RESOURCE"), "\(error!)")
        _ = consume mounted
        try sh("umount '\(point)'")
    }

    @Test("an ext4 that the kernel cannot grow says so", .enabled(if: mayGrowExt4, "needs CAP_SYS_RESOURCE"))
    func cannot() throws {
        let kind = Kind.all[0]
        let filesystem = try kind.filesystem
        folder.makeImage("image", bytes: 64 << 20)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mkfs.ext4 -q -O sparse_super2 '\(device.path)' && mount '\(device.path)' '\(point)'")
        try enlarge(device, to: 1 << 30)
        let mounted = try root()
        let error = #expect(throws: FilesystemError.self) {
            try filesystem.grow(mounted, point, on: device.path, to: 1 << 30)
        }
        guard case .cannotGrow("ext4", _, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("resize2fs"), "\(reason)")
        _ = consume mounted
        try sh("umount '\(point)'")
    }

    @Test("far beyond what was reserved for it", arguments: growable)
    func far(_ kind: Kind) throws {
        let filesystem = try kind.filesystem
        try makeImage(kind, bytes: filesystem.minimumSize)
        let point = folder.makeFolder("point")
        let device = try folder.attach("image")
        try sh("mount '\(device.path)' '\(point)'")
        // xfs makes its groups once, and thousands of small ones take long.
        let size: Int64 = kind.name == "xfs" ? 100 << 30 : 200 << 30
        try enlarge(device, to: size)
        let mounted = try root()
        try filesystem.grow(mounted, point, on: device.path, to: size)
        #expect(try filesystem.size(of: mounted, point, on: device.path) == size)
        _ = consume mounted
        try sh("umount '\(point)'")
    }
}
