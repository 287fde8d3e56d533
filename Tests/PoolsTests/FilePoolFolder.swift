internal import Devices
internal import JSON
internal import TestSupport
internal import Testing

@testable internal import Pools

/// The folder of a `file` pool, looked at and damaged from outside while nobody serves it.
struct FilePoolFolder {
    let folder = TemporaryFolder("filepool")
    private let subject = Subject.all[0]

    /// Serves the pool for a moment.
    @discardableResult
    func served<Value>(_ body: (any Pool, [String]) throws -> Value) throws -> Value {
        let pool = try subject.open(folder.path)
        return try body(pool, try pool.recover())
    }

    /// Opens the pool and recovers; what is told of is the answer.
    func reports() throws -> [String] { try served { $1 } }

    func make(_ names: String...) throws -> [VolumeRecord] {
        try served { pool, _ throws in try names.map { try pool.make($0) } }
    }

    func record(_ record: VolumeRecord) -> String { "volumes/\(record.id).record" }
    func image(_ record: VolumeRecord) -> String { "volumes/\(record.id).image" }

    /// A record of this pool for a volume that was never made.
    func newRecord(_ name: String) throws -> VolumeRecord { try served { pool, _ throws in pool.newRecord(name) } }

    func write(_ record: VolumeRecord, as name: String) { write(RecordFile.encode(record.json), as: name) }

    func write(_ bytes: [UInt8], as name: String) {
        folder.write(name, "")
        folder.write(bytes, to: name, at: 0)
    }

    /// The names in `volumes`, without the reserve.
    var names: [String] { folder.names(in: "volumes").filter { $0 != "reserve" } }
}
