internal import CWire

/// Several snapshots that were cut at one moment.
public struct VolumeGroupSnapshot: WireMessage {
    /// The plugin's own key, unique within the plugin.
    public var groupSnapshotID: String

    /// One for each source volume.
    public var snapshots: [Snapshot]

    /// The moment whose state they hold.
    public var creationTime: Timestamp?

    /// Whether every one of the snapshots can already be a content source.
    public var readyToUse: Bool

    public init(
        groupSnapshotID: String = "", snapshots: [Snapshot] = [], creationTime: Timestamp? = nil,
        readyToUse: Bool = false
    ) {
        self.groupSnapshotID = groupSnapshotID
        self.snapshots = snapshots
        self.creationTime = creationTime
        self.readyToUse = readyToUse
    }
}

extension VolumeGroupSnapshot: Coded {
    static var blank: Blank<Csi__V1__VolumeGroupSnapshot> { csi__v1__volume_group_snapshot__init }

    init(_ c: Csi__V1__VolumeGroupSnapshot) {
        groupSnapshotID = unpacked(c.group_snapshot_id)
        snapshots = unpacked(c.snapshots, c.n_snapshots)
        creationTime = unpacked(c.creation_time)
        readyToUse = c.ready_to_use != 0
    }

    func fill(_ c: inout Csi__V1__VolumeGroupSnapshot, in arena: Arena) {
        c.group_snapshot_id = arena.packed(groupSnapshotID)
        (c.snapshots, c.n_snapshots) = arena.packed(snapshots)
        c.creation_time = arena.packed(creationTime)
        c.ready_to_use = readyToUse ? 1 : 0
    }
}
