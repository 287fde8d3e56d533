internal import CWire

/// Which volume to prepare on this node, and where.
public struct NodeStageVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// As ControllerPublishVolume returned it.
    public var publishContext: [String: String]

    /// Absolute; the orchestrator made the directory. One for each volume.
    public var stagingTargetPath: String

    /// How the volume is to be used.
    public var volumeCapability: VolumeCapability?

    /// Secret.
    public var secrets: Secrets

    /// As CreateVolume returned it.
    public var volumeContext: [String: String]

    public init(
        volumeID: String = "", publishContext: [String: String] = [:], stagingTargetPath: String = "",
        volumeCapability: VolumeCapability? = nil, secrets: Secrets = Secrets(), volumeContext: [String: String] = [:]
    ) {
        self.volumeID = volumeID
        self.publishContext = publishContext
        self.stagingTargetPath = stagingTargetPath
        self.volumeCapability = volumeCapability
        self.secrets = secrets
        self.volumeContext = volumeContext
    }
}

/// Carries nothing.
public struct NodeStageVolumeResponse: WireMessage {
    public init() {}
}

extension NodeStageVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__NodeStageVolumeRequest> { csi__v1__node_stage_volume_request__init }

    init(_ c: Csi__V1__NodeStageVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        publishContext = unpacked(c.publish_context, c.n_publish_context)
        stagingTargetPath = unpacked(c.staging_target_path)
        volumeCapability = unpacked(c.volume_capability)
        secrets = unpacked(c.secrets, c.n_secrets)
        volumeContext = unpacked(c.volume_context, c.n_volume_context)
    }

    func fill(_ c: inout Csi__V1__NodeStageVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        (c.publish_context, c.n_publish_context) = arena.packed(publishContext)
        c.staging_target_path = arena.packed(stagingTargetPath)
        c.volume_capability = arena.packed(volumeCapability)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        (c.volume_context, c.n_volume_context) = arena.packed(volumeContext)
    }
}

extension NodeStageVolumeResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__NodeStageVolumeResponse> { csi__v1__node_stage_volume_response__init }
}
