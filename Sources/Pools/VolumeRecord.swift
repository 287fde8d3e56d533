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
    /// A copy of a filesystem, never mounted: it has one of the UUIDs that its source may have had, or already its own.
    case renewing(from: [UUID], to: UUID, type: String)

    /// The state of a copy. A filesystem that was never mounted holds nothing, so its copy is a blank volume.
    public var ofCopy: FormatState {
        switch self {
        case .never, .formatting: .never
        case .formatted(let uuid, let type): .renewing(from: [uuid], to: .random(), type: type)
        case .renewing(let from, let to, let type): .renewing(from: from + [to], to: .random(), type: type)
        }
    }

    /// Whether there is anything in the volume to copy.
    public var isNeverMounted: Bool {
        switch self {
        case .never, .formatting: true
        case .formatted, .renewing: false
        }
    }
}

/// Where a volume's first content came from.
public enum ContentSource: Hashable, Sendable, CustomStringConvertible {
    case snapshot(SnapshotID)
    case volume(VolumeID)

    public var description: String {
        switch self {
        case .snapshot(let id): "snapshot \(id)"
        case .volume(let id): "volume \(id)"
        }
    }
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
public struct VolumeRecord: Hashable, KeptRecord {
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
    /// nil for a volume that was made empty.
    public let source: ContentSource?
    /// The one target of a volume that lives and dies with its pod; nil for all others.
    public let ephemeralTarget: String?
    public var intent: VolumeIntent
    public var format: FormatState
    public var attachments: [Attachment]
    /// Parameters that may be changed while the volume lives (ControllerModifyVolume), as they came.
    public var mutableParameters: [String: String]
    /// While the volume grows: the bytes that it had before. Device and filesystem may still have that size, or any up to
    /// `size`.
    public var growsFrom: Int64?
    /// Whether a tool is growing its filesystem, which is not mounted meanwhile. One that was cut off has to be mended.
    public var isResizing = false
    /// Whether this is a raw device that was never given out. Mounted volumes have their formatting state to tell.
    public var isUntouchedDevice = false

    /// Whether the volume was never staged, so that nobody can have written to it. False also where that is not known.
    public var isUntouched: Bool {
        switch access {
        case .block: isUntouchedDevice
        case .mount:
            switch format {
            case .never, .formatting, .renewing: true
            case .formatted: false
            }
        }
    }

    public var promise: Int64 { size }
    public var isReady: Bool { intent == .ready }
    /// The bytes that the volume has for sure.
    public var assuredSize: Int64 { growsFrom ?? size }

    public init(
        id: VolumeID, name: String, pool: UUID, incarnation: String, size: Int64, access: VolumeAccess,
        provisioning: Provisioning, parameters: [String: String], claim: [String: String], created: Int64,
        source: ContentSource? = nil, ephemeralTarget: String? = nil, intent: VolumeIntent = .ready,
        format: FormatState = .never, attachments: [Attachment] = [], mutableParameters: [String: String] = [:],
        growsFrom: Int64? = nil
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
        self.source = source
        self.ephemeralTarget = ephemeralTarget
        self.intent = intent
        self.format = format
        self.attachments = attachments
        self.mutableParameters = mutableParameters
        self.growsFrom = growsFrom
    }
}
