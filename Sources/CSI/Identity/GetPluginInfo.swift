internal import CWire

/// Carries nothing.
public struct GetPluginInfoRequest: WireMessage {
    public init() {}
}

/// The plugin's name and version.
public struct GetPluginInfoResponse: WireMessage {
    /// In domain form, such as `csi.example.com`; storage classes refer to the plugin by it.
    public var name: String

    /// Opaque to the orchestrator.
    public var vendorVersion: String

    /// Free form, for people.
    public var manifest: [String: String]

    public init(name: String = "", vendorVersion: String = "", manifest: [String: String] = [:]) {
        self.name = name
        self.vendorVersion = vendorVersion
        self.manifest = manifest
    }
}

extension GetPluginInfoRequest: CodedEmpty {
    static var blank: Blank<Csi__V1__GetPluginInfoRequest> { csi__v1__get_plugin_info_request__init }
}

extension GetPluginInfoResponse: Coded {
    static var blank: Blank<Csi__V1__GetPluginInfoResponse> { csi__v1__get_plugin_info_response__init }

    init(_ c: Csi__V1__GetPluginInfoResponse) {
        name = unpacked(c.name)
        vendorVersion = unpacked(c.vendor_version)
        manifest = unpacked(c.manifest, c.n_manifest)
    }

    func fill(_ c: inout Csi__V1__GetPluginInfoResponse, in arena: Arena) {
        c.name = arena.packed(name)
        c.vendor_version = arena.packed(vendorVersion)
        (c.manifest, c.n_manifest) = arena.packed(manifest)
    }
}
