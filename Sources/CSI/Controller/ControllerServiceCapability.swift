internal import CWire

/// One optional ability of the Controller service.
public struct ControllerServiceCapability: WireMessage {
    /// An ability named by the call, or by the aspect of a call, that it stands for.
    public enum RPC: OpenEnum {
        case unknown
        case createDeleteVolume
        /// ControllerPublishVolume and ControllerUnpublishVolume.
        case publishUnpublishVolume
        case listVolumes
        case getCapacity
        case createDeleteSnapshot
        case listSnapshots
        /// CreateVolume takes a volume as its content source.
        case cloneVolume
        /// ControllerPublishVolume honours `readonly`.
        case publishReadonly
        /// ControllerExpandVolume.
        case expandVolume
        /// ListVolumes fills `publishedNodeIDs`.
        case listVolumesPublishedNodes
        /// Alpha. Volumes are described with their `volumeCondition`.
        case volumeCondition
        /// Alpha. ControllerGetVolume.
        case getVolume
        /// Alpha. The access modes SINGLE_NODE_SINGLE_WRITER and SINGLE_NODE_MULTI_WRITER are understood.
        case singleNodeMultiWriter
        /// ControllerModifyVolume, and `mutableParameters` of CreateVolume.
        case modifyVolume
        /// Alpha. GetSnapshot.
        case getSnapshot
        /// A number that CSI 1.12 does not name.
        case unrecognized(Int32)

        public init(rawValue: Int32) {
            self =
                switch rawValue {
                case 0: .unknown
                case 1: .createDeleteVolume
                case 2: .publishUnpublishVolume
                case 3: .listVolumes
                case 4: .getCapacity
                case 5: .createDeleteSnapshot
                case 6: .listSnapshots
                case 7: .cloneVolume
                case 8: .publishReadonly
                case 9: .expandVolume
                case 10: .listVolumesPublishedNodes
                case 11: .volumeCondition
                case 12: .getVolume
                case 13: .singleNodeMultiWriter
                case 14: .modifyVolume
                case 15: .getSnapshot
                default: .unrecognized(rawValue)
                }
        }

        public var rawValue: Int32 {
            switch self {
            case .unknown: 0
            case .createDeleteVolume: 1
            case .publishUnpublishVolume: 2
            case .listVolumes: 3
            case .getCapacity: 4
            case .createDeleteSnapshot: 5
            case .listSnapshots: 6
            case .cloneVolume: 7
            case .publishReadonly: 8
            case .expandVolume: 9
            case .listVolumesPublishedNodes: 10
            case .volumeCondition: 11
            case .getVolume: 12
            case .singleNodeMultiWriter: 13
            case .modifyVolume: 14
            case .getSnapshot: 15
            case .unrecognized(let number): number
            }
        }

        public var description: String {
            name(of: rawValue, in: csi__v1__controller_service_capability__rpc__type__descriptor)
        }
    }

    /// Absent if the peer names an ability of a kind that CSI 1.12 does not have.
    public var rpc: RPC?

    public init(_ rpc: RPC? = nil) {
        self.rpc = rpc
    }
}

extension ControllerServiceCapability: Coded {
    static var blank: Blank<Csi__V1__ControllerServiceCapability> { csi__v1__controller_service_capability__init }

    init(_ c: Csi__V1__ControllerServiceCapability) {
        rpc = c.type_case == CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC ? unpacked(c.rpc.pointee.type) : nil
    }

    func fill(_ c: inout Csi__V1__ControllerServiceCapability, in arena: Arena) {
        guard let rpc else { return }
        c.type_case = CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC
        c.rpc = arena.make(csi__v1__controller_service_capability__rpc__init) { $0.type = packed(rpc) }
    }
}
