internal import CWire

/// Carries nothing.
public struct ControllerGetCapabilitiesRequest: WireMessage {
    public init() {}
}

/// Which optional calls the Controller service answers.
public struct ControllerGetCapabilitiesResponse: WireMessage {
    /// One for each ability.
    public var capabilities: [ControllerServiceCapability]

    public init(capabilities: [ControllerServiceCapability] = []) {
        self.capabilities = capabilities
    }
}

extension ControllerGetCapabilitiesRequest: CodedEmpty {
    static var blank: Blank<Csi__V1__ControllerGetCapabilitiesRequest> {
        csi__v1__controller_get_capabilities_request__init
    }
}

extension ControllerGetCapabilitiesResponse: Coded {
    static var blank: Blank<Csi__V1__ControllerGetCapabilitiesResponse> {
        csi__v1__controller_get_capabilities_response__init
    }

    init(_ c: Csi__V1__ControllerGetCapabilitiesResponse) {
        capabilities = unpacked(c.capabilities, c.n_capabilities)
    }

    func fill(_ c: inout Csi__V1__ControllerGetCapabilitiesResponse, in arena: Arena) {
        (c.capabilities, c.n_capabilities) = arena.packed(capabilities)
    }
}
