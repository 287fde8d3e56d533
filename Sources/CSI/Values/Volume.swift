internal import CWire

/// A volume as the plugin knows it.
public struct Volume: WireMessage {
    /// Bytes; 0 = not known.
    public var capacityBytes: Int64

    /// The plugin's own key, unique within the plugin; every later call names the volume by it.
    public var volumeID: String

    /// Not secret and fixed for the volume's life; handed back with later calls.
    public var volumeContext: [String: String]

    /// What the data was copied from; absent if the volume began empty.
    public var contentSource: VolumeContentSource?

    /// The volume is reachable from nodes that match any of them; none = from everywhere.
    public var accessibleTopology: [Topology]

    public init(
        capacityBytes: Int64 = 0, volumeID: String = "", volumeContext: [String: String] = [:],
        contentSource: VolumeContentSource? = nil, accessibleTopology: [Topology] = []
    ) {
        self.capacityBytes = capacityBytes
        self.volumeID = volumeID
        self.volumeContext = volumeContext
        self.contentSource = contentSource
        self.accessibleTopology = accessibleTopology
    }
}

extension Volume: Coded {
    static var blank: Blank<Csi__V1__Volume> { csi__v1__volume__init }

    init(_ c: Csi__V1__Volume) {
        capacityBytes = c.capacity_bytes
        volumeID = unpacked(c.volume_id)
        volumeContext = unpacked(c.volume_context, c.n_volume_context)
        contentSource = unpacked(c.content_source)
        accessibleTopology = unpacked(c.accessible_topology, c.n_accessible_topology)
    }

    func fill(_ c: inout Csi__V1__Volume, in arena: Arena) {
        c.capacity_bytes = capacityBytes
        c.volume_id = arena.packed(volumeID)
        (c.volume_context, c.n_volume_context) = arena.packed(volumeContext)
        c.content_source = arena.packed(contentSource)
        (c.accessible_topology, c.n_accessible_topology) = arena.packed(accessibleTopology)
    }
}
