internal import Devices
internal import Glibc
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Pool contract: a pool that is 100 % full", .enabled(if: isRoot, "needs root: it mounts what the pool lies on"))
struct FullPoolTests {
    let folder = TemporaryFolder("fullpool")

    @Test("can delete, and then has room again", arguments: Subject.all, Ground.all)
    func delete(_ subject: Subject, _ ground: Ground) throws {
        let path = try ground.mount(in: folder)
        let thick: VolumeRecord
        let thin: VolumeRecord
        let pool = try subject.open(path)
        _ = try pool.recover()
        thick = try pool.make("thick", bytes: 16 << 20, .thick)
        thin = try pool.make("thin", bytes: 16 << 20, .thin)
        try folder.fill("pool")
        try pool.delete(thin.id)
        try pool.delete(thick.id)
        #expect(pool.index.count == 0)
        // btrfs gives the space of what was deleted with its next transaction.
        try sh("sync -f '\(path)'")
        #expect(try pool.capacity(.thick).available >= 8 << 20)
        try pool.make("again", bytes: 4 << 20, .thick)
    }

    @Test("can be opened again, and then delete", arguments: Subject.all, Ground.all)
    func reopen(_ subject: Subject, _ ground: Ground) throws {
        let path = try ground.mount(in: folder)
        var record: VolumeRecord
        do {
            let pool = try subject.open(path)
            _ = try pool.recover()
            record = try pool.make("thick", bytes: 16 << 20, .thick)
            try folder.fill("pool")
        }
        let pool = try subject.open(path)
        #expect(try pool.recover().isEmpty)
        #expect(try pool.index.record(record.id) == record)
        try pool.delete(record.id)
        #expect(try subject.open(folder.makeFolder("elsewhere")).index.count == 0)
        #expect(pool.index.count == 0)
    }

    @Test("can note what has been done to a volume", arguments: Subject.all, Ground.all)
    func update(_ subject: Subject, _ ground: Ground) throws {
        let path = try ground.mount(in: folder)
        let pool = try subject.open(path)
        _ = try pool.recover()
        var record = try pool.make("a", bytes: 16 << 20, .thick)
        try folder.fill("pool")
        record.format = .formatted(.random(), type: "ext4")
        try pool.update(record)
        try pool.delete(record.id)
        #expect(pool.index.count == 0)
    }

    @Test("a thick volume can be written to its end", arguments: Subject.all, Ground.all)
    func write(_ subject: Subject, _ ground: Ground) throws {
        let path = try ground.mount(in: folder)
        let pool = try subject.open(path)
        _ = try pool.recover()
        let record = try pool.make("thick", bytes: 16 << 20, .thick)
        try folder.fill("pool")
        let attached = try pool.attach(record)
        try Files.write([UInt8](repeating: 0x5a, count: 16 << 20), to: attached.device.descriptor, attached.device.path)
        try pool.sync(attached, of: record)
    }

    @Test("refuses a new volume and leaves nothing behind", arguments: Subject.all, Provisioning.allCases)
    func create(_ subject: Subject, _ provisioning: Provisioning) throws {
        let path = try Ground.all[0].mount(in: folder)
        let pool = try subject.open(path)
        _ = try pool.recover()
        let kept = try pool.make("kept", .thick)
        try folder.fill("pool")
        let before = try folder.inventory("pool")
        let error = #expect(throws: PoolError.self) { try pool.make("new", bytes: 1 << 20, provisioning) }
        #expect(word(for: error) == "outOfSpace")
        #expect(try folder.inventory("pool") == before)
        #expect(pool.index.count == 1 && pool.index.committed == kept.size)
        #expect(try pool.index.record(VolumeID(pool: pool.identity, name: "new")) == nil)
    }
}

@Suite("Pool contract: places that cannot be a pool", .enabled(if: isRoot, "needs root: it mounts"))
struct UnusablePlaceTests {
    let folder = TemporaryFolder("unusable")

    private func refusal(_ subject: Subject, _ path: String) -> String {
        let error = #expect(throws: PoolError.self) { _ = try subject.open(path) }
        #expect(word(for: error) == "unusable")
        return error.map { "\($0)" } ?? ""
    }

    @Test("a missing folder, a file, and a folder beneath a file", arguments: Subject.all)
    func missing(_ subject: Subject) {
        #expect(refusal(subject, folder.at("gone")).contains("does not exist"))
        #expect(!folder.exists("gone"), "and it is not made")
        let file = folder.write("file", "x")
        #expect(refusal(subject, file).contains("not a folder"))
        #expect(refusal(subject, "\(file)/x").contains("not a folder"))
        #expect(folder.read("file") == [UInt8(ascii: "x")])
    }

    @Test("a read-only filesystem, with and without a pool on it", arguments: Subject.all)
    func readOnly(_ subject: Subject) throws {
        let path = try Ground.all[0].mount(in: folder)
        try sh("mount -o remount,ro '\(path)'")
        #expect(refusal(subject, path).contains("read-only"))
        try sh("mount -o remount,rw '\(path)'")
        do {
            let pool = try subject.open(path)
            _ = try pool.recover()
            try pool.make("a")
        }
        try sh("mount -o remount,ro '\(path)'")
        #expect(refusal(subject, path).contains("read-only"))
    }

    @Test("a full filesystem without a pool on it, which stays as it was", arguments: Subject.all, Ground.all)
    func full(_ subject: Subject, _ ground: Ground) throws {
        let path = try ground.mount(in: folder)
        try folder.fill("pool")
        let sentence = refusal(subject, path)
        #expect(sentence.contains("full") || sentence.contains("room"), "\(sentence)")
        _ = outcome(of: "rm -f '\(path)'/filler.*; sync -f '\(path)'")
        _ = try subject.open(path)
    }

    @Test("a key of the configuration says what it expects")
    func keys() throws {
        let keys = try #require(PoolKinds.named("file")).keys
        let path = try #require(keys.first(where: { $0.name == "path" }))
        #expect(path.isRequired)
        #expect(path.expectation("/var/lib/x") == nil)
        for bad in ["", "x", "./x"] { #expect(path.expectation(bad) != nil, "\(bad)") }
        let overcommit = try #require(keys.first(where: { $0.name == "overcommit" }))
        #expect(!overcommit.isRequired)
        for good in ["1", "1.5", "100", "unlimited"] { #expect(overcommit.expectation(good) == nil, "\(good)") }
        for bad in ["0", "0.9", "-1", "nan", "inf", "many", "", "2x"] {
            #expect(overcommit.expectation(bad) != nil, "\(bad)")
        }
    }
}
