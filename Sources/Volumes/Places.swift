internal import Pools
internal import Synchronization

/// How many volumes the node may have staged (`--max-volumes`), and which of them are being staged just now.
final class Places: Sendable {
    /// 0 is no limit.
    let limit: Int64
    /// The volumes that are being staged.
    private let staging = Mutex<Set<VolumeID>>([])
    /// The volumes whose attachments are being recorded.
    private let attaching = Mutex<Set<VolumeID>>([])

    init(limit: Int64) { self.limit = limit }

    /// Sets a place aside for a volume that is being staged, if with those that `staged` gives there is one left. The volume's
    /// claim lets nobody stage it twice at a time.
    fileprivate func beginStaging(_ id: VolumeID, _ staged: () -> [VolumeID]) -> Bool {
        staging.withLock { staging in
            let others = staging.union(staged()).subtracting([id])
            guard others.count < limit else { return false }
            staging.insert(id)
            return true
        }
    }

    fileprivate func endStaging(_ id: VolumeID) { staging.withLock { _ = $0.remove(id) } }

    /// Sets a place aside for an attachment, if with those that `attached` gives there is one left.
    fileprivate func beginAttaching(_ id: VolumeID, _ attached: () -> [VolumeID]) -> Bool {
        attaching.withLock { attaching in
            guard attaching.union(attached()).subtracting([id]).count < limit else { return false }
            attaching.insert(id)
            return true
        }
    }

    fileprivate func endAttaching(_ id: VolumeID) { attaching.withLock { _ = $0.remove(id) } }
}

extension Storage {
    /// Runs the staging of a volume if the node has a place for it. One that has a device already takes no other.
    func withPlace<Value>(
        for volume: Volume, _ body: () throws(VolumeError) -> Value
    ) throws(VolumeError) -> Value {
        guard places.limit > 0 else { return try body() }
        let isTaken = places.beginStaging(volume.id) { pools.flatMap { $0.attachedVolumes() } }
        defer { places.endStaging(volume.id) }
        if !isTaken {
            let isStaged = try pooling(volume.pool.attached(volume.record)) != nil
            guard isStaged else { throw .tooManyVolumes(limit: places.limit) }
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
