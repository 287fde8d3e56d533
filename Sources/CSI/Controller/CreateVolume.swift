internal import CWire

/// What volume to make.
public struct CreateVolumeRequest: WireMessage {
    /// The orchestrator's key for this volume: a repeated request with the same name must not make a second one.
    public var name: String

    /// Absent leaves the size to the plugin.
    public var capacityRange: CapacityRange?

    /// The volume has to be capable of all of them.
    public var volumeCapabilities: [VolumeCapability]

    /// From the storage class, opaque to the orchestrator and fixed for the volume's life.
    public var parameters: [String: String]

    /// Secret.
    public var secrets: Secrets

    /// Absent for an empty volume.
    public var volumeContentSource: VolumeContentSource?

    /// Where the volume has to be reachable; absent leaves that to the plugin.
    public var accessibilityRequirements: TopologyRequirement?

    /// Like `parameters`, but ControllerModifyVolume can change them later; they win over `parameters`.
    public var mutableParameters: [String: String]

    public init(
        name: String = "", capacityRange: CapacityRange? = nil, volumeCapabilities: [VolumeCapability] = [],
        parameters: [String: String] = [:], secrets: Secrets = Secrets(),
        volumeContentSource: VolumeContentSource? = nil, accessibilityRequirements: TopologyRequirement? = nil,
        mutableParameters: [String: String] = [:]
    ) {
        self.name = name
        self.capacityRange = capacityRange
        self.volumeCapabilities = volumeCapabilities
        self.parameters = parameters
        self.secrets = secrets
        self.volumeContentSource = volumeContentSource
        self.accessibilityRequirements = accessibilityRequirements
        self.mutableParameters = mutableParameters
    }
}

/// The volume that was made, or that already existed under the name.
public struct CreateVolumeResponse: WireMessage {
    /// The volume.
    public var volume: Volume?

    public init(volume: Volume? = nil) {
        self.volume = volume
    }
}

extension CreateVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__CreateVolumeRequest> { csi__v1__create_volume_request__init }

    init(_ c: Csi__V1__CreateVolumeRequest) {
        name = unpacked(c.name)
        capacityRange = unpacked(c.capacity_range)
        volumeCapabilities = unpacked(c.volume_capabilities, c.n_volume_capabilities)
        parameters = unpacked(c.parameters, c.n_parameters)
        secrets = unpacked(c.secrets, c.n_secrets)
        volumeContentSource = unpacked(c.volume_content_source)
        accessibilityRequirements = unpacked(c.accessibility_requirements)
        mutableParameters = unpacked(c.mutable_parameters, c.n_mutable_parameters)
    }

    func fill(_ c: inout Csi__V1__CreateVolumeRequest, in arena: Arena) {
        c.name = arena.packed(name)
        c.capacity_range = arena.packed(capacityRange)
        (c.volume_capabilities, c.n_volume_capabilities) = arena.packed(volumeCapabilities)
        (c.parameters, c.n_parameters) = arena.packed(parameters)
        (c.secrets, c.n_secrets) = arena.packed(secrets)
        c.volume_content_source = arena.packed(volumeContentSource)
        c.accessibility_requirements = arena.packed(accessibilityRequirements)
        (c.mutable_parameters, c.n_mutable_parameters) = arena.packed(mutableParameters)
    }
}

extension CreateVolumeResponse: Coded {
    static var blank: Blank<Csi__V1__CreateVolumeResponse> { csi__v1__create_volume_response__init }

    init(_ c: Csi__V1__CreateVolumeResponse) {
        volume = unpacked(c.volume)
    }

    func fill(_ c: inout Csi__V1__CreateVolumeResponse, in arena: Arena) {
        c.volume = arena.packed(volume)
    }
}
