internal import Pools
internal import Synchronization

/// How many volumes the node may have staged (`--max-volumes`), and which of them are being staged just now.
final class Places: Sendable {
    /// 0 is no limit.
    let limit: Int64
    private let taking = Mutex<[VolumeID: Int]>([:])
    /// The volumes whose attachments are being recorded.
    private let attaching = Mutex<Set<VolumeID>>([])

    init(limit: Int64) { self.limit = limit }

    fileprivate func begin(_ id: VolumeID) -> Int {
        taking.withLock { taking in
            taking[id, default: 0] += 1
            return taking.keys.count { $0 != id }
        }
    }

    /// Sets a place aside for an attachment, if with those that `attached` gives there is one left.
    fileprivate func beginAttaching(_ id: VolumeID, _ attached: () -> [VolumeID]) -> Bool {
        attaching.withLock { attaching in
            guard attaching.union(attached()).subtracting([id]).count < limit else { return false }
            attaching.insert(id)
            return true
        }
    }

    fileprivate func endAttaching(_ id: VolumeID) { attaching.withLock { _ = $0.remove(id) } }

    fileprivate func end(_ id: VolumeID) {
        taking.withLock { taking in
            taking[id, default: 1] -= 1
            if taking[id] == 0 { taking[id] = nil }
        }
    }
}

extension Storage {
    /// Runs the staging of a volume if the node has a place for it. One that has a device already takes no other.
    func withPlace<Value>(
        for volume: Volume, _ body: () throws(VolumeError) -> Value
    ) throws(VolumeError) -> Value {
        guard places.limit > 0 else { return try body() }
        let others = places.begin(volume.id)
        defer { places.end(volume.id) }
        if try pooling(volume.pool.attached(volume.record)) == nil {
            // Those that are being staged may have their devices already: counting them twice only errs on the safe side.
            var count = Int64(others)
            for pool in pools { count += Int64(try pooling(pool.attachedCount(besides: volume.id))) }
            if count >= places.limit { throw .tooManyVolumes(limit: places.limit) }
        }
        return try body()
    }

    /// Runs the recording of an attachment, if that is within the limit.
    func withAttachmentPlace(for volume: Volume, _ body: () throws(VolumeError) -> Void) throws(VolumeError) {
        guard places.limit > 0 else { return try body() }
        let isTaken = places.beginAttaching(volume.id) {
            pools.flatMap(\.index.all).filter { $0.attachments.contains { $0.node == nodeID } }.map(\.id)
        }
        guard isTaken else { throw .tooManyVolumes(limit: places.limit) }
        defer { places.endAttaching(volume.id) }
        try body()
    }
}
