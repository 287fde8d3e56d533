internal import CWire

/// One optional service or trait of the plugin.
public struct PluginCapability: WireMessage {
    /// What is offered.
    public enum Offer: Hashable, Sendable {
        case service(Service)
        case volumeExpansion(VolumeExpansion)
    }

    /// A service that the plugin serves besides Identity and Node, or a trait that affects all of them.
    public enum Service: OpenEnum {
        case unknown
        /// The Controller service is served.
        case controllerService
        /// Not every volume is reachable from every node, so placement has to look at topologies.
        case volumeAccessibilityConstraints
        /// The GroupController service is served.
        case groupControllerService
        /// Alpha. The SnapshotMetadata service is served.
        case snapshotMetadataService
        /// A number that CSI 1.12 does not name.
        case unrecognized(Int32)

        public init(rawValue: Int32) {
            self =
                switch rawValue {
                case 0: .unknown
                case 1: .controllerService
                case 2: .volumeAccessibilityConstraints
                case 3: .groupControllerService
                case 4: .snapshotMetadataService
                default: .unrecognized(rawValue)
                }
        }

        public var rawValue: Int32 {
            switch self {
            case .unknown: 0
            case .controllerService: 1
            case .volumeAccessibilityConstraints: 2
            case .groupControllerService: 3
            case .snapshotMetadataService: 4
            case .unrecognized(let number): number
            }
        }

        public var description: String { name(of: rawValue, in: csi__v1__plugin_capability__service__type__descriptor) }
    }

    /// When volumes can grow.
    public enum VolumeExpansion: OpenEnum {
        case unknown
        /// While published on a node, or not.
        case online
        /// Only while not published on any node.
        case offline
        /// A number that CSI 1.12 does not name.
        case unrecognized(Int32)

        public init(rawValue: Int32) {
            self =
                switch rawValue {
                case 0: .unknown
                case 1: .online
                case 2: .offline
                default: .unrecognized(rawValue)
                }
        }

        public var rawValue: Int32 {
            switch self {
            case .unknown: 0
            case .online: 1
            case .offline: 2
            case .unrecognized(let number): number
            }
        }

        public var description: String {
            name(of: rawValue, in: csi__v1__plugin_capability__volume_expansion__type__descriptor)
        }
    }

    /// Absent if the peer names an offer of a kind that CSI 1.12 does not have.
    public var offer: Offer?

    public init(_ offer: Offer? = nil) {
        self.offer = offer
    }
}

extension PluginCapability: Coded {
    static var blank: Blank<Csi__V1__PluginCapability> { csi__v1__plugin_capability__init }

    init(_ c: Csi__V1__PluginCapability) {
        offer =
            switch c.type_case {
            case CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE: .service(unpacked(c.service.pointee.type))
            case CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION:
                .volumeExpansion(unpacked(c.volume_expansion.pointee.type))
            default: nil
            }
    }

    func fill(_ c: inout Csi__V1__PluginCapability, in arena: Arena) {
        switch offer {
        case .service(let service):
            c.type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE
            c.service = arena.make(csi__v1__plugin_capability__service__init) { $0.type = packed(service) }
        case .volumeExpansion(let expansion):
            c.type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION
            c.volume_expansion = arena.make(csi__v1__plugin_capability__volume_expansion__init) {
                $0.type = packed(expansion)
            }
        case nil: break
        }
    }
}
