internal import CWire

/// A place in the cluster: a node lies in it if it has all the segments.
public struct Topology: WireMessage {
    /// Such as `topology.example.com/zone` = `z1`.
    public var segments: [String: String]

    public init(segments: [String: String] = [:]) {
        self.segments = segments
    }
}

/// Where a volume has to be reachable.
public struct TopologyRequirement: WireMessage {
    /// The volume has to be reachable from at least one of them.
    public var requisite: [Topology]

    /// The wished places, the best first; each is also in `requisite`, if that is given.
    public var preferred: [Topology]

    public init(requisite: [Topology] = [], preferred: [Topology] = []) {
        self.requisite = requisite
        self.preferred = preferred
    }
}

extension Topology: Coded {
    static var blank: Blank<Csi__V1__Topology> { csi__v1__topology__init }

    init(_ c: Csi__V1__Topology) {
        segments = unpacked(c.segments, c.n_segments)
    }

    func fill(_ c: inout Csi__V1__Topology, in arena: Arena) {
        (c.segments, c.n_segments) = arena.packed(segments)
    }
}

extension TopologyRequirement: Coded {
    static var blank: Blank<Csi__V1__TopologyRequirement> { csi__v1__topology_requirement__init }

    init(_ c: Csi__V1__TopologyRequirement) {
        requisite = unpacked(c.requisite, c.n_requisite)
        preferred = unpacked(c.preferred, c.n_preferred)
    }

    func fill(_ c: inout Csi__V1__TopologyRequirement, in arena: Arena) {
        (c.requisite, c.n_requisite) = arena.packed(requisite)
        (c.preferred, c.n_preferred) = arena.packed(preferred)
    }
}
