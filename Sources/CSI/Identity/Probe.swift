internal import CWire

/// Carries nothing.
public struct ProbeRequest: WireMessage {
    public init() {}
}

/// The plugin's health.
public struct ProbeResponse: WireMessage {
    /// False while still starting; absent counts as ready.
    public var ready: Bool?

    public init(ready: Bool? = nil) {
        self.ready = ready
    }
}

extension ProbeRequest: CodedEmpty {
    static var blank: Blank<Csi__V1__ProbeRequest> { csi__v1__probe_request__init }
}

extension ProbeResponse: Coded {
    static var blank: Blank<Csi__V1__ProbeResponse> { csi__v1__probe_response__init }

    init(_ c: Csi__V1__ProbeResponse) {
        ready = c.ready.map { $0.pointee.value != 0 }
    }

    func fill(_ c: inout Csi__V1__ProbeResponse, in arena: Arena) {
        c.ready = arena.packed(ready)
    }
}
