internal import Devices
internal import Glibc
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

extension Pool {
    /// The record of a snapshot that is to be taken.
    func newSnapshot(_ name: String, of volume: VolumeRecord, group: GroupID? = nil) -> SnapshotRecord {
        SnapshotRecord(
            id: SnapshotID(pool: identity, name: name), name: name, of: volume, size: volume.size, held: 0,
            created: 1_700_000_000_000_000_000, group: group)
    }

    /// Takes a snapshot, up to its commit.
    func begin(_ record: SnapshotRecord, of volume: VolumeRecord) throws {
        let store = try #require(snapshots)
        try store.begin(record)
        try store.fill(record, with: try content(volume), .sharedIfPossible, CopyControl())
        try store.settle(record)
    }

    @discardableResult
    func take(_ name: String, of volume: VolumeRecord, group: GroupID? = nil) throws -> SnapshotRecord {
        let record = newSnapshot(name, of: volume, group: group)
        try begin(record, of: volume)
        try #require(snapshots).commit(record)
        return record
    }

    /// Makes a raw device with content: what is there is what counts.
    func makeRaw(_ name: String, bytes: Int64 = 1 << 20, _ content: [UInt8]) throws -> VolumeRecord {
        let record = VolumeRecord(
            id: VolumeID(pool: identity, name: name), name: name, pool: identity, incarnation: "first", size: bytes,
            access: .block, provisioning: .thin, parameters: [:], claim: [:], created: 0)
        try create(record)
        try write(content, to: record)
        return record
    }

    /// Writes through the volume's device.
    func write(_ bytes: [UInt8], to record: VolumeRecord, at offset: Int64 = 0) throws {
        let attached = try attach(record)
        let file = try Files.open(attached.device.path, O_WRONLY)
        try Files.write(bytes, to: file, "the device", at: offset)
        try sync(attached, of: record)
    }

    func read(_ record: VolumeRecord, at offset: Int64 = 0, count: Int) throws -> [UInt8] {
        let attached = try attach(record)
        return try Files.read(try Files.open(attached.device.path, O_RDONLY), "the device", at: offset, count: count)
    }

    /// What a volume that is made of a snapshot holds.
    func content(of snapshot: SnapshotRecord, count: Int) throws -> [UInt8] {
        let record = VolumeRecord(
            id: VolumeID(pool: identity, name: "look"), name: "look", pool: identity, incarnation: "look",
            size: snapshot.size, access: .block, provisioning: .thin, parameters: [:], claim: [:], created: 0)
        try create(record, from: try #require(snapshots).content(snapshot), CopyControl())
        defer { try? delete(record.id) }
        return try read(record, count: count)
    }
}

/// What every kind of pool has to do that has snapshots.
@Suite("Pool contract: snapshots and growth", .enabled(if: isRoot, "needs root: pools attach devices"))
struct ContractSnapshotTests {
    let folder = TemporaryFolder("contractsnapshot")

    private func open(_ subject: Subject, _ path: String? = nil) throws -> any Pool {
        let pool = try subject.open(path ?? folder.path)
        #expect(try pool.recover().isEmpty)
        return pool
    }

    @Test("one holds what its volume held, whatever becomes of that", arguments: Subject.all, Ground.all)
    func content(_ subject: Subject, _ ground: Ground) throws {
        let path = try ground.mount(in: folder)
        let snapshot: SnapshotRecord
        do {
            let pool = try open(subject, path)
            let volume = try pool.makeRaw("a", [1, 2, 3])
            let store = try #require(pool.snapshots)
            #expect(try store.shares(with: volume) == (ground.name != "ext4"))
            snapshot = try pool.take("s", of: volume)
            #expect(try store.index.record(snapshot.id) == snapshot && store.index.count == 1)
            #expect(pool.index.count == 1 && pool.index.committed == volume.size, "a snapshot promises nothing")
            try pool.write([9, 9, 9], to: volume)
            #expect(try pool.content(of: snapshot, count: 3) == [1, 2, 3])
            #expect(try pool.read(volume, count: 3) == [9, 9, 9])
            try pool.delete(volume.id)
        }
        let pool = try open(subject, path)
        let store = try #require(pool.snapshots)
        #expect(try store.index.record(snapshot.id) == snapshot)
        #expect(try pool.content(of: snapshot, count: 3) == [1, 2, 3])
        try store.delete(snapshot.id)
        try store.delete(snapshot.id)
        #expect(try store.index.record(snapshot.id) == nil && store.index.count == 0)
    }

