internal import CWire

extension Host {
    /// A volume: what its record says, and what the kernel has of it now.
    public struct Volume: WireMessage {
        /// How far the volume's life has come.
        public enum State: OpenEnum {
            case unknown
            case ready
            /// Its deletion has begun; the next start finishes it.
            case deleting
            /// Its record cannot be used: nothing but id, pool and troubles is told.
            case damaged
            /// A number that this version does not name.
            case unrecognized(Int32)

            public init(rawValue: Int32) {
                self =
                    switch rawValue {
                    case 0: .unknown
                    case 1: .ready
                    case 2: .deleting
                    case 3: .damaged
                    default: .unrecognized(rawValue)
                    }
            }

            public var rawValue: Int32 {
                switch self {
                case .unknown: 0
                case .ready: 1
                case .deleting: 2
                case .damaged: 3
                case .unrecognized(let number): number
                }
            }

            public var description: String { CSI.name(of: rawValue, in: holdfast__v1__volume__state__descriptor) }
        }

        /// What has happened to its filesystem.
        public enum Format: OpenEnum {
            case unknown
            /// It was never formatted; a raw block volume never is.
            case never
            /// mkfs was begun, and the filesystem was never mounted.
            case formatting
            case formatted
            /// A copy of a filesystem, never mounted, that is to get a UUID of its own.
            case renewing
            /// A number that this version does not name.
            case unrecognized(Int32)

            public init(rawValue: Int32) {
                self =
                    switch rawValue {
                    case 0: .unknown
                    case 1: .never
                    case 2: .formatting
                    case 3: .formatted
                    case 4: .renewing
                    default: .unrecognized(rawValue)
                    }
            }

            public var rawValue: Int32 {
                switch self {
                case .unknown: 0
                case .never: 1
                case .formatting: 2
                case .formatted: 3
                case .renewing: 4
                case .unrecognized(let number): number
                }
            }

            public var description: String { CSI.name(of: rawValue, in: holdfast__v1__volume__format__descriptor) }
        }

        /// The node's own key, by which CSI names the volume.
        public var volumeID: String

        /// The name that the client asked for.
        public var name: String

        /// The name of its pool.
        public var pool: String

        public var state: State

        /// Bytes.
        public var sizeBytes: Int64

        /// While it grows: the bytes that it had before; 0 = it does not grow.
        public var growsFromBytes: Int64

        /// Whether it is a raw block device, and has no filesystem of ours.
        public var block: Bool

        /// The kind of its filesystem; empty for a raw block device.
        public var fsType: String

        public var format: Format

        /// The UUID that its filesystem has, or is to get; empty before it is formatted.
        public var fsUUID: String

        /// Random; a volume made again under the same name has another one.
        public var incarnation: String

        /// `thin` or `thick`.
        public var provisioning: String

        /// The StorageClass parameters that it was made with.
        public var parameters: [String: String]

        /// The parameters of its VolumeAttributesClass.
        public var mutableParameters: [String: String]

        /// What the provisioner said of its claim, such as `csi.storage.k8s.io/pvc/name`.
        public var claim: [String: String]

        public var created: Timestamp?

        /// The snapshot that its first content came from; empty = none.
        public var sourceSnapshotID: String

        /// The volume that its first content came from; empty = none.
        public var sourceVolumeID: String

        /// The one target of a volume that lives and dies with its pod; empty for all others.
        public var ephemeralTarget: String

        /// Where it was attached to by ControllerPublishVolume; a cluster that does without has none.
        public var attachments: [Attachment]

        /// Its device; absent while it is not attached on this node.
        public var device: Device?

        /// Where it is mounted in the node's mount namespace, in the order in which it was.
        public var mounts: [Mount]

        /// What is wrong with it, a sentence each; none = nothing is.
        public var troubles: [String]

        /// Why `troubles` may lack something, such as a pool that does not answer; empty = it was looked at.
        public var notObserved: String

        /// Whether it was never staged, so that nobody can have written to it. False also where that is not known.
        public var isUntouched: Bool

