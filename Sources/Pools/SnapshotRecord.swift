public import Devices
internal import JSON

/// Everything that is kept of a snapshot, beside its image: what the volume was at that moment.
public struct SnapshotRecord: Hashable, KeptRecord {
    public let id: SnapshotID
    /// The name that the client asked for.
    public let name: String
    /// The pool that it lies in, which is its volume's.
    public let pool: UUID
    public let source: VolumeID
    /// The source's name, for people: the source may be gone.
    public let sourceName: String
    /// Which of the volumes that had the source's name, one after the other.
    public let sourceIncarnation: String
    /// Bytes of the volume at that moment.
    public let size: Int64
    /// Less than `size` where the volume was growing: its filesystem may have been that small.
    public let assuredSize: Int64
    /// Bytes that were allocated to the volume at that moment.
    public let held: Int64
    public let access: VolumeAccess
    public let format: FormatState
    /// Nanoseconds since 1970.
    public let created: Int64
    /// The group that it was taken with, if it was.
    public let group: GroupID?
    public var isReady: Bool

    /// Whether its volume held nothing yet: its filesystem was never made, or never mounted.
    public var isBlank: Bool { access != .block && format.isNeverMounted }

    /// What it holds: its own copy, or blocks that its volume has to be given anew when it writes.
    public var promise: Int64 { held }

    public init(
        id: SnapshotID, name: String, of volume: VolumeRecord, size: Int64, held: Int64, created: Int64,
        group: GroupID? = nil
    ) {
        self.id = id
        self.name = name
        pool = volume.pool
        source = volume.id
        sourceName = volume.name
        sourceIncarnation = volume.incarnation
        self.size = size
        self.held = volume.access != .block && volume.format.isNeverMounted ? 0 : min(held, size)
        assuredSize = min(size, volume.assuredSize)
        access = volume.access
        format = volume.format
        self.created = created
        self.group = group
        isReady = true
    }
}

extension SnapshotRecord {
    var json: JSON {
        var object: [String: JSON] = [
            "id": .string(id.text), "name": .string(name), "pool": .string("\(pool)"),
            "source": .string(source.text), "sourceName": .string(sourceName),
            "sourceIncarnation": .string(sourceIncarnation), "size": .integer(size), "format": format.json,
            "createdNanoseconds": .integer(created),
        ]
        access.write(to: &object)
        object["held"] = .integer(held)
        if assuredSize != size { object["assuredSize"] = .integer(assuredSize) }
        if let group { object["group"] = .string(group.text) }
        return .object(object)
    }

    init(_ json: JSON) throws(MalformedRecord) {
        id = try json.id("id")
        name = try json.text("name")
        pool = try json.uuid("pool")
        source = try json.id("source")
        sourceName = try json.text("sourceName")
        sourceIncarnation = try json.text("sourceIncarnation")
        size = try json.size("size")
        assuredSize = json["assuredSize"] == nil ? size : try json.size("assuredSize")
        held = json["held"]?.integer ?? 0
        access = try VolumeAccess(json)
        format = try FormatState(json["format"] ?? .null)
        created = json["createdNanoseconds"]?.integer ?? 0
        group = json["group"] == nil ? nil : try json.id("group")
        isReady = true
    }
}
