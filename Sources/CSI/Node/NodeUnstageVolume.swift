internal import CWire

/// Which staged volume to release.
public struct NodeUnstageVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// The path it was staged on.
    public var stagingTargetPath: String

    public init(volumeID: String = "", stagingTargetPath: String = "") {
        self.volumeID = volumeID
        self.stagingTargetPath = stagingTargetPath
    }
}

/// Carries nothing.
public struct NodeUnstageVolumeResponse: WireMessage {
    public init() {}
}

extension NodeUnstageVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__NodeUnstageVolumeRequest> { csi__v1__node_unstage_volume_request__init }

    init(_ c: Csi__V1__NodeUnstageVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        stagingTargetPath = unpacked(c.staging_target_path)
    }

    func fill(_ c: inout Csi__V1__NodeUnstageVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.staging_target_path = arena.packed(stagingTargetPath)
    }
}

extension NodeUnstageVolumeResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__NodeUnstageVolumeResponse> { csi__v1__node_unstage_volume_response__init }
}
