internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// What can come over the filesystem in an image that lies unused. What of it is also a danger to a volume that was never
/// formatted is in `SafetyTests`.
struct FilesystemDamage: Sendable, CustomTestStringConvertible {
    let label: String
    /// The filesystems that it is done to.
    var types = ["ext4", "xfs", "btrfs"]
    let code: StatusCode
    let word: String
    /// Gets the image's path and its filesystem's type.
    let make: @Sendable (String, String) async throws -> Void

    var testDescription: String { label }

    /// Where each kind has its superblock, with its length.
    private static let superblocks: [String: (offset: Int64, count: Int)] = [
        "ext4": (1_024, 1_024), "xfs": (0, 512), "btrfs": (64 << 10, 4_096),
    ]

    private static func overSuperblock(_ path: String, _ type: String, _ byte: UInt8, from: Int = 0) async throws {
        let place = try #require(superblocks[type])
        try await write(
            [UInt8](repeating: byte, count: place.count - from), to: path, at: place.offset + Int64(from))
    }

    /// `SafetyTests` has all of them on ext4.
    private static let some = ["a swap area", "an MBR beside the filesystem", "a LUKS header"]

    static let all: [FilesystemDamage] =
        Stranger.all.filter { some.contains($0.label) }.map { stranger in
            Self(label: stranger.label, types: ["xfs", "btrfs"], code: .failedPrecondition, word: stranger.word) {
                path, _ in
                try await stranger.put(path)
            }
        } + [
            Self(label: "a RAID member beside it", code: .failedPrecondition, word: "linux_raid_member") { path, _ in
                try await write(raid(fileSize(path)), to: path, at: Int64((fileSize(path) - 65_536) / 65_536 * 65_536))
            },
            Self(label: "a swap area beside it", types: ["ext4", "btrfs"], code: .failedPrecondition, word: "swap") {
                path, _ in
                try await write(Array("SWAPSPACE2".utf8), to: path, at: 4_086)
                try await write([1, 0, 0, 0, 255, 0, 0, 0], to: path, at: 1_024)
            },
            Self(label: "its superblock is zeroed", code: .dataLoss, word: "blank") { path, type in
                try await overSuperblock(path, type, 0)
            },
            Self(label: "its whole beginning is zeroed", code: .dataLoss, word: "blank") { path, _ in
                try await write([UInt8](repeating: 0, count: 1 << 20), to: path)
            },
            Self(
                label: "its superblock has a wrong checksum", types: ["ext4", "xfs", "btrfs"],
                code: .failedPrecondition, word: "staged: "
            ) { path, type in
                let place = try #require(superblocks[type])
                // A counter of each kind, which nothing but the checksum covers.
                let offset = place.offset + ["ext4": 0x34, "xfs": 0x80, "btrfs": 0x78][type]!
                let byte = try await read(path, at: offset, count: 1)[0]
                try await write([byte ^ 0x40], to: path, at: offset)
            },
        ]

    /// A superblock of version 0.90 of Linux software RAID (md(4)): magic, version, and an identity.
    private static func raid(_ size: Int) -> [UInt8] {
        let words: [UInt32] = [
            0xa92b_4efc, 0, 90, 0, 992, 0x1234_5678, 1_700_000_000, 1, UInt32(size / 1_024 - 128), 2, 2, 0, 0,
        ]
        return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
}

@Suite("Damaged filesystems", .needsRoot)
struct DamagedFilesystemTests {
    @Test(
        "one is not mounted, is told of until it is mended, and is not written to", arguments: FilesystemDamage.all,
        ["ext4", "xfs", "btrfs"])
    func damaged(damage: FilesystemDamage, type: String) async throws {
        guard damage.types.contains(type) else { return }
        try await withNode { node in
            let size = (["ext4": 32, "btrfs": 128][type] ?? 300) * mebibyte
            let volume = try await node.create("v", .mount(type), size: size)
            try await node.use(volume, as: "v")
            try await write([1, 2, 3], to: node.path("v/file"))
            try await node.stopUsing(volume, as: "v")
            let other = try await node.createInUse("other", size: 16 * mebibyte)
            await eventually("the device is still attached") { loopDevices(in: node.pool).count == 1 }
            let image = node.image(of: volume)
            try await run("cp", "--sparse=always", image, node.folder.at("whole"))
            try await damage.make(image, type)
            let before = try await node.files(of: volume)
            for isLast in [false, true] {
                await expectRefusal(damage.code, [volume.id, damage.word], damage.label) {
                    try await node.use(volume, as: "v")
                }
                await refused(.failedPrecondition, "not staged") {
                    try await node.publish(volume, at: "v", from: "v.staging")
                }
                try await node.expectTrouble(volume, "could not be staged", damage.word, at: nil, beneath: true)
                #expect(node.folder.mounts(at: node.path("v.staging")) == 0)
                #expect(try await node.create("v", .mount(type), size: size).id == volume.id)
                await eventually("the device is still attached") { loopDevices(in: node.pool).count == 1 }
                let after = try await node.files(of: volume)
                #expect(after == before)
                try await node.expectUntroubled(other)
                if !isLast { try await node.restart() }
            }
            try await run("cp", "--sparse=always", node.folder.at("whole"), image)
            try await node.use(volume, as: "v")
            #expect(try await read(node.path("v/file"), count: 3) == [1, 2, 3])
            try await node.expectWell(volume, at: "v")
        }
    }

    @Test(
        "one that was in use when the power went is mounted with all that was flushed",
        arguments: ["ext4", "xfs", "btrfs"])
    func dirty(type: String) async throws {
        try await withNode { node in
            let volume = try await node.createInUse("v", .mount(type), size: 300 * mebibyte)
            try await write([1, 2, 3], to: node.path("v/file"))
            // What the disk holds now is what a power cut would leave.
            try await run("cp", "--sparse=always", node.image(of: volume), node.folder.at("cut"))
            try await node.stopUsing(volume, as: "v")
            await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
            try await run("cp", "--sparse=always", node.folder.at("cut"), node.image(of: volume))
            try await node.use(volume, as: "v")
            #expect(try await read(node.path("v/file"), count: 3) == [1, 2, 3])
            try await write([4], to: node.path("v/file"))
            try await node.expectWell(volume, at: "v")
        }
    }

    @Test(
        "an ext4 with errors that need a person is told of, after each check that could not correct it",
        arguments: ["auto", "force"])
    func uncorrectable(mode: String) async throws {
        try await withNode { node in
            let volume = try await node.createInUse("v", .mount("ext4"), parameters: ["fsck": mode])
            try await node.stopUsing(volume, as: "v")
            await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
            let image = node.image(of: volume)
            try await run("debugfs", "-w", "-R", "clri <2>", image)
            try await run("debugfs", "-w", "-R", "set_super_value state 2", image)
            for _ in 1...2 {
                await refused(.failedPrecondition, volume.id, "exit status 4", "not mounted") {
                    try await node.use(volume, as: "v")
                }
                try await node.expectTrouble(volume, "could not be staged", "exit status 4", at: nil, beneath: true)
                await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
                #expect(node.folder.mountPoints.isEmpty)
            }
        }
    }
}
