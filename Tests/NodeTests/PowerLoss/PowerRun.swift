internal import CSI
internal import Glibc
internal import TestSupport
internal import Testing

/// A run of deeds, with everything that the disk beneath the pool was told meanwhile.
struct PowerRun: Sendable {
    struct Step: Sendable {
        let deed: PowerDeed
        /// Sequence numbers of the disk's log: before the call was made, and when its answer was there.
        let begin, end: Int
        /// What there is after it.
        let world: PowerWorld
    }

    let ground: PoolGround
    let steps: [Step]
    let log: DiskLog

    /// Bytes of the disk.
    static let size: Int64 = 2 << 30

    /// Does these deeds, one after the other, on a pool whose disk remembers.
    static func record(_ deeds: [PowerDeed], on ground: PoolGround) async throws -> PowerRun {
        let folder = TemporaryFolder("power")
        let disk = try FaultyDisk(folder.makeImage("backing", bytes: size), at: folder.at("disk"))
        disk.startLog()
        let point = folder.makeFolder("pool")
        let device = try await run("losetup", "--direct-io=on", "--show", "-f", disk.path).prefix { $0 != "\n" }
        try await ground.makeFilesystem(on: String(device))
        try await run("mount", String(device), point)
        // It goes with its mount: once the disk is gone nothing would tell whose it was.
        try await run("losetup", "-d", String(device))
        try await run("sync", "-f", point)
        var steps: [Step] = []
        var log = DiskLog()
        var begin = disk.position
        try await withNode(in: folder, pool: point) { node in
            var world = PowerWorld()
            for deed in deeds {
                world = try await deed.perform(in: world, on: node)
                steps.append(Step(deed: deed, begin: begin, end: disk.position, world: world))
                begin = disk.position
            }
            log = disk.log
        }
        return withExtendedLifetime(disk) { PowerRun(ground: ground, steps: steps, log: log) }
    }

    /// The deeds: every kind of them, with a second filesystem, and with volumes that are in use, idle, blank, raw and thick.
    static func deeds(on ground: PoolGround) -> [PowerDeed] {
        let other: VolumeKind = ground == .xfs ? .btrfs : .xfs
        return [
            .start, .create("a", .ext4), .use("a"), .write("a", file: "one", sample: 1),
            .create("b", other), .use("b"), .write("b", file: "one", sample: 2),
            .writeLoosely("a", file: "loose", sample: 3),
            .snapshot("s", of: "a"), .write("a", file: "one", sample: 4), .write("a", file: "two", sample: 5),
            .create("raw", .block), .attach("raw"), .use("raw"), .write("raw", file: "0", sample: 6),
            .write("raw", file: "1048576", sample: 7), .create("blank", .ext4), .group("g", of: ["a", "b", "blank"]),
            .write("b", file: "two", sample: 8),
        ] + (PoolGround.sharing.contains(ground) ? [] : [.stopUsing("a")]) + [
            .clone("c", of: "a"), .use("c"), .write("c", file: "three", sample: 9), .restore("r", from: "s"),
            .use("r"), .expand("b", to: other.size + 64 * mebibyte), .expand("blank", to: 48 * mebibyte),
            .stopUsing("c"), .expand("c", to: 48 * mebibyte), .use("c"),
            .create("thick", .ext4, ["provisioning": "thick"]), .use("thick"),
            .write("thick", file: "one", sample: 10), .modify("a", readAheadKiB: 512), .attach("thick"),
            .deleteSnapshot("s"), .detach("thick"),
            .deleteGroup("g"), .stopUsing("r"), .delete("r"), .create("r", .ext4), .use("r"),
            .write("r", file: "new", sample: 11), .stopUsing("c"), .delete("c"),
        ]
    }

    /// What was acknowledged when the log had so many entries, and what was being done.
    func state(at position: Int) -> (world: PowerWorld, inFlight: Step?) {
        let done = steps.prefix { $0.end <= position }
        let next = steps.dropFirst(done.count).first
        return (done.last?.world ?? PowerWorld(), next.flatMap { $0.begin < position ? $0 : nil })
    }
}

extension PoolGround {
    /// Makes one on a device or an image.
    func makeFilesystem(on device: String) async throws {
        switch self {
        case .ext4: try await run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,nodiscard", "-N", "4096", device)
        case .xfs, .btrfs: try await run("mkfs.\(rawValue)", "-q", device)
        }
    }
}
