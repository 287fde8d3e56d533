public import Pools
internal import Syscalls

/// A snapshot's record and the pool that it lies in.
public struct Snapshot: Sendable {
    public let record: SnapshotRecord
    public let pool: any Pool
    let store: any SnapshotStore

    public var id: SnapshotID { record.id }
}

extension Storage {
    /// Takes a snapshot of a volume, or finds the one that an earlier call of the same name has taken.
    ///
    /// Until the image has the volume's content nobody changes the volume: the claim is held and, where it is mounted, its
    /// filesystem is frozen.
    public func createSnapshot(
        named name: String, of text: String, _ parameters: SnapshotParameters, _ control: CopyControl
    ) throws(VolumeError) -> Snapshot {
        let nameClaim = try claims.take("the snapshot named \(name.debugDescription)", for: "CreateSnapshot")
        if let existing = try existingSnapshot(named: name, of: text) { return existing }
        nameClaim.step("taking a snapshot of volume \(text)")
        let cut = try SnapshotCut(self, text, name: name)
        let copy = copies.add(cut.record.id.text, control)
        defer { copies.remove(copy) }
        try take([cut], parameters, control)
        do throws(VolumeError) {
            try pooling(cut.store.settle(cut.record))
            try pooling(cut.store.commit(cut.record))
        } catch {
            cut.store.undo(cut.record)
            throw error
        }
        return Snapshot(record: cut.record, pool: cut.volume.pool, store: cut.store)
    }

    /// By name there is one snapshot on a node.
    private func existingSnapshot(named name: String, of text: String) throws(VolumeError) -> Snapshot? {
        for pool in pools {
            guard let store = pool.snapshots else { continue }
            let id = SnapshotID(pool: pool.identity, name: name)
            guard let record = try pooling(store.index.record(id)) else { continue }
            guard record.isReady else {
                try pooling(store.delete(id))
                continue
            }
            guard record.source.text == text else {
                throw .differs(
                    what: "a snapshot named \(name.debugDescription)", difference: "it is of volume \(record.source)")
            }
            try requireSameSource(record)
            return Snapshot(record: record, pool: pool, store: store)
        }
        return nil
    }

    /// Refuses a snapshot whose volume was deleted and made again since: the client means the new one.
    func requireSameSource(_ record: SnapshotRecord) throws(VolumeError) {
        guard let volume = try lookUp(record.source.text), volume.record.intent == .ready,
            volume.record.incarnation != record.sourceIncarnation
        else { return }
        throw .differs(
            what: "the snapshot \(record.id) named \(record.name.debugDescription)",
            difference: "it is of a former volume \(record.source), which was deleted and made again since")
    }

    /// Deletes a snapshot. An unknown one is deleted already; one that is being made is given up.
    public func deleteSnapshot(_ text: String) throws(VolumeError) {
        guard SnapshotID(text) != nil else { return }
        copies.cancel(text, "the snapshot is being deleted")
        let claim = try claims.take("snapshot \(text)", for: "DeleteSnapshot")
        guard let snapshot = try lookUpSnapshot(text) else { return }
        // A member whose group is gone would otherwise stay for ever.
        if let group = snapshot.record.group, try lookUpGroup(group.text) != nil {
            throw .invalid(
                "snapshot \(snapshot.id) was taken with the group \(group) and goes with it alone; delete the group")
        }
        claim.step("deleting the snapshot")
        try pooling(snapshot.store.delete(snapshot.id))
    }

    /// A snapshot that exists.
    public func findSnapshot(_ text: String) throws(VolumeError) -> Snapshot {
        guard let snapshot = try lookUpSnapshot(text), snapshot.record.isReady else { throw .noSuchSnapshot(text) }
        return snapshot
    }

    /// A snapshot in any state; nil for an unknown one.
    func lookUpSnapshot(_ text: String) throws(VolumeError) -> Snapshot? {
        guard let id = SnapshotID(text) else { return nil }
        return try wherever { pool throws(PoolError) in
            guard let store = pool.snapshots, let record = try store.index.record(id) else { return nil }
            return Snapshot(record: record, pool: pool, store: store)
        }
    }

    /// Opens a snapshot's content.
    func content(of snapshot: Snapshot) throws(VolumeError) -> Content {
        try opening(snapshot) { () throws(PoolError) in try snapshot.store.content(snapshot.record) }
    }

    /// Opens something of a snapshot. One that was deleted since it was found is an unknown one.
    private func opening<Value>(
        _ snapshot: Snapshot, _ open: () throws(PoolError) -> Value
    ) throws(VolumeError) -> Value {
        do throws(PoolError) {
            return try open()
        } catch {
            if case .missingImage = error { _ = try findSnapshot(snapshot.id.text) }
            throw .pool(error)
        }
    }

    /// Reads which blocks of a snapshot hold data or, with a `base`, differ from that earlier snapshot of the same volume.
    public func blocks(of text: String, since base: String?) throws(VolumeError) -> (Snapshot, any BlockReader) {
        let target = try findSnapshot(text)
        let earlier: Snapshot? = if let base { try findSnapshot(base) } else { nil }
        if let earlier { try requireOrder(earlier.record, target.record) }
        let reader = try opening(target) { () throws(PoolError) in
            try target.store.blocks(of: target.record, since: earlier?.record)
        }
        return (target, reader)
    }

    /// Refuses to compare what was not taken of one volume, in that order.
    private func requireOrder(_ earlier: SnapshotRecord, _ target: SnapshotRecord) throws(VolumeError) {
        guard earlier.source == target.source else {
            throw .invalid(
                "snapshot \(earlier.id) is of volume \(earlier.source) and snapshot \(target.id) of volume "
                    + "\(target.source); only snapshots of one volume can be compared")
        }
        guard earlier.sourceIncarnation == target.sourceIncarnation else {
            throw .invalid(
                "volume \(target.source) was deleted and made again between the snapshots \(earlier.id) and "
                    + "\(target.id); only snapshots of one volume can be compared")
        }
        guard earlier.created <= target.created else {
            throw .invalid(
                "snapshot \(earlier.id) was taken after snapshot \(target.id); give the earlier one as the base")
        }
    }

    /// What a reader finds next.
    public func next(
        _ reader: any BlockReader, from offset: Int64, limit: Int
    ) throws(VolumeError) -> BlockStretch {
        try pooling(reader.next(from: offset, limit: limit))
    }
}
