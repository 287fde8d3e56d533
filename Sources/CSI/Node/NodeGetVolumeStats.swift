internal import CWire

/// Which volume to measure.
public struct NodeGetVolumeStatsRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// Absolute: a path where the volume is staged or published.
    public var volumePath: String

    /// The path it was staged on; empty if the plugin does not stage.
    public var stagingTargetPath: String

    public init(volumeID: String = "", volumePath: String = "", stagingTargetPath: String = "") {
        self.volumeID = volumeID
        self.volumePath = volumePath
        self.stagingTargetPath = stagingTargetPath
    }
}

/// How full the volume is, and how it fares.
public struct NodeGetVolumeStatsResponse: WireMessage {
    /// One for each unit that can be measured.
    public var usage: [VolumeUsage]

    /// Alpha. Filled by plugins with the node capability VOLUME_CONDITION.
    public var volumeCondition: VolumeCondition?

    public init(usage: [VolumeUsage] = [], volumeCondition: VolumeCondition? = nil) {
        self.usage = usage
        self.volumeCondition = volumeCondition
    }
}

extension NodeGetVolumeStatsRequest: Coded {
    static var blank: Blank<Csi__V1__NodeGetVolumeStatsRequest> { csi__v1__node_get_volume_stats_request__init }

    init(_ c: Csi__V1__NodeGetVolumeStatsRequest) {
        volumeID = unpacked(c.volume_id)
        volumePath = unpacked(c.volume_path)
        stagingTargetPath = unpacked(c.staging_target_path)
    }

    func fill(_ c: inout Csi__V1__NodeGetVolumeStatsRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.volume_path = arena.packed(volumePath)
        c.staging_target_path = arena.packed(stagingTargetPath)
    }
}

extension NodeGetVolumeStatsResponse: Coded {
    static var blank: Blank<Csi__V1__NodeGetVolumeStatsResponse> { csi__v1__node_get_volume_stats_response__init }

    init(_ c: Csi__V1__NodeGetVolumeStatsResponse) {
        usage = unpacked(c.usage, c.n_usage)
        volumeCondition = unpacked(c.volume_condition)
    }

    func fill(_ c: inout Csi__V1__NodeGetVolumeStatsResponse, in arena: Arena) {
        (c.usage, c.n_usage) = arena.packed(usage)
        c.volume_condition = arena.packed(volumeCondition)
    }
}
