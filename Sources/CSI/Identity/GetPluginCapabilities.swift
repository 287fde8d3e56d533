internal import CWire

/// Carries nothing.
public struct GetPluginCapabilitiesRequest: WireMessage {
    public init() {}
}

/// What the plugin as a whole offers.
public struct GetPluginCapabilitiesResponse: WireMessage {
    /// One for each ability.
    public var capabilities: [PluginCapability]

    public init(capabilities: [PluginCapability] = []) {
        self.capabilities = capabilities
    }
}

extension GetPluginCapabilitiesRequest: CodedEmpty {
    static var blank: Blank<Csi__V1__GetPluginCapabilitiesRequest> { csi__v1__get_plugin_capabilities_request__init }
}

extension GetPluginCapabilitiesResponse: Coded {
    static var blank: Blank<Csi__V1__GetPluginCapabilitiesResponse> { csi__v1__get_plugin_capabilities_response__init }

    init(_ c: Csi__V1__GetPluginCapabilitiesResponse) {
        capabilities = unpacked(c.capabilities, c.n_capabilities)
    }

    func fill(_ c: inout Csi__V1__GetPluginCapabilitiesResponse, in arena: Arena) {
        (c.capabilities, c.n_capabilities) = arena.packed(capabilities)
    }
}
