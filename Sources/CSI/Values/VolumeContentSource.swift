internal import CWire

/// What a new volume's data is copied from.
public struct VolumeContentSource: WireMessage {
    /// What is copied.
    public enum Source: Hashable, Sendable {
        /// An existing snapshot, by the plugin's key.
        case snapshot(id: String)
        /// An existing volume, by the plugin's key.
        case volume(id: String)
    }

    /// Absent if the peer names neither a snapshot nor a volume.
    public var source: Source?

    public init(_ source: Source? = nil) {
        self.source = source
    }
}

extension VolumeContentSource: Coded {
    static var blank: Blank<Csi__V1__VolumeContentSource> { csi__v1__volume_content_source__init }

    init(_ c: Csi__V1__VolumeContentSource) {
        source =
            switch c.type_case {
            case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT:
                .snapshot(id: unpacked(c.snapshot.pointee.snapshot_id))
            case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME:
                .volume(id: unpacked(c.volume.pointee.volume_id))
            default: nil
            }
    }

    func fill(_ c: inout Csi__V1__VolumeContentSource, in arena: Arena) {
        switch source {
        case .snapshot(let id):
            c.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT
            c.snapshot = arena.make(csi__v1__volume_content_source__snapshot_source__init) {
                $0.snapshot_id = arena.packed(id)
            }
        case .volume(let id):
            c.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME
            c.volume = arena.make(csi__v1__volume_content_source__volume_source__init) {
                $0.volume_id = arena.packed(id)
            }
        case nil: break
        }
    }
}
