internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// A volume in a pool.
struct VolumeCase: Sendable, CustomTestStringConvertible {
    let ground: PoolGround
    let kind: VolumeKind
    var testDescription: String { "\(kind.name) in \(ground.testDescription)" }

    /// Every kind where blocks are shared, and what can be copied while it is frozen where they are not.
    static let inUse =
        PoolGround.sharing.flatMap { ground in VolumeKind.all.map { VolumeCase(ground: ground, kind: $0) } }
        + VolumeKind.filesystems.map { VolumeCase(ground: .ext4, kind: $0) }

    /// Every kind in one pool, and every pool with one kind of each access.
    static let some =
        VolumeKind.all.map { VolumeCase(ground: .xfs, kind: $0) }
        + [PoolGround.ext4, .btrfs].flatMap { ground in
            [VolumeKind.ext4, .block].map { VolumeCase(ground: ground, kind: $0) }
        }

    /// What lets a volume in use be copied there.
    var parameters: [String: String] { ground == .ext4 ? ["maxFreeze": "60s"] : [:] }
}

@Suite("What snapshots and clones hold", .needsRoot)
struct SnapshotContentTests {
    private func uuid(_ node: NodeUnderTest, _ name: String) async throws -> String {
        try await run("findmnt", "-n", "-o", "UUID", node.path(name))
    }

    @Test("a writer's flushed records are all there, and no other ones", arguments: VolumeCase.inUse)
    func whileWriting(_ row: VolumeCase) async throws {
        try await withNode(on: row.ground) { node in
            let volume = try await node.createInUse("source", row.kind.capability, size: row.kind.size)
            let chronicle = Chronicle(row.kind.file(node.path("source")))
            await chronicle.waitForMore()
            let before = chronicle.count
            let snapshot = try await node.snapshot(volume, parameters: row.parameters)
            await chronicle.waitForMore()
            await chronicle.stop()
            let restored = try await node.restore(snapshot, "restored", row.kind.capability)
            #expect(restored.size == volume.size)
            try await node.use(restored, as: "restored")
            let length = try await Chronicle.length(row.kind.file(node.path("restored")))
            #expect(length >= before && length < chronicle.count, "\(before), \(length), \(chronicle.count)")
            #expect(try await Chronicle.length(row.kind.file(node.path("source"))) == chronicle.count)
            try await node.stopUsing(restored, as: "restored")
            try await expectWhole(restored, row.kind, node)
        }
    }

    /// Lets the filesystem's own tool read all of it.
    private func expectWhole(_ volume: TestVolume, _ kind: VolumeKind, _ node: NodeUnderTest) async throws {
        let image = node.image(of: volume)
        switch kind.name {
        case "ext4": try await run("e2fsck", "-f", "-n", image)
        case "xfs": try await run("xfs_repair", "-n", image)
        case "btrfs": try await run("btrfs", "check", "--readonly", image)
        default: break
        }
    }

    @Test("a restored volume may be larger, and its filesystem fills it", arguments: VolumeCase.some)
    func larger(_ row: VolumeCase) async throws {
        try await withNode(on: row.ground) { node in
            let volume = try await node.createInUse("source", row.kind.capability, size: row.kind.size)
            let file = row.kind.file(node.path("source"))
            try await write([1, 2, 3], to: file)
            let room = try await node.stats(volume, at: "source").first { $0.unit == .bytes }?.total ?? 0
            try await node.stopUsing(volume, as: "source")
            let snapshot = try await node.snapshot(volume)
            let size = 2 * volume.size
            let restored = try await node.restore(snapshot, "restored", row.kind.capability, size: size)
            #expect(restored.size == size)
            try await node.use(restored, as: "restored")
            #expect(try await read(row.kind.file(node.path("restored")), count: 3) == [1, 2, 3])
            let more = try await node.stats(restored, at: "restored").first { $0.unit == .bytes }?.total ?? 0
            #expect(row.kind.isBlock ? more == size : more > room + volume.size / 2, "\(room), then \(more)")
        }
    }

    @Test("a clone and its source are mounted side by side, each its own", arguments: VolumeCase.some)
    func sideBySide(_ row: VolumeCase) async throws {
        try await withNode(on: row.ground) { node in
            let source = try await node.create("source", row.kind.capability, size: row.kind.size)
            try await node.use(source, as: "source")
            try await write([1], to: row.kind.file(node.path("source")))
            // Where blocks are not shared nobody may use the source while it is copied.
            if row.ground == .ext4 { try await node.stopUsing(source, as: "source") }
            let clone = try await node.clone(source)
            let grandchild = try await node.clone(clone, "clone of the clone")
            if row.ground == .ext4 { try await node.use(source, as: "source") }
            try await node.use(clone, as: "clone")
            try await node.use(grandchild, as: "grandchild")
            let names = ["source", "clone", "grandchild"]
            for name in names {
                #expect(try await read(row.kind.file(node.path(name)), count: 1) == [1], "\(name)")
            }
            for (number, name) in names.enumerated() {
                try await write([UInt8(10 + number)], to: row.kind.file(node.path(name)))
            }
            for (number, name) in names.enumerated() {
                #expect(try await read(row.kind.file(node.path(name)), count: 1) == [UInt8(10 + number)], "\(name)")
            }
            if !row.kind.isBlock {
                var uuids: Set<String> = []
                for name in names {
                    let source = try await run("findmnt", "-n", "-o", "SOURCE", node.path(name)).prefix { $0 != "\n" }
                    uuids.insert(try await run("blkid", "-p", "-o", "value", "-s", "UUID", String(source)))
                }
                #expect(uuids.count == 3 && !uuids.contains(""), "\(uuids)")
            }
        }
    }

