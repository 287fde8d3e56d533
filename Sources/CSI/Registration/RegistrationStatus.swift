internal import CWire

extension Registration {
    /// Whether kubelet has taken the plugin.
    public struct RegistrationStatus: WireMessage {
        /// Whether it has.
        public var pluginRegistered: Bool

        /// Why not, for people; empty if it has.
        public var error: String

        public init(pluginRegistered: Bool = false, error: String = "") {
            self.pluginRegistered = pluginRegistered
            self.error = error
        }
    }

    /// Carries nothing.
    public struct RegistrationStatusResponse: WireMessage {
        public init() {}
    }
}

extension Registration.RegistrationStatus: Coded {
    static var blank: Blank<Pluginregistration__RegistrationStatus> { pluginregistration__registration_status__init }

    init(_ c: Pluginregistration__RegistrationStatus) {
        pluginRegistered = c.plugin_registered != 0
        error = unpacked(c.error)
    }

    func fill(_ c: inout Pluginregistration__RegistrationStatus, in arena: Arena) {
        c.plugin_registered = pluginRegistered ? 1 : 0
        c.error = arena.packed(error)
    }
}

extension Registration.RegistrationStatusResponse: CodedEmpty {
    static var blank: Blank<Pluginregistration__RegistrationStatusResponse> {
        pluginregistration__registration_status_response__init
    }
}
