internal import CWire

/// Carries nothing.
public struct GroupControllerGetCapabilitiesRequest: WireMessage {
    public init() {}
}

/// Which optional calls the GroupController service answers.
public struct GroupControllerGetCapabilitiesResponse: WireMessage {
    /// One for each ability.
    public var capabilities: [GroupControllerServiceCapability]

    public init(capabilities: [GroupControllerServiceCapability] = []) {
        self.capabilities = capabilities
    }
}

extension GroupControllerGetCapabilitiesRequest: CodedEmpty {
    static var blank: Blank<Csi__V1__GroupControllerGetCapabilitiesRequest> {
        csi__v1__group_controller_get_capabilities_request__init
    }
}

extension GroupControllerGetCapabilitiesResponse: Coded {
    static var blank: Blank<Csi__V1__GroupControllerGetCapabilitiesResponse> {
        csi__v1__group_controller_get_capabilities_response__init
    }

    init(_ c: Csi__V1__GroupControllerGetCapabilitiesResponse) {
        capabilities = unpacked(c.capabilities, c.n_capabilities)
    }

    func fill(_ c: inout Csi__V1__GroupControllerGetCapabilitiesResponse, in arena: Arena) {
        (c.capabilities, c.n_capabilities) = arena.packed(capabilities)
    }
}
