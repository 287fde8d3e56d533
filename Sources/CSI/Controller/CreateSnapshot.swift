internal import CWire

/// What snapshot to cut.
public struct CreateSnapshotRequest: WireMessage {
    /// The plugin's key of the volume that it is cut from.
    public var sourceVolumeID: String

    /// The orchestrator's key for this snapshot: a repeated request with the same name must not cut a second one.
    public var name: String

    /// Secret.
    public var secrets: Secrets

    /// From the snapshot class, opaque to the orchestrator.
    public var parameters: [String: String]

    public init(
        sourceVolumeID: String = "", name: String = "", secrets: Secrets = Secrets(), parameters: [String: String] = [:]
    ) {
        self.sourceVolumeID = sourceVolumeID
        self.name = name
        self.secrets = secrets
        self.parameters = parameters
    }
}

/// The snapshot that was cut, or that already existed under the name.
public struct CreateSnapshotResponse: WireMessage {
    /// The snapshot.
    public var snapshot: Snapshot?

    public init(snapshot: Snapshot? = nil) {
        self.snapshot = snapshot
    }
}

extension CreateSnapshotRequest: Coded {
    static var blank: Blank<Csi__V1__CreateSnapshotRequest> { csi__v1__create_snapshot_request__init }

    init(_ c: Csi__V1__CreateSnapshotRequest) {
        sourceVolumeID = unpacked(c.source_volume_id)
        name = unpacked(c.name)
        secrets = unpacked(c.secrets, c.n_secrets)
        parameters = unpacked(c.parameters, c.n_parameters)
    }

    func fill(_ c: inout Csi__V1__CreateSnapshotRequest, in arena: Arena) {
        c.source_volume_id = arena.packed(sourceVolumeID)
        c.name = arena.packed(name)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        (c.parameters, c.n_parameters) = arena.packed(parameters)
    }
}

extension CreateSnapshotResponse: Coded {
    static var blank: Blank<Csi__V1__CreateSnapshotResponse> { csi__v1__create_snapshot_response__init }

    init(_ c: Csi__V1__CreateSnapshotResponse) {
        snapshot = unpacked(c.snapshot)
    }

    func fill(_ c: inout Csi__V1__CreateSnapshotResponse, in arena: Arena) {
        c.snapshot = arena.packed(snapshot)
    }
}
