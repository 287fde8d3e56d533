internal import CWire

/// Alpha. Which snapshot to describe.
public struct GetSnapshotRequest: WireMessage {
    /// Alpha.
    public var snapshotID: String

    /// Secret. Alpha.
    public var secrets: Secrets

    public init(snapshotID: String = "", secrets: Secrets = Secrets()) {
        self.snapshotID = snapshotID
        self.secrets = secrets
    }
}

/// Alpha. The snapshot asked for.
public struct GetSnapshotResponse: WireMessage {
    /// Alpha.
    public var snapshot: Snapshot?

    public init(snapshot: Snapshot? = nil) {
        self.snapshot = snapshot
    }
}

extension GetSnapshotRequest: Coded {
    static var blank: Blank<Csi__V1__GetSnapshotRequest> { csi__v1__get_snapshot_request__init }

    init(_ c: Csi__V1__GetSnapshotRequest) {
        snapshotID = unpacked(c.snapshot_id)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__GetSnapshotRequest, in arena: Arena) {
        c.snapshot_id = arena.packed(snapshotID)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension GetSnapshotResponse: Coded {
    static var blank: Blank<Csi__V1__GetSnapshotResponse> { csi__v1__get_snapshot_response__init }

    init(_ c: Csi__V1__GetSnapshotResponse) {
        snapshot = unpacked(c.snapshot)
    }

    func fill(_ c: inout Csi__V1__GetSnapshotResponse, in arena: Arena) {
        c.snapshot = arena.packed(snapshot)
    }
}
