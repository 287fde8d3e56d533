internal import CWire

/// Carries nothing.
public struct NodeGetCapabilitiesRequest: WireMessage {
    public init() {}
}

/// Which optional calls the Node service answers.
public struct NodeGetCapabilitiesResponse: WireMessage {
    /// One for each ability.
    public var capabilities: [NodeServiceCapability]

    public init(capabilities: [NodeServiceCapability] = []) {
        self.capabilities = capabilities
    }
}

extension NodeGetCapabilitiesRequest: CodedEmpty {
    static var blank: Blank<Csi__V1__NodeGetCapabilitiesRequest> { csi__v1__node_get_capabilities_request__init }
}

extension NodeGetCapabilitiesResponse: Coded {
    static var blank: Blank<Csi__V1__NodeGetCapabilitiesResponse> { csi__v1__node_get_capabilities_response__init }

    init(_ c: Csi__V1__NodeGetCapabilitiesResponse) {
        capabilities = unpacked(c.capabilities, c.n_capabilities)
    }

    func fill(_ c: inout Csi__V1__NodeGetCapabilitiesResponse, in arena: Arena) {
        (c.capabilities, c.n_capabilities) = arena.packed(capabilities)
    }
}
