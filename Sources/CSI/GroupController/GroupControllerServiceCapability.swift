internal import CWire

/// One optional ability of the GroupController service.
public struct GroupControllerServiceCapability: WireMessage {
    /// An ability named by the calls that it stands for.
    public enum RPC: OpenEnum {
        case unknown
        /// CreateVolumeGroupSnapshot, DeleteVolumeGroupSnapshot and GetVolumeGroupSnapshot.
        case createDeleteGetVolumeGroupSnapshot
        /// A number that CSI 1.12 does not name.
        case unrecognized(Int32)

        public init(rawValue: Int32) {
            self =
                switch rawValue {
                case 0: .unknown
                case 1: .createDeleteGetVolumeGroupSnapshot
                default: .unrecognized(rawValue)
                }
        }

        public var rawValue: Int32 {
            switch self {
            case .unknown: 0
            case .createDeleteGetVolumeGroupSnapshot: 1
            case .unrecognized(let number): number
            }
        }

        public var description: String {
            name(of: rawValue, in: csi__v1__group_controller_service_capability__rpc__type__descriptor)
        }
    }

    /// Absent if the peer names an ability of a kind that CSI 1.12 does not have.
    public var rpc: RPC?

    public init(_ rpc: RPC? = nil) {
        self.rpc = rpc
    }
}

extension GroupControllerServiceCapability: Coded {
    static var blank: Blank<Csi__V1__GroupControllerServiceCapability> {
        csi__v1__group_controller_service_capability__init
    }

    init(_ c: Csi__V1__GroupControllerServiceCapability) {
        rpc = c.type_case == CSI__V1__GROUP_CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC ? unpacked(c.rpc.pointee.type) : nil
    }

    func fill(_ c: inout Csi__V1__GroupControllerServiceCapability, in arena: Arena) {
        guard let rpc else { return }
        c.type_case = CSI__V1__GROUP_CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC
        c.rpc = arena.make(csi__v1__group_controller_service_capability__rpc__init) { $0.type = packed(rpc) }
    }
}
