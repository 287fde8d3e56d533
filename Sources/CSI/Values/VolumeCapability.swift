internal import CWire

/// One way in which a volume is used.
public struct VolumeCapability: WireMessage {
    /// How a workload sees the volume.
    public enum Access: Equatable, Sendable {
        /// As a block device, without a filesystem of the plugin's.
        case block
        /// As a mounted filesystem.
        case mount(Mount)
    }

    /// As a mounted filesystem.
    public struct Mount: WireMessage {
        /// Empty leaves the choice to the plugin.
        public var fsType: String

        /// Mount options, one an entry; they may hold confidential values.
        public var mountFlags: [String]

        /// The group, by name or number, that must be able to use the files; empty for none.
        public var volumeMountGroup: String

        public init(fsType: String = "", mountFlags: [String] = [], volumeMountGroup: String = "") {
            self.fsType = fsType
            self.mountFlags = mountFlags
            self.volumeMountGroup = volumeMountGroup
        }
    }

    /// On how many nodes, by how many workloads, and whether for writing.
    public enum AccessMode: OpenEnum {
        case unknown
        /// Read and write on one node at a time.
        case singleNodeWriter
        /// Read on one node at a time.
        case singleNodeReaderOnly
        /// Read on several nodes.
        case multiNodeReaderOnly
        /// Read on several nodes, of which one may write.
        case multiNodeSingleWriter
        /// Read and write on several nodes.
        case multiNodeMultiWriter
        /// Alpha. Read and write by one workload on one node: a second target path is refused.
        case singleNodeSingleWriter
        /// Alpha. Read and write by several workloads on one node.
        case singleNodeMultiWriter
        /// A number that CSI 1.12 does not name.
        case unrecognized(Int32)

        public init(rawValue: Int32) {
            self =
                switch rawValue {
                case 0: .unknown
                case 1: .singleNodeWriter
                case 2: .singleNodeReaderOnly
                case 3: .multiNodeReaderOnly
                case 4: .multiNodeSingleWriter
                case 5: .multiNodeMultiWriter
                case 6: .singleNodeSingleWriter
                case 7: .singleNodeMultiWriter
                default: .unrecognized(rawValue)
                }
        }

        public var rawValue: Int32 {
            switch self {
            case .unknown: 0
            case .singleNodeWriter: 1
            case .singleNodeReaderOnly: 2
            case .multiNodeReaderOnly: 3
            case .multiNodeSingleWriter: 4
            case .multiNodeMultiWriter: 5
            case .singleNodeSingleWriter: 6
            case .singleNodeMultiWriter: 7
            case .unrecognized(let number): number
            }
        }

        public var description: String {
            name(of: rawValue, in: csi__v1__volume_capability__access_mode__mode__descriptor)
        }
    }

    /// Absent if the peer says neither `block` nor `mount`, which the specification does not allow.
    public var access: Access?

    /// Absent if the peer sends none, which the specification does not allow.
    public var accessMode: AccessMode?

    public init(access: Access? = nil, accessMode: AccessMode? = nil) {
        self.access = access
        self.accessMode = accessMode
    }
}

extension VolumeCapability: Coded {
    static var blank: Blank<Csi__V1__VolumeCapability> { csi__v1__volume_capability__init }

    init(_ c: Csi__V1__VolumeCapability) {
        access =
            switch c.access_type_case {
            case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK: .block
            case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT: .mount(Mount(c.mount.pointee))
            default: nil
            }
        accessMode = c.access_mode.map { unpacked($0.pointee.mode) }
    }

    func fill(_ c: inout Csi__V1__VolumeCapability, in arena: Arena) {
        switch access {
        case .block:
            c.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK
            c.block = arena.make(csi__v1__volume_capability__block_volume__init) { _ in }
        case .mount(let mount):
            c.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT
            c.mount = arena.packed(mount)
        case nil: break
        }
        if let accessMode {
            c.access_mode = arena.make(csi__v1__volume_capability__access_mode__init) { $0.mode = packed(accessMode) }
        }
    }
}

extension VolumeCapability.Mount: Coded {
    static var blank: Blank<Csi__V1__VolumeCapability__MountVolume> { csi__v1__volume_capability__mount_volume__init }

    init(_ c: Csi__V1__VolumeCapability__MountVolume) {
        fsType = unpacked(c.fs_type)
        mountFlags = unpacked(c.mount_flags, c.n_mount_flags)
        volumeMountGroup = unpacked(c.volume_mount_group)
    }

    func fill(_ c: inout Csi__V1__VolumeCapability__MountVolume, in arena: Arena) {
        c.fs_type = arena.packed(fsType)
        (c.mount_flags, c.n_mount_flags) = arena.packed(mountFlags)
        c.volume_mount_group = arena.packed(volumeMountGroup)
    }
}
