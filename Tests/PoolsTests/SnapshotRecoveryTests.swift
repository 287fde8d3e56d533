internal import Devices
internal import Glibc
internal import JSON
internal import TestSupport
internal import Testing

@testable internal import Pools

/// What a kill, a power cut or a clumsy hand leaves in a pool's folders of snapshots and groups.
@Suite("File pool: recovery of snapshots and groups", .enabled(if: isRoot, "needs root: pools attach devices"))
struct SnapshotRecoveryTests {
    let place = FilePoolFolder()
    private var folder: TemporaryFolder { place.folder }
    private var names: [String] { folder.names(in: "snapshots") }

    private func record(_ record: SnapshotRecord) -> String { "snapshots/\(record.id).record" }
    private func image(_ record: SnapshotRecord) -> String { "snapshots/\(record.id).image" }
    private func record(_ group: GroupRecord) -> String { "groups/\(group.id).record" }

    /// A volume with content, two snapshots of it, and the first in a group if that is wanted.
    private func make(inGroup: Bool = false) throws -> (
        first: SnapshotRecord, second: SnapshotRecord, group: GroupRecord
    ) {
        try place.served { pool, _ throws in
            let volume = try pool.makeRaw("a", [1, 2, 3])
            let id = GroupID(pool: pool.identity, name: "g")
            let first = try pool.take("first", of: volume, group: inGroup ? id : nil)
            let group = GroupRecord(
                id: id, name: "g", pool: pool.identity, snapshots: [.init(snapshot: first.id, source: volume.id)],
                created: 7)
            if inGroup { try #require(pool.snapshots).create(group) }
            return (first, try pool.take("second", of: volume), group)
        }
    }

    private func move(_ name: String, _ other: String) {
        #expect(rename(folder.at(name), folder.at(other)) == 0)
    }

    /// How far the making or the deletion of a snapshot had come.
    struct Cut: Sendable, CustomTestStringConvertible {
        let label: String
        /// What stands behind the record's name; nil is no such file.
        let mark: String?
        let hasImage: Bool
        var isTorn = false
        var testDescription: String { label }

        static let all = [
            Cut(label: "a note alone", mark: ".making", hasImage: false),
            Cut(label: "a note and an image with data", mark: ".making", hasImage: true),
            Cut(label: "a torn note", mark: ".making", hasImage: false, isTorn: true),
            Cut(label: "a deletion with its image", mark: ".deleted", hasImage: true),
            Cut(label: "a deletion without", mark: ".deleted", hasImage: false),
        ]
    }

    @Test("what was begun of one snapshot is undone or finished, and the other one stays", arguments: Cut.all)
    func cutOff(_ cut: Cut) throws {
        let (first, second, _) = try make()
        let mark = try #require(cut.mark)
        move(record(first), record(first) + mark)
        if cut.isTorn { truncate(folder.at(record(first) + mark), 40) }
        if !cut.hasImage { unlink(folder.at(image(first))) }
        #expect(try place.reports().isEmpty)
        #expect(names == ["\(second.id).image", "\(second.id).record"])
        try place.served { pool, _ throws in
            let store = try #require(pool.snapshots)
            #expect(try store.index.record(first.id) == nil && store.index.record(second.id) == second)
            #expect(store.undecided.isEmpty)
            #expect(try pool.content(of: second, count: 3) == [1, 2, 3])
        }
    }

    @Test("a note that a power cut has brought back beside its record changes nothing")
    func noteBesideRecord() throws {
        let (first, second, _) = try make()
        let before = try folder.inventory("snapshots")
        place.write(folder.read(record(first)), as: record(first) + ".making")
        #expect(try place.reports().isEmpty)
        #expect(try folder.inventory("snapshots") == before)
        try place.served { pool, _ throws in
            #expect(
                try pool.snapshots?.index.record(first.id) == first && pool.snapshots?.index.record(second.id) == second
            )
        }
    }

    @Test("one that was begun for a group waits for the decision", arguments: ["commit", "undo"])
    func undecided(_ decision: String) throws {
        let (first, second, _) = try make(inGroup: true)
        move(record(first), record(first) + ".making")
        try place.served { pool, reports throws in
            let store = try #require(pool.snapshots)
            #expect(reports.isEmpty && store.undecided == [first])
            #expect(try store.index.record(first.id) == nil)
            if decision == "commit" { try store.commit(first) } else { store.undo(first) }
            #expect(store.undecided.isEmpty)
            #expect(try store.index.record(first.id) == (decision == "commit" ? first : nil))
        }
        #expect(try place.reports().isEmpty)
        #expect(names.count == (decision == "commit" ? 4 : 2) && names.contains("\(second.id).record"))
    }

    @Test("a note for a group under another snapshot's name decides on neither")
    func misnamedNote() throws {
        let (first, second, _) = try make(inGroup: true)
        let stray = "snapshots/hfs-0123456789012345678901234567890123456789.record.making"
        place.write(folder.read(record(first)), as: stray)
        let before = try folder.inventory("snapshots")
        try place.served { pool, reports throws in
            let store = try #require(pool.snapshots)
            #expect(reports.count == 1 && reports[0].contains(stray), "\(reports)")
            #expect(store.undecided.isEmpty)
            #expect(try store.index.record(first.id) == first && store.index.record(second.id) == second)
        }
        #expect(try folder.inventory("snapshots") == before)
    }

