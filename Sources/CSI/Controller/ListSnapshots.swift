internal import CWire

/// Which page of which snapshots to return.
public struct ListSnapshotsRequest: WireMessage {
    /// 0 = unlimited; negative is an error.
    public var maxEntries: Int32

    /// The previous page's `nextToken`; empty = the first page.
    public var startingToken: String

    /// Only those of this volume; empty = of all.
    public var sourceVolumeID: String

    /// Only this snapshot; empty = all.
    public var snapshotID: String

    /// Secret.
    public var secrets: Secrets

    public init(
        maxEntries: Int32 = 0, startingToken: String = "", sourceVolumeID: String = "", snapshotID: String = "",
        secrets: Secrets = Secrets()
    ) {
        self.maxEntries = maxEntries
        self.startingToken = startingToken
        self.sourceVolumeID = sourceVolumeID
        self.snapshotID = snapshotID
        self.secrets = secrets
    }
}

/// One page of the snapshots; without entries if the volume or snapshot asked for does not exist.
public struct ListSnapshotsResponse: WireMessage {
    /// One snapshot of the page.
    public struct Entry: WireMessage {
        /// The snapshot.
        public var snapshot: Snapshot?

        public init(snapshot: Snapshot? = nil) {
            self.snapshot = snapshot
        }
    }

    /// What the page holds.
    public var entries: [Entry]

    /// Empty on the last page.
    public var nextToken: String

    public init(entries: [Entry] = [], nextToken: String = "") {
        self.entries = entries
        self.nextToken = nextToken
    }
}

extension ListSnapshotsRequest: Coded {
    static var blank: Blank<Csi__V1__ListSnapshotsRequest> { csi__v1__list_snapshots_request__init }

    init(_ c: Csi__V1__ListSnapshotsRequest) {
        maxEntries = c.max_entries
        startingToken = unpacked(c.starting_token)
        sourceVolumeID = unpacked(c.source_volume_id)
        snapshotID = unpacked(c.snapshot_id)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__ListSnapshotsRequest, in arena: Arena) {
        c.max_entries = maxEntries
        c.starting_token = arena.packed(startingToken)
        c.source_volume_id = arena.packed(sourceVolumeID)
        c.snapshot_id = arena.packed(snapshotID)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension ListSnapshotsResponse: Coded {
    static var blank: Blank<Csi__V1__ListSnapshotsResponse> { csi__v1__list_snapshots_response__init }

    init(_ c: Csi__V1__ListSnapshotsResponse) {
        entries = unpacked(c.entries, c.n_entries)
        nextToken = unpacked(c.next_token)
    }

    func fill(_ c: inout Csi__V1__ListSnapshotsResponse, in arena: Arena) {
        (c.entries, c.n_entries) = arena.packed(entries)
        c.next_token = arena.packed(nextToken)
    }
}

extension ListSnapshotsResponse.Entry: Coded {
    static var blank: Blank<Csi__V1__ListSnapshotsResponse__Entry> { csi__v1__list_snapshots_response__entry__init }

    init(_ c: Csi__V1__ListSnapshotsResponse__Entry) {
        snapshot = unpacked(c.snapshot)
    }

    func fill(_ c: inout Csi__V1__ListSnapshotsResponse__Entry, in arena: Arena) {
        c.snapshot = arena.packed(snapshot)
    }
}
