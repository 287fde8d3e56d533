public import Pools
internal import Syscalls

/// A group of snapshots that were taken at one moment.
public struct SnapshotGroup: Sendable {
    public let record: GroupRecord
    /// In the order of the record.
    public let snapshots: [Snapshot]
}

extension Storage {
    /// Takes snapshots of several volumes at one moment, or finds the group that an earlier call of the same name has
    /// taken. All of them or none.
    ///
    /// The group's record is what makes its snapshots exist: it is written when all images are whole, and the next start
    /// commits the snapshots of a group that is recorded, and undoes those of one that is not.
    public func createGroup(
        named name: String, of texts: [String], _ parameters: SnapshotParameters, _ control: CopyControl
    ) throws(VolumeError) -> SnapshotGroup {
        let nameClaim = try claims.take("the group named \(name.debugDescription)", for: "CreateVolumeGroupSnapshot")
        if let existing = try existingGroup(named: name, of: texts) { return existing }
        nameClaim.step("taking snapshots of \(texts.count) volumes")
        guard let first = texts.first else { throw .invalid("source_volume_ids is empty") }
        guard Set(texts).count == texts.count else { throw .invalid("source_volume_ids names a volume twice") }
        let home = try find(first).pool
        let id = GroupID(pool: home.identity, name: name)
        let claim = try claims.take("group \(id)", for: "CreateVolumeGroupSnapshot")
        claim.longStep("taking its snapshots")
        // In the order of the ids, so that two groups of the same volumes cannot each hold what the other one needs; and
        // they would not wait, but be told to ask again.
        var cuts: [SnapshotCut] = []
        let created = wallClockNanoseconds()
        for text in texts.sorted() {
            let name = SnapshotCut.ownName("\(id)/\(text)")
            cuts.append(try SnapshotCut(self, text, name: name, group: id, created: created))
        }
        var all: [Int] = []
        for cut in cuts { all.append(copies.add(cut.record.id.text, control)) }
        defer { for copy in all { copies.remove(copy) } }
        try take(cuts, parameters, control)
        let record = GroupRecord(
            id: id, name: name, pool: home.identity,
            snapshots: cuts.map { .init(snapshot: $0.record.id, source: $0.volume.id) },
            created: created)
        do throws(VolumeError) {
            guard let store = home.snapshots else {
                throw .refused(volume: cuts[0].volume.id, reason: "its pool '\(home.name)' has no snapshots")
            }
            for cut in cuts { try pooling(cut.store.settle(cut.record)) }
            try pooling(store.create(record))
        } catch {
            for cut in cuts { cut.store.undo(cut.record) }
            throw error
        }
        try commit(cuts)
        return try group(record)
    }

    /// Has the snapshots of a group that is recorded exist. From here on they do, whatever happens: the next start would do
    /// this too, and so does the next call for what fails now.
    private func commit(_ cuts: [SnapshotCut]) throws(VolumeError) {
        var failed: [SnapshotCut] = []
        for cut in cuts {
            do throws(PoolError) { try cut.store.commit(cut.record) } catch { failed.append(cut) }
        }
        // Nobody is to see half a group for an error that passes.
        var failure: PoolError?
        for cut in failed {
            do throws(PoolError) { try cut.store.commit(cut.record) } catch { failure = failure ?? error }
        }
        if let failure { throw .pool(failure) }
    }

    private func existingGroup(named name: String, of texts: [String]) throws(VolumeError) -> SnapshotGroup? {
        for pool in pools {
            guard let store = pool.snapshots else { continue }
            let id = GroupID(pool: pool.identity, name: name)
            guard try pooling(store.groups.record(id)) != nil else { continue }
            // Not while it is being deleted: what that has still to delete has the ids of what would be made anew.
            let claim = try claims.take("group \(id)", for: "CreateVolumeGroupSnapshot")
            guard let record = try pooling(store.groups.record(id)) else { continue }
            claim.step("looking at the group of that name")
            guard record.isReady else {
                try finishDeletion(of: record, in: store)
                continue
            }
            let sources = Set(record.snapshots.map(\.source.text))
            guard sources == Set(texts) else {
                throw .differs(
                    what: "a group of snapshots named \(name.debugDescription)",
                    difference: "it is of the volumes \(sources.sorted().joined(separator: ", "))")
            }
            for other in pools {
                guard let holder = other.snapshots else { continue }
                for member in holder.undecided where member.group == id { try pooling(holder.commit(member)) }
            }
            let group = try group(record)
            for snapshot in group.snapshots { try requireSameSource(snapshot.record) }
            return group
        }
        return nil
    }

