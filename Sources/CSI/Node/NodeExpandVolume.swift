internal import CWire

/// What to grow on this node.
public struct NodeExpandVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// Absolute: a path where the volume is staged or published.
    public var volumePath: String

    /// Absent = as large as the device beneath has become.
    public var capacityRange: CapacityRange?

    /// The path it was staged on; empty if the plugin does not stage.
    public var stagingTargetPath: String

    /// How the volume is used; absent if the orchestrator does not say.
    public var volumeCapability: VolumeCapability?

    /// Secret. Alpha.
    public var secrets: Secrets

    public init(
        volumeID: String = "", volumePath: String = "", capacityRange: CapacityRange? = nil,
        stagingTargetPath: String = "", volumeCapability: VolumeCapability? = nil, secrets: Secrets = Secrets()
    ) {
        self.volumeID = volumeID
        self.volumePath = volumePath
        self.capacityRange = capacityRange
        self.stagingTargetPath = stagingTargetPath
        self.volumeCapability = volumeCapability
        self.secrets = secrets
    }
}

/// How large the volume became.
public struct NodeExpandVolumeResponse: WireMessage {
    /// Bytes; 0 = not reported.
    public var capacityBytes: Int64

    public init(capacityBytes: Int64 = 0) {
        self.capacityBytes = capacityBytes
    }
}

extension NodeExpandVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__NodeExpandVolumeRequest> { csi__v1__node_expand_volume_request__init }

    init(_ c: Csi__V1__NodeExpandVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        volumePath = unpacked(c.volume_path)
        capacityRange = unpacked(c.capacity_range)
        stagingTargetPath = unpacked(c.staging_target_path)
        volumeCapability = unpacked(c.volume_capability)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__NodeExpandVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.volume_path = arena.packed(volumePath)
        c.capacity_range = arena.packed(capacityRange)
        c.staging_target_path = arena.packed(stagingTargetPath)
        c.volume_capability = arena.packed(volumeCapability)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension NodeExpandVolumeResponse: Coded {
    static var blank: Blank<Csi__V1__NodeExpandVolumeResponse> { csi__v1__node_expand_volume_response__init }

    init(_ c: Csi__V1__NodeExpandVolumeResponse) {
        capacityBytes = c.capacity_bytes
    }

    func fill(_ c: inout Csi__V1__NodeExpandVolumeResponse, in arena: Arena) {
        c.capacity_bytes = capacityBytes
    }
}
