internal import CWire

/// Which parameters of a volume to change.
public struct ControllerModifyVolumeRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// Secret.
    public var secrets: Secrets

    /// The wished values, opaque to the orchestrator; never empty.
    public var mutableParameters: [String: String]

    public init(volumeID: String = "", secrets: Secrets = Secrets(), mutableParameters: [String: String] = [:]) {
        self.volumeID = volumeID
        self.secrets = secrets
        self.mutableParameters = mutableParameters
    }
}

/// Carries nothing.
public struct ControllerModifyVolumeResponse: WireMessage {
    public init() {}
}

extension ControllerModifyVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__ControllerModifyVolumeRequest> { csi__v1__controller_modify_volume_request__init }

    init(_ c: Csi__V1__ControllerModifyVolumeRequest) {
        volumeID = unpacked(c.volume_id)
        secrets = unpacked(c.secrets, c.n_secrets)
        mutableParameters = unpacked(c.mutable_parameters, c.n_mutable_parameters)
    }

    func fill(_ c: inout Csi__V1__ControllerModifyVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        (c.mutable_parameters, c.n_mutable_parameters) = arena.packed(mutableParameters)
    }
}

extension ControllerModifyVolumeResponse: CodedEmpty {
    static var blank: Blank<Csi__V1__ControllerModifyVolumeResponse> {
        csi__v1__controller_modify_volume_response__init
    }
}
