internal import CWire

extension Host {
    /// A node that a volume was attached to.
    public struct Attachment: WireMessage {
        public var node: String

        public var readonly: Bool

        /// The CSI access mode's name.
        public var accessMode: String

        public init(node: String = "", readonly: Bool = false, accessMode: String = "") {
            self.node = node
            self.readonly = readonly
            self.accessMode = accessMode
        }
    }
}

extension Host.Attachment: Coded {
    static var blank: Blank<Holdfast__V1__Attachment> { holdfast__v1__attachment__init }

    init(_ c: Holdfast__V1__Attachment) {
        node = unpacked(c.node)
        readonly = c.readonly != 0
        accessMode = unpacked(c.access_mode)
    }

    func fill(_ c: inout Holdfast__V1__Attachment, in arena: Arena) {
        c.node = arena.packed(node)
        c.readonly = readonly ? 1 : 0
        c.access_mode = arena.packed(accessMode)
    }
}

extension Host {
    /// A block device that shows a volume, as sysfs has it.
    public struct Device: WireMessage {
        /// Such as `/dev/loop3`.
        public var path: String

        public var major: Int32

        public var minor: Int32

        /// The file beneath it, by the name that it was attached under.
        public var backing: String

        /// Bytes that it shows now.
        public var sizeBytes: Int64

        public var readonly: Bool

        /// The names of block devices that were built on it.
        public var holders: [String]

        public init(
            path: String = "", major: Int32 = 0, minor: Int32 = 0, backing: String = "", sizeBytes: Int64 = 0,
            readonly: Bool = false, holders: [String] = []
        ) {
            self.path = path
            self.major = major
            self.minor = minor
            self.backing = backing
            self.sizeBytes = sizeBytes
            self.readonly = readonly
            self.holders = holders
        }
    }
}

extension Host.Device: Coded {
    static var blank: Blank<Holdfast__V1__Device> { holdfast__v1__device__init }

    init(_ c: Holdfast__V1__Device) {
        path = unpacked(c.path)
        major = c.major
        minor = c.minor
        backing = unpacked(c.backing)
        sizeBytes = c.size_bytes
        readonly = c.readonly != 0
        holders = unpacked(c.holders, c.n_holders)
    }

    func fill(_ c: inout Holdfast__V1__Device, in arena: Arena) {
        c.path = arena.packed(path)
        c.major = major
        c.minor = minor
        c.backing = arena.packed(backing)
        c.size_bytes = sizeBytes
        c.readonly = readonly ? 1 : 0
        (c.holders, c.n_holders) = arena.packed(holders)
    }
}

extension Host {
    /// A mount of a volume, as the kernel's table has it.
    public struct Mount: WireMessage {
        /// What the mount is for.
        public enum Role: OpenEnum {
            /// It was there before this process, and nobody has called for it since.
            case unknown
            /// It is where NodeStageVolume has mounted the volume.
            case staging
            /// It is where NodePublishVolume has put the volume: a workload's own.
            case target
            /// A number that this version does not name.
            case unrecognized(Int32)

            public init(rawValue: Int32) {
                self =
                    switch rawValue {
                    case 0: .unknown
                    case 1: .staging
                    case 2: .target
                    default: .unrecognized(rawValue)
                    }
            }

            public var rawValue: Int32 {
                switch self {
                case .unknown: 0
                case .staging: 1
                case .target: 2
                case .unrecognized(let number): number
                }
            }

            public var description: String { CSI.name(of: rawValue, in: holdfast__v1__mount__role__descriptor) }
        }

        public var path: String

        public var readonly: Bool

        public var role: Role

        /// The kernel's number of the mount.
        public var mountID: Int64

        public init(path: String = "", readonly: Bool = false, role: Role = .unknown, mountID: Int64 = 0) {
            self.path = path
            self.readonly = readonly
            self.role = role
            self.mountID = mountID
        }
    }
}

extension Host.Mount: Coded {
    static var blank: Blank<Holdfast__V1__Mount> { holdfast__v1__mount__init }

    init(_ c: Holdfast__V1__Mount) {
        path = unpacked(c.path)
        readonly = c.readonly != 0
        role = unpacked(c.role)
        mountID = c.mount_id
    }

    func fill(_ c: inout Holdfast__V1__Mount, in arena: Arena) {
        c.path = arena.packed(path)
        c.readonly = readonly ? 1 : 0
        c.role = packed(role)
        c.mount_id = mountID
    }
}
