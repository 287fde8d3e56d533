internal import Devices
internal import Glibc
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

/// What every kind of pool has to do.
@Suite("Pool contract: volumes", .enabled(if: isRoot, "needs root: pools attach devices"))
struct ContractTests {
    let folder = TemporaryFolder("contract")

    @Test("every kind of the catalog is under this contract")
    func catalog() {
        #expect(PoolKinds.all.map(\.name) == Subject.all.map(\.kind))
        #expect(PoolKinds.named("holdfast") == nil)
        #expect(PoolKinds.names == PoolKinds.all.map(\.name).joined(separator: ", "))
    }

    @Test("a volume that was made is there, and still when the pool is opened again", arguments: Subject.all)
    func create(_ subject: Subject) throws {
        let record: VolumeRecord
        let identity: UUID
        do {
            let pool = try subject.open(folder.path)
            #expect(try pool.recover().isEmpty)
            #expect(pool.name == "default" && pool.kind == subject.kind)
            identity = pool.identity
            var wanted = pool.newRecord(
                "name with\nnewline, ü and \"quotes\"", claim: ["csi.storage.k8s.io/pvc/name": "a\tb"])
            wanted.format = .formatting(.random(), type: "ext4")
            wanted.attachments = [Attachment(node: "node-1", isReadOnly: true, mode: "SINGLE_NODE_WRITER")]
            try pool.create(wanted)
            record = try #require(try pool.index.record(wanted.id))
            #expect(record == wanted && record.intent == .ready)
            #expect(pool.index.count == 1 && pool.index.committed == wanted.size)
        }
        let again = try subject.open(folder.path)
        #expect(try again.recover().isEmpty)
        #expect(again.identity == identity)
        #expect(try again.index.record(record.id) == record, "every field survives")
        #expect(again.index.count == 1 && again.index.committed == record.size)
    }

    @Test(
        "a change of a record is kept", arguments: Subject.all,
        [
            FormatState.never, .formatting(.random(), type: "xfs"), .formatted(.random(), type: "btrfs"),
        ])
    func update(_ subject: Subject, _ format: FormatState) throws {
        var record: VolumeRecord
        do {
            let pool = try subject.open(folder.path)
            _ = try pool.recover()
            record = try pool.make("a")
            record.format = format
            record.size *= 2
            record.attachments.append(Attachment(node: "n", isReadOnly: false, mode: "m"))
            try pool.update(record)
            #expect(try pool.index.record(record.id) == record)
            #expect(pool.index.committed == record.size && pool.index.count == 1)
        }
        let again = try subject.open(folder.path)
        #expect(try again.recover().isEmpty)
        #expect(try again.index.record(record.id) == record)
    }

    @Test("deleting leaves nothing, twice is fine, and so is what never was", arguments: Subject.all)
    func delete(_ subject: Subject) throws {
        let pool = try subject.open(folder.path)
        _ = try pool.recover()
        let before = try folder.inventory(".")
        let record = try pool.make("a")
        try pool.delete(record.id)
        #expect(try pool.index.record(record.id) == nil)
        #expect(pool.index.count == 0 && pool.index.committed == 0)
        #expect(try folder.inventory(".") == before)
        try pool.delete(record.id)
        try pool.delete(VolumeID(pool: pool.identity, name: "never"))
        #expect(try folder.inventory(".") == before)
    }

    @Test("recovering what is whole changes nothing, however often", arguments: Subject.all)
    func recover(_ subject: Subject) throws {
        var records: [VolumeRecord] = []
        do {
            let pool = try subject.open(folder.path)
            _ = try pool.recover()
            records = try (0..<5).map { try pool.make("\($0)", $0 % 2 == 0 ? .thin : .thick) }
        }
        let before = try folder.inventory(".")
        for _ in 0..<3 {
            let pool = try subject.open(folder.path)
            #expect(try pool.recover().isEmpty)
            #expect(Set(pool.index.page(after: nil, limit: 100)) == Set(records))
        }
        #expect(try folder.inventory(".") == before)
    }

    @Test("making a volume that is there already is refused, and it stays as it is", arguments: Subject.all)
    func twice(_ subject: Subject) throws {
        let pool = try subject.open(folder.path)
        _ = try pool.recover()
        let record = try pool.make("a")
        let before = try folder.inventory(".")
        #expect(throws: PoolError.self) { try pool.create(pool.newRecord("a", bytes: 4 << 20, incarnation: "second")) }
        #expect(try folder.inventory(".") == before)
        #expect(pool.index.committed == record.size)
        #expect(try subject.reopened(folder, pool).index.record(record.id) == record)
    }

