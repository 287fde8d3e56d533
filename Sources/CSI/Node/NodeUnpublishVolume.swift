internal import CWire

/// Which volume to take away from which path.
public struct NodeUnpublishVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// The path it was published on.
    public var targetPath: String

    public init(volumeID: String = "", targetPath: String = "") {
        self.volumeID = volumeID
        self.targetPath = targetPath
    }
}

/// Carries nothing.
public struct NodeUnpublishVolumeResponse: WireMessage {
    public init() {}
}

extension NodeUnpublishVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__NodeUnpublishVolumeRequest> { csi__v1__node_unpublish_volume_request__init }

    init(_ c: Csi__V1__NodeUnpublishVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        targetPath = unpacked(c.target_path)
    }

    func fill(_ c: inout Csi__V1__NodeUnpublishVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.target_path = arena.packed(targetPath)
    }
}

extension NodeUnpublishVolumeResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__NodeUnpublishVolumeResponse> { csi__v1__node_unpublish_volume_response__init }
}
