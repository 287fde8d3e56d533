internal import CWire

/// A snapshot as the plugin knows it.
public struct Snapshot: WireMessage {
    /// Bytes that a volume made from it needs at least; 0 = not known.
    public var sizeBytes: Int64

    /// The plugin's own key, unique within the plugin.
    public var snapshotID: String

    /// The plugin's key of the volume that it is cut from.
    public var sourceVolumeID: String

    /// The moment whose state it holds.
    public var creationTime: Timestamp?

    /// Whether it can already be a content source; it may still be copied after it was cut.
    public var readyToUse: Bool

    /// The group snapshot it belongs to; empty for none.
    public var groupSnapshotID: String

    public init(
        sizeBytes: Int64 = 0, snapshotID: String = "", sourceVolumeID: String = "", creationTime: Timestamp? = nil,
        readyToUse: Bool = false, groupSnapshotID: String = ""
    ) {
        self.sizeBytes = sizeBytes
        self.snapshotID = snapshotID
        self.sourceVolumeID = sourceVolumeID
        self.creationTime = creationTime
        self.readyToUse = readyToUse
        self.groupSnapshotID = groupSnapshotID
    }
}

extension Snapshot: Coded {
    static var blank: Blank<Csi__V1__Snapshot> { csi__v1__snapshot__init }

    init(_ c: Csi__V1__Snapshot) {
        sizeBytes = c.size_bytes
        snapshotID = unpacked(c.snapshot_id)
        sourceVolumeID = unpacked(c.source_volume_id)
        creationTime = unpacked(c.creation_time)
        readyToUse = c.ready_to_use != 0
        groupSnapshotID = unpacked(c.group_snapshot_id)
    }

    func fill(_ c: inout Csi__V1__Snapshot, in arena: Arena) {
        c.size_bytes = sizeBytes
        c.snapshot_id = arena.packed(snapshotID)
        c.source_volume_id = arena.packed(sourceVolumeID)
        c.creation_time = arena.packed(creationTime)
        c.ready_to_use = readyToUse ? 1 : 0
        c.group_snapshot_id = arena.packed(groupSnapshotID)
    }
}
