internal import CWire

/// Carries nothing.
public struct NodeGetInfoRequest: WireMessage {
    public init() {}
}

/// The node as the plugin sees it.
public struct NodeGetInfoResponse: WireMessage {
    /// The plugin's own key for the node, unique in the cluster; ControllerPublishVolume names the node by it.
    public var nodeID: String

    /// How many of the plugin's volumes can be published here; 0 leaves the limit to the orchestrator.
    public var maxVolumesPerNode: Int64

    /// Where the node lies; absent with a plugin whose volumes are reachable from everywhere.
    public var accessibleTopology: Topology?

    public init(nodeID: String = "", maxVolumesPerNode: Int64 = 0, accessibleTopology: Topology? = nil) {
        self.nodeID = nodeID
        self.maxVolumesPerNode = maxVolumesPerNode
        self.accessibleTopology = accessibleTopology
    }
}

extension NodeGetInfoRequest: CodedEmpty {
    static var blank: Blank<Csi__V1__NodeGetInfoRequest> { csi__v1__node_get_info_request__init }
}

extension NodeGetInfoResponse: Coded {
    static var blank: Blank<Csi__V1__NodeGetInfoResponse> { csi__v1__node_get_info_response__init }

    init(_ c: Csi__V1__NodeGetInfoResponse) {
        nodeID = unpacked(c.node_id)
        maxVolumesPerNode = c.max_volumes_per_node
        accessibleTopology = unpacked(c.accessible_topology)
    }

    func fill(_ c: inout Csi__V1__NodeGetInfoResponse, in arena: Arena) {
        c.node_id = arena.packed(nodeID)
        c.max_volumes_per_node = maxVolumesPerNode
        c.accessible_topology = arena.packed(accessibleTopology)
    }
}
