internal import CWire

/// Which volumes to cut snapshots of at one moment.
public struct CreateVolumeGroupSnapshotRequest: WireMessage {
    /// The orchestrator's key for this group: a repeated request with the same name must not cut a second one.
    public var name: String

    /// The plugin's keys of the volumes that the snapshots are cut from.
    public var sourceVolumeIDs: [String]

    /// Secret.
    public var secrets: Secrets

    /// From the group snapshot class, opaque to the orchestrator.
    public var parameters: [String: String]

    public init(
        name: String = "", sourceVolumeIDs: [String] = [], secrets: Secrets = Secrets(),
        parameters: [String: String] = [:]
    ) {
        self.name = name
        self.sourceVolumeIDs = sourceVolumeIDs
        self.secrets = secrets
        self.parameters = parameters
    }
}

/// The group snapshot that was cut, or that already existed under the name.
public struct CreateVolumeGroupSnapshotResponse: WireMessage {
    /// The group snapshot.
    public var groupSnapshot: VolumeGroupSnapshot?

    public init(groupSnapshot: VolumeGroupSnapshot? = nil) {
        self.groupSnapshot = groupSnapshot
    }
}

extension CreateVolumeGroupSnapshotRequest: Coded {
    static var blank: Blank<Csi__V1__CreateVolumeGroupSnapshotRequest> {
        csi__v1__create_volume_group_snapshot_request__init
    }

    init(_ c: Csi__V1__CreateVolumeGroupSnapshotRequest) {
        name = unpacked(c.name)
        sourceVolumeIDs = unpacked(c.source_volume_ids, c.n_source_volume_ids)
        secrets = unpacked(c.secrets, c.n_secrets)
        parameters = unpacked(c.parameters, c.n_parameters)
    }

    func fill(_ c: inout Csi__V1__CreateVolumeGroupSnapshotRequest, in arena: Arena) {
        c.name = arena.packed(name)
        (c.source_volume_ids, c.n_source_volume_ids) = arena.packed(sourceVolumeIDs)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        (c.parameters, c.n_parameters) = arena.packed(parameters)
    }
}

extension CreateVolumeGroupSnapshotResponse: Coded {
    static var blank: Blank<Csi__V1__CreateVolumeGroupSnapshotResponse> {
        csi__v1__create_volume_group_snapshot_response__init
    }

    init(_ c: Csi__V1__CreateVolumeGroupSnapshotResponse) {
        groupSnapshot = unpacked(c.group_snapshot)
    }

    func fill(_ c: inout Csi__V1__CreateVolumeGroupSnapshotResponse, in arena: Arena) {
        c.group_snapshot = arena.packed(groupSnapshot)
    }
}