    private func group(_ record: GroupRecord) throws(VolumeError) -> SnapshotGroup {
        var snapshots: [Snapshot] = []
        for member in record.snapshots { snapshots.append(try findSnapshot(member.snapshot.text)) }
        return SnapshotGroup(record: record, snapshots: snapshots)
    }

    /// A group that exists.
    public func findGroup(_ text: String) throws(VolumeError) -> SnapshotGroup {
        guard let (record, _) = try lookUpGroup(text), record.isReady else { throw .noSuchGroup(text) }
        return try group(record)
    }

    func lookUpGroup(_ text: String) throws(VolumeError) -> (GroupRecord, any SnapshotStore)? {
        guard let id = GroupID(text) else { return nil }
        return try wherever { pool throws(PoolError) in
            guard let store = pool.snapshots, let record = try store.groups.record(id) else { return nil }
            return (record, store)
        }
    }

    /// Refuses a list of snapshots that is not the group's.
    public func requireMembers(_ record: GroupRecord, are texts: [String]) throws(VolumeError) {
        let members = Set(record.snapshots.map(\.snapshot.text))
        if Set(texts) != members {
            throw .invalid(
                "snapshot_ids does not name the snapshots of group \(record.id), which are "
                    + members.sorted().joined(separator: ", "))
        }
    }

    /// Deletes a group with its snapshots. An unknown one is deleted already.
    public func deleteGroup(_ text: String, members texts: [String]) throws(VolumeError) {
        guard GroupID(text) != nil else { return }
        let claim = try claims.take("group \(text)", for: "DeleteVolumeGroupSnapshot")
        guard let (record, store) = try lookUpGroup(text) else { return }
        if record.isReady { try requireMembers(record, are: texts) }
        claim.step("deleting the group's snapshots")
        try pooling(store.noteDeletion(record))
        try finishDeletion(of: record, in: store)
    }

    func finishDeletion(of group: GroupRecord, in store: any SnapshotStore) throws(VolumeError) {
        for pool in pools {
            guard let holder = pool.snapshots else { continue }
            for record in holder.undecided where record.group == group.id { holder.undo(record) }
        }
        for member in group.snapshots {
            guard let snapshot = try lookUpSnapshot(member.snapshot.text), snapshot.record.group == group.id else {
                continue
            }
            try pooling(snapshot.store.delete(snapshot.id))
        }
        try pooling(store.forget(group))
    }

    /// Decides on the snapshots that were begun for a group, and finishes groups that were being deleted. Every pool has
    /// been read by now.
    func settleGroups() -> [String] {
        var troubles: [String] = []
        for pool in pools {
            guard let store = pool.snapshots else { continue }
            for record in store.undecided {
                do throws(VolumeError) {
                    let isRecorded =
                        try record.group.flatMap { id throws(VolumeError) in try lookUpGroup(id.text) } != nil
                    if isRecorded { try pooling(store.commit(record)) } else { store.undo(record) }
                } catch {
                    troubles.append("snapshot \(record.id) could not be decided on: \(error)")
                }
            }
        }
        for pool in pools {
            guard let store = pool.snapshots else { continue }
            for group in store.groups.all where !group.isReady {
                do throws(VolumeError) {
                    try finishDeletion(of: group, in: store)
                } catch {
                    troubles.append("the deletion of group \(group.id) could not be finished: \(error)")
                }
            }
        }
        return troubles
    }
}
