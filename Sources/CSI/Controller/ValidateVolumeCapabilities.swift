internal import CWire

/// What an existing volume is asked to do.
public struct ValidateVolumeCapabilitiesRequest: WireMessage {
    /// The plugin's key of the volume.
    public var volumeID: String

    /// As CreateVolume returned it.
    public var volumeContext: [String: String]

    /// All of them have to be possible.
    public var volumeCapabilities: [VolumeCapability]

    /// As CreateVolume was given them.
    public var parameters: [String: String]

    /// Secret.
    public var secrets: Secrets

    /// As the volume has them now.
    public var mutableParameters: [String: String]

    public init(
        volumeID: String = "", volumeContext: [String: String] = [:], volumeCapabilities: [VolumeCapability] = [],
        parameters: [String: String] = [:], secrets: Secrets = Secrets(), mutableParameters: [String: String] = [:]
    ) {
        self.volumeID = volumeID
        self.volumeContext = volumeContext
        self.volumeCapabilities = volumeCapabilities
        self.parameters = parameters
        self.secrets = secrets
        self.mutableParameters = mutableParameters
    }
}

/// Whether the volume can do what was asked.
public struct ValidateVolumeCapabilitiesResponse: WireMessage {
    /// What the plugin checked and holds to be true; an empty field was not checked.
    public struct Confirmed: WireMessage {
        /// As CreateVolume returned it.
        public var volumeContext: [String: String]

        /// Never empty.
        public var volumeCapabilities: [VolumeCapability]

        /// As CreateVolume was given them.
        public var parameters: [String: String]

        /// As the volume has them now.
        public var mutableParameters: [String: String]

        public init(
            volumeContext: [String: String] = [:], volumeCapabilities: [VolumeCapability] = [],
            parameters: [String: String] = [:], mutableParameters: [String: String] = [:]
        ) {
            self.volumeContext = volumeContext
            self.volumeCapabilities = volumeCapabilities
            self.parameters = parameters
            self.mutableParameters = mutableParameters
        }
    }

    /// Absent if anything asked for is impossible.
    public var confirmed: Confirmed?

    /// Why not, for people.
    public var message: String

    public init(confirmed: Confirmed? = nil, message: String = "") {
        self.confirmed = confirmed
        self.message = message
    }
}

extension ValidateVolumeCapabilitiesRequest: Coded {
    static var blank: Blank<Csi__V1__ValidateVolumeCapabilitiesRequest> {
        csi__v1__validate_volume_capabilities_request__init
    }

    init(_ c: Csi__V1__ValidateVolumeCapabilitiesRequest) {
        volumeID = unpacked(c.volume_id)
        volumeContext = unpacked(c.volume_context, c.n_volume_context)
        volumeCapabilities = unpacked(c.volume_capabilities, c.n_volume_capabilities)
        parameters = unpacked(c.parameters, c.n_parameters)
        secrets = unpacked(c.secrets, c.n_secrets)
        mutableParameters = unpacked(c.mutable_parameters, c.n_mutable_parameters)
    }

    func fill(_ c: inout Csi__V1__ValidateVolumeCapabilitiesRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        (c.volume_context, c.n_volume_context) = arena.packed(volumeContext)
        (c.volume_capabilities, c.n_volume_capabilities) = arena.packed(volumeCapabilities)
        (c.parameters, c.n_parameters) = arena.packed(parameters)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        (c.mutable_parameters, c.n_mutable_parameters) = arena.packed(mutableParameters)
    }
}

extension ValidateVolumeCapabilitiesResponse: Coded {
    static var blank: Blank<Csi__V1__ValidateVolumeCapabilitiesResponse> {
        csi__v1__validate_volume_capabilities_response__init
    }

    init(_ c: Csi__V1__ValidateVolumeCapabilitiesResponse) {
        confirmed = unpacked(c.confirmed)
        message = unpacked(c.message)
    }

    func fill(_ c: inout Csi__V1__ValidateVolumeCapabilitiesResponse, in arena: Arena) {
        c.confirmed = arena.packed(confirmed)
        c.message = arena.packed(message)
    }
}

extension ValidateVolumeCapabilitiesResponse.Confirmed: Coded {
    static var blank: Blank<Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed> {
        csi__v1__validate_volume_capabilities_response__confirmed__init
    }

    init(_ c: Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed) {
        volumeContext = unpacked(c.volume_context, c.n_volume_context)
        volumeCapabilities = unpacked(c.volume_capabilities, c.n_volume_capabilities)
        parameters = unpacked(c.parameters, c.n_parameters)
        mutableParameters = unpacked(c.mutable_parameters, c.n_mutable_parameters)
    }

    func fill(_ c: inout Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed, in arena: Arena) {
        (c.volume_context, c.n_volume_context) = arena.packed(volumeContext)
        (c.volume_capabilities, c.n_volume_capabilities) = arena.packed(volumeCapabilities)
        (c.parameters, c.n_parameters) = arena.packed(parameters)
        (c.mutable_parameters, c.n_mutable_parameters) = arena.packed(mutableParameters)
    }
}