    @Test("a thin volume takes no space, a thick one all of it", arguments: Subject.all)
    func provisioning(_ subject: Subject) throws {
        let pool = try subject.open(folder.path)
        _ = try pool.recover()
        let size: Int64 = 64 << 20
        let thin = try pool.make("thin", bytes: size, .thin)
        let thick = try pool.make("thick", bytes: size, .thick)
        #expect(folder.allocated(subject.image(thin.id)) == 0)
        #expect(folder.allocated(subject.image(thick.id)) >= size)
        for record in [thin, thick] {
            let attached = try pool.attach(record)
            let found = attached.device.size
            #expect(found == size)
            #expect(try pool.wasWritten(record) != true)
        }
    }

    @Test("two who open a pool: the second is refused", arguments: Subject.all)
    func alreadyServed(_ subject: Subject) throws {
        do {
            let first = try subject.open(folder.path)
            let error = #expect(throws: PoolError.self) { _ = try subject.open(folder.path) }
            #expect(word(for: error) == "alreadyServed")
            #expect("\(error!)".contains(folder.path))
            _ = try first.recover()
        }
        _ = try subject.open(folder.path)
    }

    @Test("what cannot be allocated is refused, and nothing is left", arguments: Subject.all)
    func outOfSpace(_ subject: Subject) throws {
        let path = try Ground.all[0].mount(in: folder)
        let pool = try subject.open(path)
        _ = try pool.recover()
        let kept = try pool.make("kept", .thick)
        let before = try folder.inventory("pool")
        let room = try pool.capacity(.thick)
        #expect(room.available > 0 && room.maximumVolume <= room.available && room.available < 64 << 20)
        for bytes in [room.available + 1, 1 << 40] {
            let error = #expect(throws: PoolError.self) { try pool.make("large", bytes: bytes, .thick) }
            #expect(word(for: error) == "outOfSpace")
            #expect(try pool.index.record(VolumeID(pool: pool.identity, name: "large")) == nil)
            #expect(pool.index.count == 1 && pool.index.committed == kept.size)
            #expect(try folder.inventory("pool") == before)
        }
        try pool.make("large", bytes: room.maximumVolume - (4 << 20), .thick)
    }

    @Test("thin volumes may promise more than there is, up to the ratio", arguments: Subject.all)
    func overcommit(_ subject: Subject) throws {
        let path = try Ground.all[0].mount(in: folder)
        do {
            let pool = try subject.open(path)
            _ = try pool.recover()
            try pool.make("unlimited", bytes: 1 << 34)
            try pool.delete(VolumeID(pool: pool.identity, name: "unlimited"))
        }
        let pool = try subject.open(path, ["overcommit": "2.5"])
        _ = try pool.recover()
        let limit = try pool.capacity(.thin).available
        #expect(limit > 100 << 20 && limit <= 160 << 20, "two and a half times 64 MiB, less what ext4 needs: \(limit)")
        let first = try pool.make("first", bytes: limit - (10 << 20))
        #expect(try pool.capacity(.thin) == PoolCapacity(available: 10 << 20, maximumVolume: 10 << 20))
        let error = #expect(throws: PoolError.self) { try pool.make("second", bytes: (10 << 20) + 1) }
        #expect(word(for: error) == "outOfSpace")
        #expect("\(error!)".contains("overcommit"))
        try pool.make("second", bytes: 10 << 20)
        #expect(throws: PoolError.self) { try pool.make("third", bytes: 512) }
        try pool.delete(first.id)
        #expect(try pool.capacity(.thin).available == first.size, "a deleted volume promises nothing")
        #expect(throws: PoolError.self) { try pool.make("overflow", bytes: .max) }
    }
}

extension Subject {
    /// Another opener's view of the pool's folder, copied aside: the first one still holds its lock.
    func reopened(_ folder: TemporaryFolder, _ pool: any Pool) throws -> any Pool {
        let copy = "\(folder.path).copy"
        defer { _ = outcome(of: "rm -rf '\(copy)'") }
        try sh("rm -rf '\(copy)' && cp -a --sparse=always '\(folder.path)' '\(copy)'")
        let again = try open(copy)
        _ = try again.recover()
        return again
    }
}
