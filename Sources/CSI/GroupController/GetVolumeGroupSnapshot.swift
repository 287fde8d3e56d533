internal import CWire

/// Which group snapshot to describe.
public struct GetVolumeGroupSnapshotRequest: WireMessage {
    /// The plugin's key of the group snapshot.
    public var groupSnapshotID: String

    /// The members that the orchestrator expects, for plugins that do not keep the group's list themselves.
    public var snapshotIDs: [String]

    /// Secret.
    public var secrets: Secrets

    public init(groupSnapshotID: String = "", snapshotIDs: [String] = [], secrets: Secrets = Secrets()) {
        self.groupSnapshotID = groupSnapshotID
        self.snapshotIDs = snapshotIDs
        self.secrets = secrets
    }
}

/// The group snapshot asked for.
public struct GetVolumeGroupSnapshotResponse: WireMessage {
    /// The group snapshot.
    public var groupSnapshot: VolumeGroupSnapshot?

    public init(groupSnapshot: VolumeGroupSnapshot? = nil) {
        self.groupSnapshot = groupSnapshot
    }
}

extension GetVolumeGroupSnapshotRequest: Coded {
    static var blank: Blank<Csi__V1__GetVolumeGroupSnapshotRequest> { csi__v1__get_volume_group_snapshot_request__init }

    init(_ c: Csi__V1__GetVolumeGroupSnapshotRequest) {
        groupSnapshotID = unpacked(c.group_snapshot_id)
        snapshotIDs = unpacked(c.snapshot_ids, c.n_snapshot_ids)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__GetVolumeGroupSnapshotRequest, in arena: Arena) {
        c.group_snapshot_id = arena.packed(groupSnapshotID)
        (c.snapshot_ids, c.n_snapshot_ids) = arena.packed(snapshotIDs)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension GetVolumeGroupSnapshotResponse: Coded {
    static var blank: Blank<Csi__V1__GetVolumeGroupSnapshotResponse> {
        csi__v1__get_volume_group_snapshot_response__init
    }

    init(_ c: Csi__V1__GetVolumeGroupSnapshotResponse) {
        groupSnapshot = unpacked(c.group_snapshot)
    }

    func fill(_ c: inout Csi__V1__GetVolumeGroupSnapshotResponse, in arena: Arena) {
        c.group_snapshot = arena.packed(groupSnapshot)
    }
}
