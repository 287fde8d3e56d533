internal import CWire

/// One optional ability of the Node service.
public struct NodeServiceCapability: WireMessage {
    /// An ability named by the call, or by the aspect of a call, that it stands for.
    public enum RPC: OpenEnum {
        case unknown
        case stageUnstageVolume
        /// NodeGetVolumeStats.
        case getVolumeStats
        /// NodeExpandVolume.
        case expandVolume
        /// Alpha. NodeGetVolumeStats fills `volumeCondition`.
        case volumeCondition
        /// Alpha. The access modes SINGLE_NODE_SINGLE_WRITER and SINGLE_NODE_MULTI_WRITER are understood.
        case singleNodeMultiWriter
        /// `volumeMountGroup` is honoured, so the orchestrator need not change the files' group itself.
        case volumeMountGroup
        /// A number that CSI 1.12 does not name.
        case unrecognized(Int32)

        public init(rawValue: Int32) {
            self =
                switch rawValue {
                case 0: .unknown
                case 1: .stageUnstageVolume
                case 2: .getVolumeStats
                case 3: .expandVolume
                case 4: .volumeCondition
                case 5: .singleNodeMultiWriter
                case 6: .volumeMountGroup
                default: .unrecognized(rawValue)
                }
        }

        public var rawValue: Int32 {
            switch self {
            case .unknown: 0
            case .stageUnstageVolume: 1
            case .getVolumeStats: 2
            case .expandVolume: 3
            case .volumeCondition: 4
            case .singleNodeMultiWriter: 5
            case .volumeMountGroup: 6
            case .unrecognized(let number): number
            }
        }

        public var description: String {
            name(of: rawValue, in: csi__v1__node_service_capability__rpc__type__descriptor)
        }
    }

    /// Absent if the peer names an ability of a kind that CSI 1.12 does not have.
    public var rpc: RPC?

    public init(_ rpc: RPC? = nil) {
        self.rpc = rpc
    }
}

extension NodeServiceCapability: Coded {
    static var blank: Blank<Csi__V1__NodeServiceCapability> { csi__v1__node_service_capability__init }

    init(_ c: Csi__V1__NodeServiceCapability) {
        rpc = c.type_case == CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC ? unpacked(c.rpc.pointee.type) : nil
    }

    func fill(_ c: inout Csi__V1__NodeServiceCapability, in arena: Arena) {
        guard let rpc else { return }
        c.type_case = CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC
        c.rpc = arena.make(csi__v1__node_service_capability__rpc__init) { $0.type = packed(rpc) }
    }
}
