internal import CWire

/// Which snapshot's allocated ranges to stream.
public struct GetMetadataAllocatedRequest: WireMessage {
    /// The plugin's key of the snapshot.
    public var snapshotID: String

    /// Bytes; ranges before it are left out, so that a broken stream can be resumed.
    public var startingOffset: Int64

    /// The most ranges in one streamed message; 0 leaves that to the plugin.
    public var maxResults: Int32

    /// Secret.
    public var secrets: Secrets

    public init(
        snapshotID: String = "", startingOffset: Int64 = 0, maxResults: Int32 = 0, secrets: Secrets = Secrets()
    ) {
        self.snapshotID = snapshotID
        self.startingOffset = startingOffset
        self.maxResults = maxResults
        self.secrets = secrets
    }
}

/// Some of the allocated ranges; the stream carries as many such messages as it takes.
public struct GetMetadataAllocatedResponse: WireMessage {
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

extension GetMetadataAllocatedRequest: Coded {
    static var blank: Blank<Csi__V1__GetMetadataAllocatedRequest> { csi__v1__get_metadata_allocated_request__init }

    init(_ c: Csi__V1__GetMetadataAllocatedRequest) {
        snapshotID = unpacked(c.snapshot_id)
        startingOffset = c.starting_offset
        maxResults = c.max_results
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__GetMetadataAllocatedRequest, in arena: Arena) {
        c.snapshot_id = arena.packed(snapshotID)
        c.starting_offset = startingOffset
        c.max_results = maxResults
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension GetMetadataAllocatedResponse: Coded {
    static var blank: Blank<Csi__V1__GetMetadataAllocatedResponse> { csi__v1__get_metadata_allocated_response__init }

    init(_ c: Csi__V1__GetMetadataAllocatedResponse) {
        blockMetadataType = unpacked(c.block_metadata_type)
        volumeCapacityBytes = c.volume_capacity_bytes
        blockMetadata = unpacked(c.block_metadata, c.n_block_metadata)
    }

    func fill(_ c: inout Csi__V1__GetMetadataAllocatedResponse, in arena: Arena) {
        c.block_metadata_type = packed(blockMetadataType)
        c.volume_capacity_bytes = volumeCapacityBytes
        (c.block_metadata, c.n_block_metadata) = arena.packed(blockMetadata)
    }
}
