internal import CWire

/// How much of one unit a volume holds; none of the amounts is negative.
public struct VolumeUsage: WireMessage {
    /// What a volume's usage counts.
    public enum Unit: OpenEnum {
        case unknown
        case bytes
        case inodes
        /// A number that CSI 1.12 does not name.
        case unrecognized(Int32)

        public init(rawValue: Int32) {
            self =
                switch rawValue {
                case 0: .unknown
                case 1: .bytes
                case 2: .inodes
                default: .unrecognized(rawValue)
                }
        }

        public var rawValue: Int32 {
            switch self {
            case .unknown: 0
            case .bytes: 1
            case .inodes: 2
            case .unrecognized(let number): number
            }
        }

        public var description: String { name(of: rawValue, in: csi__v1__volume_usage__unit__descriptor) }
    }

    /// What an unprivileged writer can still use; with `used` it need not add up to `total`. 0 may mean not known.
    public var available: Int64

    /// Of `unit`.
    public var total: Int64

    /// 0 may mean not known.
    public var used: Int64

    /// What is counted.
    public var unit: Unit

    public init(available: Int64 = 0, total: Int64 = 0, used: Int64 = 0, unit: Unit = .unknown) {
        self.available = available
        self.total = total
        self.used = used
        self.unit = unit
    }
}

extension VolumeUsage: Coded {
    static var blank: Blank<Csi__V1__VolumeUsage> { csi__v1__volume_usage__init }

    init(_ c: Csi__V1__VolumeUsage) {
        available = c.available
        total = c.total
        used = c.used
        unit = unpacked(c.unit)
    }

    func fill(_ c: inout Csi__V1__VolumeUsage, in arena: Arena) {
        c.available = available
        c.total = total
        c.used = used
        c.unit = packed(unit)
    }
}
