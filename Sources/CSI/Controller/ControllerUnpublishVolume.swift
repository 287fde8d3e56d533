internal import CWire

/// Which volume to withdraw from which node.
public struct ControllerUnpublishVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// Empty withdraws the volume from every node.
    public var nodeID: String

    /// Secret.
    public var secrets: Secrets

    public init(volumeID: String = "", nodeID: String = "", secrets: Secrets = Secrets()) {
        self.volumeID = volumeID
        self.nodeID = nodeID
        self.secrets = secrets
    }
}

/// Carries nothing.
public struct ControllerUnpublishVolumeResponse: WireMessage {
    public init() {}
}

extension ControllerUnpublishVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__ControllerUnpublishVolumeRequest> {
        csi__v1__controller_unpublish_volume_request__init
    }

    init(_ c: Csi__V1__ControllerUnpublishVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        nodeID = unpacked(c.node_id)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__ControllerUnpublishVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.node_id = arena.packed(nodeID)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension ControllerUnpublishVolumeResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__ControllerUnpublishVolumeResponse> {
        csi__v1__controller_unpublish_volume_response__init
    }
}
