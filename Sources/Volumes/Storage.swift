public import Mounts
public import Pools
internal import Synchronization

/// The node's volumes: where they come from, where they are mounted, and who works on them.
///
/// Each story of a volume is an extension in a file of its own: `Create`, `Clone`, `Delete`, `Attach`, `Stage`,
/// `Publish`, `Ephemeral`, `Expand`, `Modify`, `Snapshots`, `Groups`, `Stats`, `Condition`, `Inventory`, `Room`, `StartUp`.
/// All of them block and run on a host thread.
public final class Storage: Sendable {
    public let nodeID: String
    /// In the order of the configuration; the first one is used when a class names none.
    public let pools: [any Pool]
    let root: HostRoot
    let claims = Claims()
    let mountPoints = MountPoints()
    let copies = Copies()
    let looks = Looks()
    let stageTroubles = StageTroubles()
    let places: Places
    let ready = Atomic<Bool>(false)
    let startUpReport = Mutex<StartUpReport?>(nil)

    /// `pools` is not empty, and the names in it differ. `maxVolumes` is how many may be staged; 0 is no limit.
    public init(nodeID: String, pools: [any Pool], root: HostRoot, maxVolumes: Int64 = 0) {
        precondition(!pools.isEmpty, "a node has a pool")
        self.nodeID = nodeID
        self.pools = pools
        self.root = root
        places = Places(limit: maxVolumes)
    }

    /// Whether the start-up pass is through.
    public var isReady: Bool { ready.load(ordering: .acquiring) }

    /// What the start-up pass found; nil before it is through.
    public var startUpFindings: StartUpReport? { startUpReport.withLock { $0 } }

    /// The pool of that name, or the first one.
    public func pool(named name: String?) throws(VolumeError) -> any Pool {
        guard let name else { return pools[0] }
        guard let pool = pools.first(where: { $0.name == name }) else {
            throw .noSuchPool(asked: name, known: pools.map(\.name).joined(separator: ", "))
        }
        return pool
    }

    /// A volume that is whole, with its pool. Text that cannot be an id of ours is an unknown volume like any other, and
    /// so is one whose deletion has begun.
    public func find(_ text: String) throws(VolumeError) -> Volume {
        guard let volume = try lookUp(text), volume.record.intent == .ready else { throw .noSuchVolume(text) }
        return volume
    }

    /// A volume in any state; nil for an unknown one.
    func lookUp(_ text: String) throws(VolumeError) -> Volume? {
        guard let id = VolumeID(text) else { return nil }
        return try wherever { pool throws(PoolError) in
            try pool.index.record(id).map { Volume(record: $0, pool: pool) }
        }
    }

    /// What one of the pools has. A record that cannot be used blocks its id only where no pool has a whole one: an id comes
    /// of its pool's UUID, so a copy of the record that strayed into another pool is not the volume's.
    func wherever<Value>(_ look: (any Pool) throws(PoolError) -> Value?) throws(VolumeError) -> Value? {
        var damage: PoolError?
        for pool in pools {
            do throws(PoolError) {
                if let value = try look(pool) { return value }
            } catch {
                damage = damage ?? error
            }
        }
        if let damage { throw .pool(damage) }
        return nil
    }
}

/// A volume's record and the pool that it lies in.
public struct Volume: Sendable {
    public let record: VolumeRecord
    public let pool: any Pool

    public var id: VolumeID { record.id }

    /// The StorageClass parameters. They were checked when the volume was made.
    func parameters() throws(VolumeError) -> VolumeParameters { try VolumeParameters(record.parameters) }

    /// Refuses a client that means a former volume of the same name.
    public func requireIncarnation(_ incarnation: String?) throws(VolumeError) {
        if let incarnation, incarnation != record.incarnation { throw .otherIncarnation(volume: id) }
    }

    /// Refuses another way of use than the volume was made for.
    public func requireAccess(_ access: RequestedAccess) throws(VolumeError) {
        switch (access, record.access) {
        case (.block, .block), (.mount(filesystem: nil), .mount): return
        case (.mount(let wanted?), .mount(let has)) where wanted == has: return
        default: throw .invalid("volume \(id) is \(record.access) and cannot be used as \(access)")
        }
    }
}

/// How a client wants to use a volume: `nil` is whatever filesystem it has.
public enum RequestedAccess: Sendable, Equatable, CustomStringConvertible {
    case mount(filesystem: String?)
    case block

    public var description: String {
        switch self {
        case .mount(let filesystem): "a mounted \(filesystem.map { "\($0) " } ?? "")filesystem"
        case .block: "a raw block device"
        }
    }
}
