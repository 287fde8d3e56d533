internal import CWire

/// Which volume to make visible to a workload, and where.
public struct NodePublishVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// As ControllerPublishVolume returned it.
    public var publishContext: [String: String]

    /// The path it was staged on; empty if the plugin does not stage.
    public var stagingTargetPath: String

    /// Absolute. The orchestrator made its parent; the plugin makes the directory or file itself.
    public var targetPath: String

    /// How the volume is to be used.
    public var volumeCapability: VolumeCapability?

    /// Whether this workload must be kept from writing.
    public var readonly: Bool

    /// Secret.
    public var secrets: Secrets

    /// As CreateVolume returned it, with what the orchestrator adds about the workload.
    public var volumeContext: [String: String]

    public init(
        volumeID: String = "", publishContext: [String: String] = [:], stagingTargetPath: String = "",
        targetPath: String = "", volumeCapability: VolumeCapability? = nil, readonly: Bool = false,
        secrets: Secrets = Secrets(), volumeContext: [String: String] = [:]
    ) {
        self.volumeID = volumeID
        self.publishContext = publishContext
        self.stagingTargetPath = stagingTargetPath
        self.targetPath = targetPath
        self.volumeCapability = volumeCapability
        self.readonly = readonly
        self.secrets = secrets
        self.volumeContext = volumeContext
    }
}

/// Carries nothing.
public struct NodePublishVolumeResponse: WireMessage {
    public init() {}
}

extension NodePublishVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__NodePublishVolumeRequest> { csi__v1__node_publish_volume_request__init }

    init(_ c: Csi__V1__NodePublishVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        publishContext = unpacked(c.publish_context, c.n_publish_context)
        stagingTargetPath = unpacked(c.staging_target_path)
        targetPath = unpacked(c.target_path)
        volumeCapability = unpacked(c.volume_capability)
        readonly = c.readonly != 0
        secrets = unpacked(c.secrets, c.n_secrets)
        volumeContext = unpacked(c.volume_context, c.n_volume_context)
    }

    func fill(_ c: inout Csi__V1__NodePublishVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        (c.publish_context, c.n_publish_context) = arena.packed(publishContext)
        c.staging_target_path = arena.packed(stagingTargetPath)
        c.target_path = arena.packed(targetPath)
        c.volume_capability = arena.packed(volumeCapability)
        c.readonly = readonly ? 1 : 0
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        (c.volume_context, c.n_volume_context) = arena.packed(volumeContext)
    }
}

extension NodePublishVolumeResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__NodePublishVolumeResponse> { csi__v1__node_publish_volume_response__init }
}
