internal import CWire

/// How large a volume is to become; a volume that is already large enough is left as it is.
public struct ControllerExpandVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// How large the volume has to be.
    public var capacityRange: CapacityRange?

    /// Secret.
    public var secrets: Secrets

    /// How the volume is used; absent if the orchestrator does not say.
    public var volumeCapability: VolumeCapability?

    public init(
        volumeID: String = "", capacityRange: CapacityRange? = nil, secrets: Secrets = Secrets(),
        volumeCapability: VolumeCapability? = nil
    ) {
        self.volumeID = volumeID
        self.capacityRange = capacityRange
        self.secrets = secrets
        self.volumeCapability = volumeCapability
    }
}

/// How large the volume became.
public struct ControllerExpandVolumeResponse: WireMessage {
    /// Bytes.
    public var capacityBytes: Int64

    /// Whether NodeExpandVolume has to follow.
    public var nodeExpansionRequired: Bool

    public init(capacityBytes: Int64 = 0, nodeExpansionRequired: Bool = false) {
        self.capacityBytes = capacityBytes
        self.nodeExpansionRequired = nodeExpansionRequired
    }
}

extension ControllerExpandVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__ControllerExpandVolumeRequest> { csi__v1__controller_expand_volume_request__init }

    init(_ c: Csi__V1__ControllerExpandVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        capacityRange = unpacked(c.capacity_range)
        secrets = unpacked(c.secrets, c.n_secrets)
        volumeCapability = unpacked(c.volume_capability)
    }

    func fill(_ c: inout Csi__V1__ControllerExpandVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.capacity_range = arena.packed(capacityRange)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        c.volume_capability = arena.packed(volumeCapability)
    }
}

extension ControllerExpandVolumeResponse: Coded {
    static var blank: Blank<Csi__V1__ControllerExpandVolumeResponse> {
        csi__v1__controller_expand_volume_response__init
    }

    init(_ c: Csi__V1__ControllerExpandVolumeResponse) {
        capacityBytes = c.capacity_bytes
        nodeExpansionRequired = c.node_expansion_required != 0
    }

    func fill(_ c: inout Csi__V1__ControllerExpandVolumeResponse, in arena: Arena) {
        c.capacity_bytes = capacityBytes
        c.node_expansion_required = nodeExpansionRequired ? 1 : 0
    }
}
