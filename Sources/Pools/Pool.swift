public import Devices
public import Syscalls

/// Room in a pool.
public struct PoolCapacity: Sendable, Equatable {
    /// Bytes that volumes of the asked kind can still have together.
    public let available: Int64
    /// The largest single volume that would be made now, in bytes.
    public let maximumVolume: Int64

    public init(available: Int64, maximumVolume: Int64) {
        self.available = available
        self.maximumVolume = maximumVolume
    }
}

/// What a pool lies on.
public struct PoolRoom: Sendable, Equatable {
    /// Bytes of the whole, and those that can still be written.
    public let total: Int64
    public let free: Int64
    /// Whether it takes no writes.
    public let isReadOnly: Bool

    public init(total: Int64, free: Int64, isReadOnly: Bool) {
        self.total = total
        self.free = free
        self.isReadOnly = isReadOnly
    }
}

/// A volume's device, held open. For pools of images that alone keeps a fresh attachment alive until it is mounted.
public struct AttachedDevice: ~Copyable, Sendable {
    public let device: BlockDevice
    /// False when it was attached already.
    public let isNew: Bool
    /// Whether it stays attached when nobody has it open.
    public let isKept: Bool

    init(device: consuming BlockDevice, isNew: Bool, isKept: Bool) {
        self.device = device
        self.isNew = isNew
        self.isKept = isKept
    }
}

/// Whose a device is.
public enum DeviceOwner: Sendable, Equatable {
    /// The device of a volume that exists.
    case volume(VolumeID)
    /// The device of a volume of this pool that is gone, or was made again since: its image has no name any more.
    case formerVolume(VolumeID)
    case somebodyElse

    /// The id, of a volume that exists or of one that is gone.
    public var volume: VolumeID? {
        switch self {
        case .volume(let id), .formerVolume(let id): id
        case .somebodyElse: nil
        }
    }
}

/// Where volumes come from. A new kind is a folder beside this file and a line in `Catalog.swift`; the pool contract
/// suite of the tests then runs on it.
///
/// Calls on one volume are never made at the same time: the caller holds that volume's claim. Everything blocks.
public protocol Pool: AnyObject, Sendable {
    /// The name in StorageClass parameters.
    var name: String { get }
    /// `file`, and others to come.
    var kind: String { get }
    /// Made with the pool and kept in it.
    var identity: UUID { get }
    var index: VolumeIndex { get }
    /// Where it lies: a folder, or what else a kind of pool is.
    var path: String { get }
    /// How many times over its room may be promised; nil is without limit.
    var overcommitRatio: Double? { get }

    /// Reads all records, finishes deletions and undoes creations that were cut off. Called once, before all else.
    /// What cannot be decided stays as it is and is told of in the answer, a sentence each.
    func recover() throws(PoolError) -> [String]

    func capacity(_ provisioning: Provisioning) throws(PoolError) -> PoolCapacity

    func room() throws(PoolError) -> PoolRoom

    /// Makes a volume for a record, empty or with that content; one that is larger than its content ends in a hole. On
    /// an error nothing is left.
    func create(_ record: VolumeRecord, from content: Content?, _ control: CopyControl) throws(PoolError)

    /// Opens a volume for copying. Its record says how many of its bytes count.
    func content(_ record: VolumeRecord) throws(PoolError) -> Content

    /// The snapshots of this pool; nil for a kind that has none.
    var snapshots: (any SnapshotStore)? { get }

    /// Deletes a volume that nothing uses. One that is not there is fine.
    func delete(_ id: VolumeID) throws(PoolError)

    /// Writes a changed record durably.
    func update(_ record: VolumeRecord) throws(PoolError)

    /// Notes that a volume is to have `size` bytes, makes it so, and has its attached device show it. The record that comes
    /// back has `growsFrom` set until `update` says that its filesystem has followed. On an error the volume has the
    /// size that it had.
    func grow(_ record: VolumeRecord, to size: Int64) throws(PoolError) -> VolumeRecord

    /// Finishes a grow of the volume that was cut off after it was noted.
    func finishGrowing(_ record: VolumeRecord) throws(PoolError)

    /// What is wrong beneath the volume's filesystem now, a sentence each: its image, its device, the pool's room.
    func troubles(of record: VolumeRecord) throws(PoolError) -> [String]

    /// Notes that a volume's filesystem is about to be frozen, for a next start that has to thaw it.
    func noteFreeze(_ id: VolumeID) throws(PoolError)
    func forgetFreeze(_ id: VolumeID)
    /// Whether the volume's freezing was noted since this host was started.
    func isFreezeNoted(_ id: VolumeID) throws(PoolError) -> Bool
    /// The volumes whose freezing was noted since this host was started.
    func notedFreezes() throws(PoolError) -> (volumes: [VolumeID], reports: [String])

    /// The volumes of this pool that have a device attached now. It asks nothing that a hung pool could not answer.
    func attachedVolumes() -> [VolumeID]

    /// The volume's device as it was last attached, if something is attached there. It asks nothing that a hung pool could
    /// not answer, so it is for telling alone.
    func seenDevice(of id: VolumeID) -> SeenDevice?

    /// The volume's device if it is attached.
    func attached(_ record: VolumeRecord) throws(PoolError) -> AttachedDevice?

    /// Attaches the volume's device, or finds it attached. Without `keep` on it, or a mount, closing it detaches it.
    func attach(_ record: VolumeRecord) throws(PoolError) -> AttachedDevice

    /// Keeps the device attached while nobody has it open, until `detach`.
    func keep(_ attached: borrowing AttachedDevice, of record: VolumeRecord) throws(PoolError)

    /// Detaches the volume's device. While an onlooker has it open it stays, and goes with the last of them.
    func detach(_ attached: consuming AttachedDevice, of record: VolumeRecord) throws(PoolError)

    /// Detaches devices of a volume that is gone, which nothing but its id names any more.
    func detachFormer(_ id: VolumeID) throws(PoolError)

    /// Whether the volume was ever written, wherever in it; nil for a pool that cannot tell.
    func wasWritten(_ record: VolumeRecord) throws(PoolError) -> Bool?

    /// Puts what was written to the volume beyond the reach of a power cut, beneath the device as well.
    func sync(_ attached: borrowing AttachedDevice, of record: VolumeRecord) throws(PoolError)

    /// Whose a block device is, by what the kernel says of it.
    func owner(of device: DeviceNumber) throws(PoolError) -> DeviceOwner
}

extension Pool {
    /// Makes an empty volume.
    public func create(_ record: VolumeRecord) throws(PoolError) { try create(record, from: nil, CopyControl()) }

    public var snapshots: (any SnapshotStore)? { nil }
}
