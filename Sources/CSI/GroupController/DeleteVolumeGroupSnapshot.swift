internal import CWire

/// Which group snapshot to remove.
public struct DeleteVolumeGroupSnapshotRequest: WireMessage {
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

/// Carries nothing.
public struct DeleteVolumeGroupSnapshotResponse: WireMessage {
    public init() {}
}

extension DeleteVolumeGroupSnapshotRequest: Coded {
    static var blank: Blank<Csi__V1__DeleteVolumeGroupSnapshotRequest> {
        csi__v1__delete_volume_group_snapshot_request__init
    }

    init(_ c: Csi__V1__DeleteVolumeGroupSnapshotRequest) {
        groupSnapshotID = unpacked(c.group_snapshot_id)
        snapshotIDs = unpacked(c.snapshot_ids, c.n_snapshot_ids)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__DeleteVolumeGroupSnapshotRequest, in arena: Arena) {
        c.group_snapshot_id = arena.packed(groupSnapshotID)
        (c.snapshot_ids, c.n_snapshot_ids) = arena.packed(snapshotIDs)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension DeleteVolumeGroupSnapshotResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__DeleteVolumeGroupSnapshotResponse> {
        csi__v1__delete_volume_group_snapshot_response__init
    }
}
