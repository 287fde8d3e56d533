internal import CWire

/// Which kind of volume to look for room for; what is left out does not narrow the question.
public struct GetCapacityRequest: WireMessage {
    /// The volumes would have to be capable of all of them.
    public var volumeCapabilities: [VolumeCapability]

    /// As CreateVolume would be given them.
    public var parameters: [String: String]

    /// Where the volumes would have to be reachable.
    public var accessibleTopology: Topology?

    public init(
        volumeCapabilities: [VolumeCapability] = [], parameters: [String: String] = [:],
        accessibleTopology: Topology? = nil
    ) {
        self.volumeCapabilities = volumeCapabilities
        self.parameters = parameters
        self.accessibleTopology = accessibleTopology
    }
}

/// How much room there is.
public struct GetCapacityResponse: WireMessage {
    /// Bytes for all new volumes together.
    public var availableCapacity: Int64

    /// Bytes of the largest single volume; absent = not known.
    public var maximumVolumeSize: Int64?

    /// Alpha. Bytes of the smallest single volume; absent = not known.
    public var minimumVolumeSize: Int64?

    public init(availableCapacity: Int64 = 0, maximumVolumeSize: Int64? = nil, minimumVolumeSize: Int64? = nil) {
        self.availableCapacity = availableCapacity
        self.maximumVolumeSize = maximumVolumeSize
        self.minimumVolumeSize = minimumVolumeSize
    }
}

extension GetCapacityRequest: Coded {
    static var blank: Blank<Csi__V1__GetCapacityRequest> { csi__v1__get_capacity_request__init }

    init(_ c: Csi__V1__GetCapacityRequest) {
        volumeCapabilities = unpacked(c.volume_capabilities, c.n_volume_capabilities)
        parameters = unpacked(c.parameters, c.n_parameters)
        accessibleTopology = unpacked(c.accessible_topology)
    }

    func fill(_ c: inout Csi__V1__GetCapacityRequest, in arena: Arena) {
        (c.volume_capabilities, c.n_volume_capabilities) = arena.packed(volumeCapabilities)
        (c.parameters, c.n_parameters) = arena.packed(parameters)
        c.accessible_topology = arena.packed(accessibleTopology)
    }
}

extension GetCapacityResponse: Coded {
    static var blank: Blank<Csi__V1__GetCapacityResponse> { csi__v1__get_capacity_response__init }

    init(_ c: Csi__V1__GetCapacityResponse) {
        availableCapacity = c.available_capacity
        maximumVolumeSize = c.maximum_volume_size.map { $0.pointee.value }
        minimumVolumeSize = c.minimum_volume_size.map { $0.pointee.value }
    }

    func fill(_ c: inout Csi__V1__GetCapacityResponse, in arena: Arena) {
        c.available_capacity = availableCapacity
        c.maximum_volume_size = arena.packed(maximumVolumeSize)
        c.minimum_volume_size = arena.packed(minimumVolumeSize)
    }
}