    @Test("a group's record is read as it was, its deletion is known, and half of a new one is dropped")
    func groups() throws {
        var group = try make(inGroup: true).group
        folder.write("\(record(group)).new", "half a rec")
        try place.served { pool, reports throws in
            #expect(reports.isEmpty)
            #expect(try pool.snapshots?.groups.record(group.id) == group)
        }
        #expect(folder.names(in: "groups") == ["\(group.id).record"])
        move(record(group), record(group) + ".deleted")
        group.isReady = false
        try place.served { pool, reports throws in
            let store = try #require(pool.snapshots)
            #expect(reports.isEmpty)
            #expect(try store.groups.record(group.id) == group)
            try store.forget(group)
        }
        #expect(folder.names(in: "groups").isEmpty)
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let label: String
        let word: String
        let make: @Sendable ([UInt8]) -> [UInt8]
        var testDescription: String { label }

        static let all = [
            Damage(label: "empty", word: "empty", make: { _ in [] }),
            Damage(label: "zeros", word: "first line", make: { [UInt8](repeating: 0, count: $0.count) }),
            Damage(label: "half", word: "cut short", make: { Array($0.prefix($0.count / 2)) }),
            Damage(
                label: "a newer version", word: "format version 9", make: { _ in Array("holdfast-record 9 x\n".utf8) }),
            Damage(
                label: "a whole envelope around something else", word: "damaged",
                make: { _ in RecordFile.encode(["hello": "world"]) }),
        ]
    }

    @Test("a damaged record of a snapshot is told of, and blocks that snapshot alone", arguments: Damage.all)
    func damaged(_ damage: Damage) throws {
        let (first, second, _) = try make()
        place.write(damage.make(folder.read(record(first))), as: record(first))
        try expectBlocked(record(first), word: damage.word) { pool, store in
            _ = try store.index.record(first.id)
        }
        try place.served { pool, _ throws in
            let store = try #require(pool.snapshots)
            #expect(throws: PoolError.self) { try store.delete(first.id) }
            #expect(store.index.page(after: nil, limit: 10) == [second])
            #expect(try pool.content(of: second, count: 3) == [1, 2, 3])
        }
    }

    @Test(
        "a damaged record of a group is told of, and blocks that group alone", arguments: Damage.all, ["", ".deleted"])
    func damagedGroup(_ damage: Damage, _ mark: String) throws {
        let (first, _, group) = try make(inGroup: true)
        let bytes = folder.read(record(group))
        unlink(folder.at(record(group)))
        place.write(damage.make(bytes), as: record(group) + mark)
        try expectBlocked(record(group) + mark, word: damage.word) { pool, store in
            _ = try store.groups.record(group.id)
        }
        try place.served { pool, _ throws in #expect(try pool.snapshots?.index.record(first.id) == first) }
    }

    @Test("a record of another pool, or of another snapshot, is damage", arguments: ["pool", "name"])
    func strange(_ what: String) throws {
        let (first, second, _) = try make()
        if what == "name" {
            place.write(folder.read(record(second)), as: record(first))
        } else {
            let volume = VolumeRecord(
                id: first.source, name: "a", pool: .random(), incarnation: "x", size: 1 << 20, access: .block,
                provisioning: .thin, parameters: [:], claim: [:], created: 0)
            let stranger = SnapshotRecord(
                id: first.id, name: "first", of: volume, size: volume.size, held: 0, created: 0)
            place.write(RecordFile.encode(stranger.json), as: record(first))
        }
        try expectBlocked(record(first), word: "it belongs to snapshot") { pool, store in
            _ = try store.index.record(first.id)
        }
    }

    private func expectBlocked(
        _ file: String, word: String, location: SourceLocation = #_sourceLocation,
        _ attempt: (any Pool, any SnapshotStore) throws -> Void
    ) throws {
        let before = try folder.inventory(".")
        try place.served { pool, reports throws in
            #expect(reports.count == 1, "\(reports)", sourceLocation: location)
            #expect(
                reports.first?.contains(file) == true && reports.first?.contains(word) == true, "\(reports)",
                sourceLocation: location)
            let store = try #require(pool.snapshots)
            #expect(throws: PoolError.self, sourceLocation: location) { try attempt(pool, store) }
        }
        #expect(try folder.inventory(".") == before, "nothing was touched", sourceLocation: location)
    }

    @Test(
        "an image that is missing or short is told of where it is needed",
        arguments: [nil, 0, (1 << 20) - 1] as [Int64?])
    func brokenImage(_ length: Int64?) throws {
        let (first, second, _) = try make()
        if let length { truncate(folder.at(image(first)), off_t(length)) } else { unlink(folder.at(image(first))) }
        #expect(try place.reports().isEmpty)
        try place.served { pool, _ throws in
            let store = try #require(pool.snapshots)
            for attempt in [
                { _ = try store.content(first) }, { _ = try store.blocks(of: first, since: nil) },
                { _ = try store.blocks(of: second, since: first) },
            ] as [() throws -> Void] {
                let error = #expect(throws: PoolError.self) { try attempt() }
                #expect(word(for: error) == (length == nil ? "missingImage" : "shortImage"))
            }
            try store.delete(first.id)
        }
        #expect(names == ["\(second.id).image", "\(second.id).record"])
    }

    @Test("an image without a record is kept when it holds data, and no snapshot takes its place")
    func orphan() throws {
        let (first, _, _) = try make()
        unlink(folder.at(record(first)))
        let before = try folder.inventory("snapshots")
        let reports = try place.reports()
        #expect(reports.count == 1 && reports[0].contains("\(first.id).image"), "\(reports)")
        try place.served { pool, _ throws in
            let error = #expect(throws: PoolError.self) { try #require(pool.snapshots).begin(first) }
            #expect(word(for: error) == "imageInTheWay")
        }
        #expect(try folder.inventory("snapshots") == before)
    }
}
