public import Devices

/// How a volume is used: as a mounted filesystem of one kind, or as a raw block device.
public enum VolumeAccess: Hashable, Sendable, CustomStringConvertible {
    case mount(filesystem: String)
    case block

    public var description: String {
        switch self {
        case .mount(let filesystem): "a mounted \(filesystem) filesystem"
        case .block: "a raw block device"
        }
    }
}

/// Whether space is taken when the volume is made or when it is written.
public enum Provisioning: String, Sendable, CaseIterable { case thin, thick }

/// Who the one writer is: one publish target (the default), or the node with all its pods.
public enum WriterScope: String, Sendable, CaseIterable { case pod, node }

/// How far the life of a volume has come. A volume that is being made has no record yet, only a prepared one.
public enum VolumeIntent: String, Sendable { case ready, deleting }

/// What is known of a volume's filesystem. `formatting` means 'never mounted'.
public enum FormatState: Hashable, Sendable {
    case never
    case formatting(UUID, type: String)
    case formatted(UUID, type: String)
}

/// A node that the volume is attached to (ControllerPublishVolume).
public struct Attachment: Hashable, Sendable {
    public let node: String
    public let isReadOnly: Bool
    /// The CSI access mode's name.
    public let mode: String

    public init(node: String, isReadOnly: Bool, mode: String) {
        self.node = node
        self.isReadOnly = isReadOnly
        self.mode = mode
    }
}

/// Everything that is kept of a volume, beside the volume itself.
public struct VolumeRecord: Hashable, Sendable {
    public let id: VolumeID
    /// The name that the client asked for.
    public let name: String
    /// The pool that it was made in. A record of another pool is somebody else's.
    public let pool: UUID
    /// Random; a volume made again under the same name has another one.
    public let incarnation: String
    /// Bytes.
    public var size: Int64
    public let access: VolumeAccess
    public let provisioning: Provisioning
    /// The StorageClass parameters as they came, without those that only describe the claim.
    public let parameters: [String: String]
    /// What the provisioner said of the claim: `csi.storage.k8s.io/pvc/name` and the like.
    public let claim: [String: String]
    /// Seconds since 1970.
    public let created: Int64
    public var intent: VolumeIntent
    public var format: FormatState
    public var attachments: [Attachment]

    public init(
        id: VolumeID, name: String, pool: UUID, incarnation: String, size: Int64, access: VolumeAccess,
        provisioning: Provisioning, parameters: [String: String], claim: [String: String], created: Int64,
        intent: VolumeIntent = .ready, format: FormatState = .never, attachments: [Attachment] = []
    ) {
        self.id = id
        self.name = name
        self.pool = pool
        self.incarnation = incarnation
        self.size = size
        self.access = access
        self.provisioning = provisioning
        self.parameters = parameters
        self.claim = claim
        self.created = created
        self.intent = intent
        self.format = format
        self.attachments = attachments
    }
}
