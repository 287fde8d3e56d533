internal import CWire

/// Which volume to make available on which node.
public struct ControllerPublishVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// As that node's NodeGetInfo named it.
    public var nodeID: String

    /// How the volume is to be used.
    public var volumeCapability: VolumeCapability?

    /// Whether the node must be kept from writing.
    public var readonly: Bool

    /// Secret.
    public var secrets: Secrets

    /// As CreateVolume returned it.
    public var volumeContext: [String: String]

    public init(
        volumeID: String = "", nodeID: String = "", volumeCapability: VolumeCapability? = nil, readonly: Bool = false,
        secrets: Secrets = Secrets(), volumeContext: [String: String] = [:]
    ) {
        self.volumeID = volumeID
        self.nodeID = nodeID
        self.volumeCapability = volumeCapability
        self.readonly = readonly
        self.secrets = secrets
        self.volumeContext = volumeContext
    }
}

/// What the node has to know to find the volume.
public struct ControllerPublishVolumeResponse: WireMessage {
    /// Not secret; handed on to NodeStageVolume and NodePublishVolume.
    public var publishContext: [String: String]

    public init(publishContext: [String: String] = [:]) {
        self.publishContext = publishContext
    }
}

extension ControllerPublishVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__ControllerPublishVolumeRequest> {
        csi__v1__controller_publish_volume_request__init
    }

    init(_ c: Csi__V1__ControllerPublishVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        nodeID = unpacked(c.node_id)
        volumeCapability = unpacked(c.volume_capability)
        readonly = c.readonly != 0
        secrets = unpacked(c.secrets, c.n_secrets)
        volumeContext = unpacked(c.volume_context, c.n_volume_context)
    }

    func fill(_ c: inout Csi__V1__ControllerPublishVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.node_id = arena.packed(nodeID)
        c.volume_capability = arena.packed(volumeCapability)
        c.readonly = readonly ? 1 : 0
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        (c.volume_context, c.n_volume_context) = arena.packed(volumeContext)
    }
}

extension ControllerPublishVolumeResponse: Coded {
    static var blank: Blank<Csi__V1__ControllerPublishVolumeResponse> {
        csi__v1__controller_publish_volume_response__init
    }

    init(_ c: Csi__V1__ControllerPublishVolumeResponse) {
        publishContext = unpacked(c.publish_context, c.n_publish_context)
    }

    func fill(_ c: inout Csi__V1__ControllerPublishVolumeResponse, in arena: Arena) {
        (c.publish_context, c.n_publish_context) = arena.packed(publishContext)
    }
}