        public init(
            volumeID: String = "", name: String = "", pool: String = "", state: State = .unknown, sizeBytes: Int64 = 0,
            growsFromBytes: Int64 = 0, block: Bool = false, fsType: String = "", format: Format = .unknown,
            fsUUID: String = "", incarnation: String = "", provisioning: String = "",
            parameters: [String: String] = [:], mutableParameters: [String: String] = [:],
            claim: [String: String] = [:], created: Timestamp? = nil, sourceSnapshotID: String = "",
            sourceVolumeID: String = "", ephemeralTarget: String = "", attachments: [Attachment] = [],
            device: Device? = nil, mounts: [Mount] = [], troubles: [String] = [], notObserved: String = "",
            isUntouched: Bool = false
        ) {
            self.volumeID = volumeID
            self.name = name
            self.pool = pool
            self.state = state
            self.sizeBytes = sizeBytes
            self.growsFromBytes = growsFromBytes
            self.block = block
            self.fsType = fsType
            self.format = format
            self.fsUUID = fsUUID
            self.incarnation = incarnation
            self.provisioning = provisioning
            self.parameters = parameters
            self.mutableParameters = mutableParameters
            self.claim = claim
            self.created = created
            self.sourceSnapshotID = sourceSnapshotID
            self.sourceVolumeID = sourceVolumeID
            self.ephemeralTarget = ephemeralTarget
            self.attachments = attachments
            self.device = device
            self.mounts = mounts
            self.troubles = troubles
            self.notObserved = notObserved
            self.isUntouched = isUntouched
        }
    }
}

extension Host.Volume: Coded {
    static var blank: Blank<Holdfast__V1__Volume> { holdfast__v1__volume__init }

    init(_ c: Holdfast__V1__Volume) {
        volumeID = unpacked(c.volume_id)
        name = unpacked(c.name)
        pool = unpacked(c.pool)
        state = unpacked(c.state)
        sizeBytes = c.size_bytes
        growsFromBytes = c.grows_from_bytes
        block = c.block != 0
        fsType = unpacked(c.fs_type)
        format = unpacked(c.format)
        fsUUID = unpacked(c.fs_uuid)
        incarnation = unpacked(c.incarnation)
        provisioning = unpacked(c.provisioning)
        parameters = unpacked(c.parameters, c.n_parameters)
        mutableParameters = unpacked(c.mutable_parameters, c.n_mutable_parameters)
        claim = unpacked(c.claim, c.n_claim)
        created = unpacked(c.created)
        sourceSnapshotID = unpacked(c.source_snapshot_id)
        sourceVolumeID = unpacked(c.source_volume_id)
        ephemeralTarget = unpacked(c.ephemeral_target)
        attachments = unpacked(c.attachments, c.n_attachments)
        device = unpacked(c.device)
        mounts = unpacked(c.mounts, c.n_mounts)
        troubles = unpacked(c.troubles, c.n_troubles)
        notObserved = unpacked(c.not_observed)
        isUntouched = c.untouched != 0
    }

    func fill(_ c: inout Holdfast__V1__Volume, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
        c.name = arena.packed(name)
        c.pool = arena.packed(pool)
        c.state = packed(state)
        c.size_bytes = sizeBytes
        c.grows_from_bytes = growsFromBytes
        c.block = block ? 1 : 0
        c.fs_type = arena.packed(fsType)
        c.format = packed(format)
        c.fs_uuid = arena.packed(fsUUID)
        c.incarnation = arena.packed(incarnation)
        c.provisioning = arena.packed(provisioning)
        (c.parameters, c.n_parameters) = arena.packed(parameters)
        (c.mutable_parameters, c.n_mutable_parameters) = arena.packed(mutableParameters)
        (c.claim, c.n_claim) = arena.packed(claim)
        c.created = arena.packed(created)
        c.source_snapshot_id = arena.packed(sourceSnapshotID)
        c.source_volume_id = arena.packed(sourceVolumeID)
        c.ephemeral_target = arena.packed(ephemeralTarget)
        (c.attachments, c.n_attachments) = arena.packed(attachments)
        c.device = arena.packed(device)
        (c.mounts, c.n_mounts) = arena.packed(mounts)
        (c.troubles, c.n_troubles) = arena.packed(troubles)
        c.not_observed = arena.packed(notObserved)
        c.untouched = isUntouched ? 1 : 0
    }
}
