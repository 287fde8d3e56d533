public import Devices
internal import Mounts
public import Pools
internal import Syscalls

/// Which volumes are to be told of.
public struct InventoryQuery: Sendable {
    /// From the first one behind that id on.
    public var after: VolumeID?
    public var limit: Int
    /// That volume alone.
    public var only: VolumeID?
    /// Those of the pool of that name alone.
    public var pool: String?
    /// Those alone that have a device or a mount on this node.
    public var inUse: Bool

    public init(
        after: VolumeID? = nil, limit: Int, only: VolumeID? = nil, pool: String? = nil, inUse: Bool = false
    ) {
        self.after = after
        self.limit = limit
        self.only = only
        self.pool = pool
        self.inUse = inUse
    }
}

/// A mount of a volume in the kernel's table.
public struct SeenMount: Sendable {
    public let path: String
    public let isReadOnly: Bool
    /// nil where this process has not been called for it yet.
    public let role: MountRole?
    public let id: UInt64
}

/// A volume: its record, and what the kernel has of it now.
public struct SeenVolume: Sendable {
    public let id: VolumeID
    public let pool: any Pool
    /// nil for one that cannot be used; the troubles say why.
    public let record: VolumeRecord?
    public fileprivate(set) var device: SeenDevice?
    public fileprivate(set) var mounts: [SeenMount] = []
    public fileprivate(set) var troubles: [String] = []
    /// Why there may be more troubles than those.
    public fileprivate(set) var notObserved: String?
}

extension Storage {
    /// Seconds that those who only want to be told wait for a pool that does not answer, and only the first of them.
    static let glance = 1.0

    /// Volumes in the order of their ids, whatever their state, and whether there are more.
    ///
    /// Devices come from sysfs and mounts from the kernel's table, which no volume can hold up. Troubles are those that can be
    /// seen from beneath a volume and in the table; `condition` looks closer, and may have to wait for the volume.
    public func inventory(_ query: InventoryQuery) throws(VolumeError) -> (volumes: [SeenVolume], hasMore: Bool) {
        let chosen = try query.pool.map { name throws(VolumeError) in [try pool(named: name)] } ?? pools
        let table = MountsByDevice(try mountTable())
        var found: [SeenVolume] = []
        for pool in chosen { found += candidates(query, in: pool, table) }
        found.sort { $0.id < $1.id }
        var volumes = Array(found.prefix(query.limit))
        for index in volumes.indices { see(&volumes[index], table) }
        for pool in chosen { try addTroubles(to: &volumes, of: pool) }
        return (volumes, found.count > query.limit)
    }

    /// One more than is asked for, to tell whether there is a next page.
    private func candidates(_ query: InventoryQuery, in pool: any Pool, _ table: MountsByDevice) -> [SeenVolume] {
        let used = query.inUse ? inUse(in: pool, table) : []
        func isAsked(_ id: VolumeID) -> Bool {
            (query.only == nil || query.only == id) && (!query.inUse || used.contains(id))
        }
        let damaged = pool.index.damaged
        // A volume with a damaged record may have a good one in memory, which is not used either.
        var records: [VolumeRecord]
        if let only = query.only {
            records = ((try? pool.index.record(only)) ?? nil).map { [$0] } ?? []
        } else {
            records = pool.index.page(after: query.after, limit: query.limit + 1, evenEnding: true) { isAsked($0.id) }
        }
        records.removeAll { damaged[$0.id] != nil || !isAsked($0.id) }
        let broken = damaged.filter { id, _ in isAsked(id) && query.after.map { $0 < id } != false }
        return records.map { SeenVolume(id: $0.id, pool: pool, record: $0) }
            + broken.map { SeenVolume(id: $0.key, pool: pool, record: nil, troubles: ["\($0.value)"]) }
    }

    /// The volumes of a pool that have a device or a mount.
    private func inUse(in pool: any Pool, _ table: MountsByDevice) -> Set<VolumeID> {
        let mounted = mountPoints.volumes.filter { $0.value.contains { table.isOnLoop($0) } }.keys
        return Set(pool.attachedVolumes()).union(mounted)
    }

    private func see(_ volume: inout SeenVolume, _ table: MountsByDevice) {
        volume.device = volume.pool.seenDevice(of: volume.id)
        let noted = mountPoints.of(volume.id)
        let mounts = table.of(volume.device, orAt: noted)
        volume.mounts = mounts.map {
            SeenMount(
                path: $0.point, isReadOnly: $0.isReadOnly, role: mountPoints.role(of: volume.id, at: $0.point),
                id: $0.id)
        }
        volume.troubles += mounts.filter(\.isFilesystemReadOnly).prefix(1).map { $0.stopAdvice(at: $0.point) }
        if volume.device == nil {
            volume.troubles += mounts.map {
                "the device at \($0.point) is not attached to the volume's image any more; unpublish and unstage the volume"
            }
        }
    }

    private func addTroubles(to volumes: inout [SeenVolume], of pool: any Pool) throws(VolumeError) {
        let indices = volumes.indices.filter {
            volumes[$0].pool.identity == pool.identity && volumes[$0].record?.intent == .ready
        }
        let records = indices.compactMap { volumes[$0].record }
        if records.isEmpty { return }
        switch try look(at: records, in: pool, patience: Self.glance) {
        case .value(let conditions):
            for (index, condition) in zip(indices, conditions) { volumes[index].troubles += condition.troubles }
        case .late(let seconds):
            for index in indices { volumes[index].notObserved = pool.silence(seconds) }
        }
    }
}

extension Pool {
    /// Says that the pool, or one of the volumes that were looked at with it, does not answer.
    func silence(_ seconds: Int) -> String {
        "the pool '\(name)' at \(path) has not answered for \(seconds) s; look for a hung device beneath it"
    }
}

/// The kernel's mount table by what is mounted.
private struct MountsByDevice {
    private var filesystems: [DeviceNumber: [Mount]] = [:]
    /// Mounted device nodes, by their path.
    private var nodes: [String: [Mount]] = [:]
    private var loops: [String: [Mount]] = [:]

    init(_ table: [Mount]) {
        for mount in table {
            if mount.filesystem == "devtmpfs" {
                nodes["/dev\(mount.root)", default: []].append(mount)
                if mount.root.hasPrefix("/loop") { loops[mount.point, default: []].append(mount) }
            } else if let device = mount.blockDevice {
                filesystems[device, default: []].append(mount)
                if device.major == LoopDevice.major { loops[mount.point, default: []].append(mount) }
            }
        }
    }

    /// Whether a loop device, or its node, is mounted at a path.
    func isOnLoop(_ path: String) -> Bool { loops[path] != nil }

    /// The mounts of a device. Where the volume has none any more: those of any loop device at the paths where it was.
    func of(_ device: SeenDevice?, orAt paths: [String]) -> [Mount] {
        guard let device else { return paths.flatMap { loops[$0] ?? [] } }
        return (filesystems[device.number] ?? []) + (nodes[device.path] ?? [])
    }
}
