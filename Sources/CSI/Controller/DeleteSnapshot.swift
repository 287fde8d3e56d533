internal import CWire

/// Which snapshot to remove.
public struct DeleteSnapshotRequest: WireMessage {
    /// The plugin's key of the snapshot.
    public var snapshotID: String

    /// Secret.
    public var secrets: Secrets

    public init(snapshotID: String = "", secrets: Secrets = Secrets()) {
        self.snapshotID = snapshotID
        self.secrets = secrets
    }
}

/// Carries nothing.
public struct DeleteSnapshotResponse: WireMessage {
    public init() {}
}

extension DeleteSnapshotRequest: Coded {
    static var blank: Blank<Csi__V1__DeleteSnapshotRequest> { csi__v1__delete_snapshot_request__init }

    init(_ c: Csi__V1__DeleteSnapshotRequest) {
        snapshotID = unpacked(c.snapshot_id)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__DeleteSnapshotRequest, in arena: Arena) {
        c.snapshot_id = arena.packed(snapshotID)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension DeleteSnapshotResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__DeleteSnapshotResponse> { csi__v1__delete_snapshot_response__init }
}
