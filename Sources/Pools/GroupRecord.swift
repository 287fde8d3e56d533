public import Devices
internal import JSON

/// Everything that is kept of a group of snapshots that were taken at one moment. The snapshots may lie in several pools;
/// the group's record lies in one of them, and its existence is what makes all of them exist.
public struct GroupRecord: Hashable, KeptRecord {
    public let id: GroupID
    public let name: String
    public let pool: UUID
    /// Each with the volume that it was taken of, in the order that the client named them.
    public let snapshots: [Member]
    /// Nanoseconds since 1970.
    public let created: Int64
    public var isReady: Bool

    public var promise: Int64 { 0 }

    public struct Member: Hashable, Sendable {
        public let snapshot: SnapshotID
        public let source: VolumeID

        public init(snapshot: SnapshotID, source: VolumeID) {
            self.snapshot = snapshot
            self.source = source
        }
    }

    public init(id: GroupID, name: String, pool: UUID, snapshots: [Member], created: Int64) {
        self.id = id
        self.name = name
        self.pool = pool
        self.snapshots = snapshots
        self.created = created
        isReady = true
    }
}

extension GroupRecord {
    var json: JSON {
        [
            "id": .string(id.text), "name": .string(name), "pool": .string("\(pool)"),
            "snapshots": .array(
                snapshots.map { ["snapshot": .string($0.snapshot.text), "source": .string($0.source.text)] }),
            "createdNanoseconds": .integer(created),
        ]
    }

    init(_ json: JSON) throws(MalformedRecord) {
        id = try json.id("id")
        name = try json.text("name")
        pool = try json.uuid("pool")
        var members: [Member] = []
        for member in json["snapshots"]?.array ?? [] {
            members.append(Member(snapshot: try member.id("snapshot"), source: try member.id("source")))
        }
        snapshots = members
        created = json["createdNanoseconds"]?.integer ?? 0
        isReady = true
    }
}
