internal import CWire

extension Registration {
    /// Carries nothing.
    public struct InfoRequest: WireMessage {
        public init() {}
    }

    /// What a plugin is, and where it serves.
    public struct PluginInfo: WireMessage {
        /// `CSIPlugin` for a CSI plugin.
        public var type: String

        /// The plugin's name: a CSI driver's own, such as `csi.example.com`.
        public var name: String

        /// The path of the socket that the plugin serves on, as kubelet sees it; empty = the registration socket itself.
        public var endpoint: String

        /// The versions of the interface between kubelet and plugin that the plugin serves, such as `1.0.0`.
        public var supportedVersions: [String]

        public init(type: String = "", name: String = "", endpoint: String = "", supportedVersions: [String] = []) {
            self.type = type
            self.name = name
            self.endpoint = endpoint
            self.supportedVersions = supportedVersions
        }
    }
}

extension Registration.InfoRequest: CodedEmpty {
    static var blank: Blank<Pluginregistration__InfoRequest> { pluginregistration__info_request__init }
}

extension Registration.PluginInfo: Coded {
    static var blank: Blank<Pluginregistration__PluginInfo> { pluginregistration__plugin_info__init }

    init(_ c: Pluginregistration__PluginInfo) {
        type = unpacked(c.type)
        name = unpacked(c.name)
        endpoint = unpacked(c.endpoint)
        supportedVersions = unpacked(c.supported_versions, c.n_supported_versions)
    }

    func fill(_ c: inout Pluginregistration__PluginInfo, in arena: Arena) {
        c.type = arena.packed(type)
        c.name = arena.packed(name)
        c.endpoint = arena.packed(endpoint)
        (c.supported_versions, c.n_supported_versions) = arena.packed(supportedVersions)
    }
}
