internal import Devices
public import Pools
internal import Syscalls

/// How a pool fares.
public struct PoolSight: Sendable {
    public let pool: any Pool
    /// nil where the pool does not answer.
    public let room: PoolRoom?
    /// Bytes that thin volumes, and thick ones, can still have; nil where that is not known.
    public let available: (thin: Int64, thick: Int64)?
    /// Bytes promised to volumes and snapshots.
    public let committed: Int64
    public let volumes: (ready: Int, ending: Int, damaged: Int)
    public let snapshots: Int
    /// A sentence each.
    public let troubles: [String]
}

extension Storage {
    /// All pools, in their order. Those that do not answer hold the first who asks for a moment, all of them together, and
    /// nobody else.
    public func poolSights() -> [PoolSight] {
        let limit = Moment.after(seconds: Self.glance)
        return pools.map { sight(of: $0, patience: max(Self.laterGlance, -limit.age)) }
    }

    /// Seconds that are given to each pool after one has used up all patience.
    private static let laterGlance = 0.05

    private func sight(of pool: any Pool, patience: Double) -> PoolSight {
        do throws(VolumeError) {
            let outcome = try looks.run("the room of pool \(pool.name)", patience: patience) {
                () throws(VolumeError) in
                let (thin, thick) = (try pooling(pool.capacity(.thin)), try pooling(pool.capacity(.thick)))
                return Measure(room: try pooling(pool.room()), thin: thin.available, thick: thick.available)
            }
            switch outcome {
            case .value(let measure): return sight(of: pool, measure, [])
            case .late(let seconds): return sight(of: pool, nil, [pool.silence(seconds)])
            }
        } catch {
            return sight(of: pool, nil, ["\(error)"])
        }
    }

    private struct Measure: Sendable {
        let room: PoolRoom
        let thin: Int64
        let thick: Int64
    }

    private func sight(of pool: any Pool, _ measure: Measure?, _ failures: [String]) -> PoolSight {
        var troubles = failures
        if measure?.room.isReadOnly == true {
            troubles.append("\(pool.path) lies on a read-only filesystem; mount that read-write")
        }
        if let measure, measure.room.free < Self.littleRoom {
            troubles.append("\(pool.path) has \(measure.room.free) bytes left; make room, or writes will fail")
        }
        let counts = pool.index.counts
        if counts.damaged > 0 {
            troubles.append("\(counts.damaged) of its records cannot be used; restore them from a backup")
        }
        return PoolSight(
            pool: pool, room: measure?.room, available: measure.map { ($0.thin, $0.thick) },
            committed: pool.index.given + (pool.snapshots?.index.given ?? 0), volumes: counts,
            snapshots: pool.snapshots?.index.count ?? 0, troubles: troubles)
    }

    /// Bytes of room below which thin volumes may meet the end of it at any moment.
    private static let littleRoom: Int64 = 16 << 20

    /// How many devices of volumes are attached, pool by pool, and how many mounts volumes have. It asks the kernel alone.
    public func uses() throws(VolumeError) -> (attached: [(pool: String, devices: Int)], mounts: Int) {
        var attached: [(pool: String, devices: Int)] = []
        for pool in pools { attached.append((pool.name, pool.attachedVolumes().count)) }
        let points = Set(mountPoints.volumes.values.joined())
        let mounts = try mountTable().filter { points.contains($0.point) }
        return (attached, mounts.count { $0.blockDevice?.major == LoopDevice.major || $0.root.hasPrefix("/loop") })
    }
}