    @Test(
        "a snapshot of a clone that was never staged becomes a volume with another UUID",
        arguments: VolumeKind.filesystems)
    func unstagedClone(_ kind: VolumeKind) async throws {
        try await withNode(on: .xfs) { node in
            let source = try await node.createInUse("source", kind.capability, size: kind.size)
            try await write([5], to: node.path("source/file"))
            let clone = try await node.clone(source)
            let snapshot = try await node.snapshot(clone)
            let restored = try await node.restore(snapshot, "restored", kind.capability)
            // A kill in between: what is recorded is enough.
            try await node.restart()
            for (volume, name) in [(restored, "restored"), (clone, "clone")] {
                try await node.use(volume, as: name)
                #expect(try await read(node.path("\(name)/file"), count: 1) == [5])
            }
        }
    }

    @Test("what was never formatted has a blank copy, which is formatted as any other", arguments: PoolGround.allCases)
    func neverFormatted(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            let volume = try await node.create("source")
            let clone = try await node.clone(volume, size: 64 * mebibyte)
            let restored = try await node.restore(try await node.snapshot(volume))
            #expect(restored.size == volume.size && clone.size == 64 * mebibyte)
            for (volume, name) in [(clone, "clone"), (restored, "restored"), (volume, "source")] {
                try await node.use(volume, as: name)
                try await write([1], to: node.path("\(name)/file"))
            }
        }
    }

    @Test("sources and snapshots may go; what was made of them keeps what it has", arguments: VolumeCase.some)
    func outliving(_ row: VolumeCase) async throws {
        try await withNode(on: row.ground) { node in
            let source = try await node.createInUse("source", row.kind.capability, size: row.kind.size)
            let bytes = Chronicle.record(1) + Chronicle.record(2)
            try await write(bytes, to: row.kind.file(node.path("source")))
            try await node.stopUsing(source, as: "source")
            let snapshot = try await node.snapshot(source)
            let clone = try await node.clone(source)
            try await node.delete(source)
            #expect(try await node.snapshotExists(snapshot))
            let restored = try await node.restore(snapshot, "restored", row.kind.capability)
            try await node.delete(snapshot: snapshot)
            try await node.restart()
            for (volume, name) in [(clone, "clone"), (restored, "restored")] {
                try await node.use(volume, as: name)
                #expect(try await read(row.kind.file(node.path(name)), count: bytes.count) == bytes, "\(name)")
            }
        }
    }

    @Test("a copy is as sparse as what it was made of", arguments: PoolGround.allCases)
    func sparse(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            let volume = try await node.createInUse("source", .block(), size: 1 << 30)
            try await write([1], to: node.path("source"), at: 512 * mebibyte)
            try await node.stopUsing(volume, as: "source")
            let snapshot = try await node.snapshot(volume)
            let clone = try await node.clone(volume)
            let restored = try await node.restore(snapshot, "restored", .block(), size: 2 << 30)
            #expect(try allocated(node.image(of: snapshot)) <= mebibyte)
            for copy in [clone, restored] {
                #expect(try allocated(node.image(of: copy)) <= mebibyte)
                #expect(Int64(try fileSize(node.image(of: copy))) == copy.size)
            }
        }
    }

    @Test(
        "a thick copy has all its space, and keeps it; a copy of a thick volume may be thin",
        arguments: PoolGround.allCases)
    func thick(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            let thick = ["provisioning": "thick"]
            let source = try await node.create("source", parameters: thick)
            try await node.use(source, as: "source")
            try await write([7], to: node.path("source/file"))
            try await node.stopUsing(source, as: "source")
            let snapshot = try await node.snapshot(source)
            let fromSnapshot = try await node.restore(snapshot, parameters: thick)
            let clone = try await node.clone(source, "thick clone", size: 2 * source.size, parameters: thick)
            let thin = try await node.clone(source, "thin clone")
            for (volume, name) in [(fromSnapshot, "a"), (clone, "b"), (thin, "c")] {
                if name != "c" {
                    #expect(try allocated(node.image(of: volume)) >= volume.size, "\(name)")
                    // Allocated is not enough: a block that is shared would have to be given a new one.
                    let extents = try await run("filefrag", "-v", node.image(of: volume))
                    #expect(!extents.contains("shared"), "\(extents)")
                }
                try await node.use(volume, as: name)
                #expect(try await read(node.path("\(name)/file"), count: 1) == [7], "\(name)")
            }
        }
    }
}

extension NodeUnderTest {
    func snapshotExists(_ snapshot: Snapshot) async throws(RPCStatus) -> Bool {
        try await call(CSIMethod.getSnapshot, GetSnapshotRequest(snapshotID: snapshot.snapshotID)).snapshot == snapshot
    }
}
