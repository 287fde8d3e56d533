internal import Glibc
internal import JSON
internal import TestSupport
internal import Testing

@testable internal import Pools

/// What a process that was killed, a power cut or a clumsy hand leaves in a pool's folder.
@Suite("File pool: recovery")
struct RecoveryTests {
    let place = FilePoolFolder()
    private var folder: TemporaryFolder { place.folder }

    private func makeImage(_ record: VolumeRecord, _ content: String? = nil) {
        folder.makeImage(place.image(record), bytes: record.size)
        if let content { folder.write(Array(content.utf8), to: place.image(record), at: 1 << 20) }
    }

    @Test("a creation that was cut off is undone", arguments: [false, true])
    func creating(_ hasImage: Bool) throws {
        let kept = try place.make("kept")[0]
        let record = try place.newRecord("cut off")
        place.write(record, as: place.record(record) + ".new")
        if hasImage { makeImage(record) }
        #expect(try place.reports().isEmpty)
        #expect(
            place.names
                == [place.image(kept), place.record(kept)].map { String($0.dropFirst("volumes/".count)) }.sorted())
        try place.served { pool, _ throws in
            #expect(try pool.index.record(record.id) == nil)
            try pool.make("cut off")
        }
    }

    @Test("so is one whose prepared record is torn")
    func tornPreparation() throws {
        let record = try place.newRecord("cut off")
        place.write(Array(RecordFile.encode(record.json).prefix(40)), as: place.record(record) + ".new")
        makeImage(record)
        #expect(try place.reports().isEmpty)
        #expect(place.names.isEmpty)
    }

    @Test("a prepared record beside an image with data undoes nothing, and is told of")
    func preparedBesideData() throws {
        let record = try place.newRecord("a")
        place.write(record, as: place.record(record) + ".new")
        makeImage(record, "somebody's data")
        let before = try folder.inventory(".")
        for _ in 0..<2 {
            let reports = try place.reports()
            #expect(reports.count >= 1 && reports.allSatisfy { $0.contains("\(record.id).image") }, "\(reports)")
            #expect(try folder.inventory(".") == before)
        }
        try place.served { pool, _ throws in
            let error = #expect(throws: PoolError.self) { try pool.make("a") }
            #expect(word(for: error) == "imageInTheWay")
        }
        #expect(try folder.inventory(".") == before)
    }

    @Test("a change that was cut off leaves the record as it was")
    func updating() throws {
        let record = try place.make("a")[0]
        folder.write(Array("data".utf8), to: place.image(record), at: 0)
        let before = try folder.inventory("volumes")
        var changed = record
        changed.format = .formatted(.random(), type: "ext4")
        place.write(changed, as: place.record(record) + ".new")
        #expect(try place.reports().isEmpty)
        #expect(try folder.inventory("volumes") == before)
        try place.served { pool, _ throws in #expect(try pool.index.record(record.id) == record) }
    }

    @Test("a deletion that was cut off is finished", arguments: [false, true])
    func deleting(_ hasImage: Bool) throws {
        let records = try place.make("a", "kept")
        folder.write(Array("data".utf8), to: place.image(records[0]), at: 0)
        rename(folder.at(place.record(records[0])), folder.at(place.record(records[0]) + ".deleted"))
        if !hasImage { unlink(folder.at(place.image(records[0]))) }
        #expect(try place.reports().isEmpty)
        #expect(place.names.count == 2 && place.names.allSatisfy { $0.hasPrefix(records[1].id.text) })
        try place.served { pool, _ throws in
            #expect(try pool.index.record(records[0].id) == nil)
            #expect(pool.index.count == 1)
        }
    }

    @Test("an image without a record is kept and told of when it holds data")
    func orphan() throws {
        let record = try place.make("a")[0]
        folder.write(Array("data".utf8), to: place.image(record), at: 4 << 20)
        let bytes = folder.read(place.record(record))
        unlink(folder.at(place.record(record)))
        let reports = try place.reports()
        #expect(reports.count == 1 && reports[0].contains("\(record.id).image") && reports[0].contains("no record"))
        try place.served { pool, _ throws in
            #expect(try pool.index.record(record.id) == nil)
            let error = #expect(throws: PoolError.self) { try pool.make("a") }
            #expect(word(for: error) == "imageInTheWay")
            // Somebody restores the record meanwhile, and the client tries again: the record is not ours to undo.
            place.write(bytes, as: place.record(record))
            #expect(throws: PoolError.self) { try pool.make("a") }
            try pool.delete(record.id)
        }
        #expect(folder.read(place.record(record)) == bytes)
        #expect(try place.reports().isEmpty)
        try place.served { pool, _ throws in #expect(try pool.index.record(record.id) == record) }
    }

    @Test("what nobody has named as we do is left alone")
    func strangers() throws {
        let record = try place.make("a")[0]
        let strangers = [
            "notes.txt", "x.new", "x.record.new", "x.image", "\(record.id).image.new", "\(record.id).record.bak",
            "x.deleted",
            "x.record.deleted",
        ]
        for name in strangers { folder.write("volumes/\(name)", "mine") }
        folder.write("volumes/x.record", "mine")
        _ = folder.makeFolder("volumes/folder.image")
        let before = try folder.inventory(".")
        let reports = try place.reports()
        #expect(reports.count == 1 && reports[0].contains("x.record"), "\(reports)")
        #expect(try folder.inventory(".") == before)
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let label: String
        let word: String
        let make: @Sendable ([UInt8]) -> [UInt8]
        var testDescription: String { label }
    }

    @Test(
        "a damaged record is told of, never dropped and never believed; its volume is blocked, and others are not",
        arguments: [
            Damage(label: "empty", word: "empty", make: { _ in [] }),
            Damage(label: "zeros", word: "first line", make: { [UInt8](repeating: 0, count: $0.count) }),
            Damage(label: "half", word: "cut short", make: { Array($0.prefix($0.count / 2)) }),
            Damage(
                label: "a digit of the size", word: "checksum", make: { $0.replacingLast("8388608", with: "8388609") }),
            Damage(
                label: "a newer version", word: "format version 9", make: { _ in Array("holdfast-record 9 x\n".utf8) }),
            Damage(
                label: "a whole envelope around something else", word: "damaged",
                make: { _ in RecordFile.encode(["hello": "world"]) }),
        ])
    func damaged(_ row: Damage) throws {
        let records = try place.make("a", "b")
        folder.write(Array("data".utf8), to: place.image(records[0]), at: 0)
        place.write(row.make(folder.read(place.record(records[0]))), as: place.record(records[0]))
        try expectBlocked(records[0], word: row.word)
        try place.served { pool, _ throws in #expect(try pool.index.record(records[1].id) == records[1]) }
    }

    @Test("a record under another volume's name is damage")
    func wrongName() throws {
        let records = try place.make("a", "b")
        place.write(folder.read(place.record(records[1])), as: place.record(records[0]))
        try expectBlocked(records[0], word: "belongs to volume \(records[1].id)")
    }

    @Test("a record of another pool is damage, even under the right name")
    func otherPool() throws {
        let record = try place.make("a")[0]
        let stranger = VolumeRecord(
            id: record.id, name: "a", pool: .random(), incarnation: "x", size: record.size, access: .block,
            provisioning: .thin,
            parameters: [:], claim: [:], created: 0)
        place.write(stranger, as: place.record(record))
        try expectBlocked(record, word: "of pool \(stranger.pool)")
    }

    private func expectBlocked(_ record: VolumeRecord, word: String, _ location: SourceLocation = #_sourceLocation)
        throws
    {
        let before = try folder.inventory(".")
        let reports = try place.reports()
        #expect(reports.count == 1, sourceLocation: location)
        #expect(
            reports.first?.contains(place.record(record)) == true && reports.first?.contains(word) == true,
            "\(reports)",
            sourceLocation: location)
        try place.served { pool, _ throws in
            for attempt in [
                { _ = try pool.index.record(record.id) }, { try pool.delete(record.id) },
                { try pool.create(pool.newRecord("a")) },
            ] as [() throws -> Void] {
                #expect(throws: PoolError.self, sourceLocation: location) { try attempt() }
            }
            #expect(pool.index.page(after: nil, limit: 10).allSatisfy { $0.id != record.id }, sourceLocation: location)
        }
        #expect(try folder.inventory(".") == before, "nothing was touched", sourceLocation: location)
    }

    @Test("a pool's own record that is damaged, or gone, keeps the pool shut", arguments: ["damaged", "gone"])
    func poolRecord(_ how: String) throws {
        _ = try place.make("a")
        if how == "gone" {
            unlink(folder.at("holdfast-pool.record"))
        } else {
            folder.write([0x58], to: "holdfast-pool.record", at: 30)
        }
        let before = try folder.inventory(".")
        let error = #expect(throws: PoolError.self) { try place.reports() }
        #expect(word(for: error) == (how == "gone" ? "unusable" : "damagedRecord"))
        #expect("\(error!)".contains("restore"))
        #expect(try folder.inventory(".") == before)
    }

    @Test("a pool that was moved is the same pool")
    func moved() throws {
        let record = try place.make("a")[0]
        _ = folder.makeFolder("elsewhere")
        for name in folder.names(in: ".") where name != "elsewhere" {
            rename(folder.at(name), folder.at("elsewhere/\(name)"))
        }
        let pool = try Subject.all[0].open(folder.at("elsewhere"), name: "another name")
        #expect(try pool.recover().isEmpty)
        #expect(try pool.index.record(record.id) == record)
    }

    @Test("10,000 records are read", .timeLimit(.minutes(5)))
    func many() throws {
        let pattern = try place.newRecord("pattern")
        for number in 0..<10_000 {
            let record = VolumeRecord(
                id: VolumeID(pool: pattern.pool, name: "\(number)"), name: "\(number)", pool: pattern.pool,
                incarnation: "i",
                size: 1 << 30, access: .block, provisioning: .thin, parameters: [:], claim: [:], created: 0)
            place.write(record, as: place.record(record))
        }
        try place.served { pool, reports in
            #expect(reports.isEmpty)
            #expect(pool.index.count == 10_000 && pool.index.committed == 10_000 << 30)
        }
    }
}

extension [UInt8] {
    /// With the last occurrence of a text replaced by one of the same length.
    fileprivate func replacingLast(_ text: String, with other: String) -> [UInt8] {
        String(decoding: self, as: UTF8.self).replacing(text, with: other).utf8.map { $0 }
    }
}
