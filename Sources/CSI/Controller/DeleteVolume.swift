internal import CWire

/// Which volume to remove.
public struct DeleteVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// Secret.
    public var secrets: Secrets

    public init(volumeID: String = "", secrets: Secrets = Secrets()) {
        self.volumeID = volumeID
        self.secrets = secrets
    }
}

/// Carries nothing.
public struct DeleteVolumeResponse: WireMessage {
    public init() {}
}

extension DeleteVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__DeleteVolumeRequest> { csi__v1__delete_volume_request__init }

    init(_ c: Csi__V1__DeleteVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        secrets = unpacked(c.secrets, c.n_secrets)
    }

    func fill(_ c: inout Csi__V1__DeleteVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
    }
}

extension DeleteVolumeResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__DeleteVolumeResponse> { csi__v1__delete_volume_response__init }
}