    @Test("until the commit it is not there, and undoing it leaves nothing", arguments: Subject.all)
    func undo(_ subject: Subject) throws {
        let pool = try open(subject)
        let store = try #require(pool.snapshots)
        let volume = try pool.makeRaw("a", [1])
        let before = try folder.inventory(".")
        let record = pool.newSnapshot("s", of: volume)
        try pool.begin(record, of: volume)
        #expect(try store.index.record(record.id) == nil && store.index.page(after: nil, limit: 10).isEmpty)
        store.undo(record)
        #expect(try folder.inventory(".") == before)
        try pool.begin(record, of: volume)
        #expect(throws: PoolError.self) { try store.begin(record) }
        try store.commit(record)
        #expect(throws: PoolError.self) { try store.begin(record) }
        #expect(try pool.content(of: record, count: 1) == [1])
    }

    @Test("a copy that is given up says why, and leaves nothing", arguments: Subject.all)
    func cancelled(_ subject: Subject) throws {
        let pool = try open(subject)
        let store = try #require(pool.snapshots)
        let volume = try pool.makeRaw("a", [1])
        let snapshot = try pool.take("s", of: volume)
        let before = try folder.inventory(".")
        let outer = CopyControl()
        let control = CopyControl(within: outer)
        outer.cancel("the first reason")
        outer.cancel("the second reason")
        for content in [try pool.content(volume), try store.content(snapshot)] {
            let error = #expect(throws: PoolError.self) {
                try pool.create(pool.newRecord("copy", bytes: volume.size), from: content, control)
            }
            #expect("\(error!)".contains("the first reason"))
        }
        #expect(try folder.inventory(".") == before && pool.index.committed == volume.size)
        let record = pool.newSnapshot("other", of: volume)
        try store.begin(record)
        #expect(throws: PoolError.self) {
            try store.fill(record, with: try pool.content(volume), .sharedIfPossible, control)
        }
        store.undo(record)
        #expect(try folder.inventory(".") == before)
    }

    @Test("blocks that hold data, and those that differ, are found", arguments: Subject.all, Ground.all)
    func blocks(_ subject: Subject, _ ground: Ground) throws {
        let pool = try open(subject, try ground.mount(in: folder))
        let store = try #require(pool.snapshots)
        let volume = try pool.makeRaw("a", [1])
        let base = try pool.take("base", of: volume)
        try pool.write([2], to: volume, at: 512 << 10)
        let target = try pool.take("target", of: volume)
        let all = try store.blocks(of: target, since: nil)
        let changed = try store.blocks(of: target, since: base)
        #expect(all.blockSize == changed.blockSize && (1 << 20) % all.blockSize == 0)
        #expect(try all.next(from: 0, limit: 10).offsets == [0, 512 << 10])
        let stretch = try changed.next(from: 0, limit: 10)
        #expect(stretch.offsets == [512 << 10] && stretch.next == nil)
        #expect(try all.next(from: 1, limit: 1).offsets == [0])
        #expect(try store.blocks(of: base, since: base).next(from: 0, limit: 10).offsets.isEmpty)
    }

    @Test(
        "a grown volume keeps its content and its size, over a restart as well", arguments: Subject.all,
        Provisioning.allCases)
    func grow(_ subject: Subject, _ provisioning: Provisioning) throws {
        let size: Int64 = 24 << 20
        var grown: VolumeRecord
        do {
            let pool = try open(subject)
            let volume = try pool.make("a", provisioning)
            try pool.write([5], to: volume, at: volume.size - 512)
            let attached = try pool.attach(volume)
            grown = try pool.grow(volume, to: size)
            #expect(grown.size == size && grown.growsFrom == volume.size)
            #expect(pool.index.committed == size)
            let shown = try BlockDevice.open(attached.device.path).size
            #expect(shown == size, "an attached device shows it")
            if provisioning == .thick { #expect(folder.allocated(subject.image(volume.id)) >= size) }
            grown.growsFrom = nil
            try pool.update(grown)
        }
        let pool = try open(subject)
        #expect(try pool.index.record(grown.id) == grown)
        #expect(try pool.read(grown, at: (8 << 20) - 512, count: 1) == [5])
        #expect(try pool.read(grown, at: size - 512, count: 1) == [0])
    }

    @Test("a pool that is full can delete its snapshots, and then has room again", arguments: Subject.all, Ground.all)
    func full(_ subject: Subject, _ ground: Ground) throws {
        let path = try ground.mount(in: folder)
        let pool = try open(subject, path)
        let store = try #require(pool.snapshots)
        let volume = try pool.makeRaw("a", bytes: 16 << 20, [UInt8](repeating: 1, count: 8 << 20))
        let snapshot = try pool.take("s", of: volume)
        let group = GroupID(pool: pool.identity, name: "g")
        let member = try pool.take("member", of: volume, group: group)
        let record = GroupRecord(
            id: group, name: "g", pool: pool.identity, snapshots: [.init(snapshot: member.id, source: volume.id)],
            created: 0)
        try store.create(record)
        try pool.delete(volume.id)
        try folder.fill("pool")
        try store.noteDeletion(record)
        try store.delete(member.id)
        try store.forget(record)
        try store.delete(snapshot.id)
        #expect(store.index.count == 0 && store.groups.count == 0)
        try sh("sync -f '\(path)'")
        #expect(try pool.capacity(.thick).available >= 4 << 20)
    }

    @Test("what snapshots hold counts against the overcommit ratio", arguments: Subject.all)
    func overcommit(_ subject: Subject) throws {
        let path = try Ground.all[0].mount(in: folder)
        let pool = try subject.open(path, ["overcommit": "1"])
        #expect(try pool.recover().isEmpty)
        let volume = try pool.makeRaw("a", bytes: 32 << 20, [UInt8](repeating: 1, count: 4 << 20))
        let room = try pool.capacity(.thin).available
        let record = SnapshotRecord(
            id: SnapshotID(pool: pool.identity, name: "s"), name: "s", of: volume, size: volume.size,
            held: try pool.content(volume).allocated, created: 0)
        let store = try #require(pool.snapshots)
        try pool.begin(record, of: volume)
        try store.commit(record)
        let left = try pool.capacity(.thin).available
        #expect(left <= room - (4 << 20) && left > room - (6 << 20), "\(room) and then \(left)")
        let rest = try pool.make("rest", bytes: left)
        let second = pool.newSnapshot("t", of: volume)
        let promised = SnapshotRecord(
            id: second.id, name: "t", of: volume, size: volume.size, held: record.held, created: 0)
        let error = #expect(throws: PoolError.self) { try pool.begin(promised, of: volume) }
        #expect("\(error!)".contains("overcommit"))
        try store.delete(record.id)
        #expect(try pool.capacity(.thin).available == room - rest.size)
        try pool.begin(promised, of: volume)
        store.undo(promised)
        #expect(try pool.capacity(.thin).available == room - rest.size, "what is undone promises nothing")
    }

    @Test("a copy leaves a twentieth of the pool to what its volumes write", arguments: Subject.all)
    func roomForWriters(_ subject: Subject) throws {
        let pool = try open(subject, try Ground.all[0].mount(in: folder))
        let volume = try pool.makeRaw("a", bytes: 32 << 20, [UInt8](repeating: 1, count: 24 << 20))
        let room = try pool.capacity(.thick).available
        #expect(room > 24 << 20, "there would be room for all of it")
        let before = try folder.inventory("pool")
        let record = pool.newSnapshot("s", of: volume)
        let store = try #require(pool.snapshots)
        let error = #expect(throws: PoolError.self) { try pool.begin(record, of: volume) }
        #expect(word(for: error) == "noRoomToCopy")
        store.undo(record)
        #expect(try folder.inventory("pool") == before)
    }
}
