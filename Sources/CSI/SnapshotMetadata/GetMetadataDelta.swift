internal import CWire

/// Which two snapshots of one volume to compare.
public struct GetMetadataDeltaRequest: WireMessage {
    /// The earlier one.
    public var baseSnapshotID: String

    /// The later one.
    public var targetSnapshotID: String

    /// Bytes; ranges before it are left out, so that a broken stream can be resumed.
    public var startingOffset: Int64

    /// The most ranges in one streamed message; 0 leaves that to the plugin.
    public var maxResults: Int32

    /// Secret.
    public var secrets: Secrets

    public init(
        baseSnapshotID: String = "", targetSnapshotID: String = "", startingOffset: Int64 = 0, maxResults: Int32 = 0,
        secrets: Secrets = Secrets()
    ) {
        self.baseSnapshotID = baseSnapshotID
        self.targetSnapshotID = targetSnapshotID
        self.startingOffset = startingOffset
        self.maxResults = maxResults
        self.secrets = secrets
    }
}

/// Some of the differing ranges; the stream carries as many such messages as it takes.
public struct GetMetadataDeltaResponse: WireMessage {
    /// The same throughout a stream.
    public var blockMetadataType: BlockMetadataType

    /// The same throughout a stream.
    public var volumeCapacityBytes: Int64

    /// The ranges, ascending.
    public var blockMetadata: [BlockMetadata]

    public init(
        blockMetadataType: BlockMetadataType = .unknown, volumeCapacityBytes: Int64 = 0,
        blockMetadata: [BlockMetadata] = []
    ) {
        self.blockMetadataType = blockMetadataType
        self.volumeCapacityBytes = volumeCapacityBytes
        self.blockMetadata = blockMetadata
    }
}

extension GetMetadataDeltaRequest: Coded {
    static var blank: Blank<Csi__V1__GetMetadataDeltaRequest> { csi__v1__get_metadata_delta_request__init }

    init(_ c: Csi__V1__GetMetadataDeltaRequest) {
        baseSnapshotID = unpacked(c.base_snapshot_id)
        targetSnapshotID = unpacked(c.target_snapshot_id)
        startingOffset = c.starting_offset
        maxResults = c.max_results
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__GetMetadataDeltaRequest, in arena: Arena) {
        c.base_snapshot_id = arena.packed(baseSnapshotID)
        c.target_snapshot_id = arena.packed(targetSnapshotID)
        c.starting_offset = startingOffset
        c.max_results = maxResults
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension GetMetadataDeltaResponse: Coded {
    static var blank: Blank<Csi__V1__GetMetadataDeltaResponse> { csi__v1__get_metadata_delta_response__init }

    init(_ c: Csi__V1__GetMetadataDeltaResponse) {
        blockMetadataType = unpacked(c.block_metadata_type)
        volumeCapacityBytes = c.volume_capacity_bytes
        blockMetadata = unpacked(c.block_metadata, c.n_block_metadata)
    }

    func fill(_ c: inout Csi__V1__GetMetadataDeltaResponse, in arena: Arena) {
        c.block_metadata_type = packed(blockMetadataType)
        c.volume_capacity_bytes = volumeCapacityBytes
        (c.block_metadata, c.n_block_metadata) = arena.packed(blockMetadata)
    }
}
