internal import Pools
internal import Syscalls

/// What a new volume is copied from.
private struct Original {
    let access: VolumeAccess
    let format: FormatState
    /// Bytes.
    let size: Int64
    /// Bytes that its filesystem has for sure.
    let assuredSize: Int64
}

extension Storage {
    /// Makes a volume with the content of a snapshot, or of another volume as it is now.
    func copy(
        _ source: ContentSource, to pool: any Pool, _ id: VolumeID, _ order: CreateOrder, _ control: CopyControl
    ) throws(VolumeError) -> VolumeRecord {
        let number = copies.add(id.text, control)
        defer { copies.remove(number) }
        switch source {
        case .snapshot(let snapshotID):
            // A snapshot does not change, so it is not claimed: several volumes can be made from it at a time, and it can
            // be deleted as soon as its image is open.
            let snapshot = try findSnapshot(snapshotID.text)
            let original = Original(
                access: snapshot.record.access, format: snapshot.record.format, size: snapshot.record.size,
                assuredSize: snapshot.record.assuredSize)
            let record = try self.record(of: original, pool, id, order)
            let content = try content(of: snapshot)
            try pooling(pool.create(record, from: original.isBlank ? nil : content, control))
            return record
        case .volume(let sourceID):
            return try copy(volume: sourceID, to: pool, id, order, control)
        }
    }

    /// A volume that may be written meanwhile is copied by way of a snapshot, which is gone when this returns; where none
    /// can be taken, while nobody uses the volume.
    private func copy(
        volume sourceID: VolumeID, to pool: any Pool, _ id: VolumeID, _ order: CreateOrder, _ control: CopyControl
    ) throws(VolumeError) -> VolumeRecord {
        let cut = try SnapshotCut(self, sourceID.text, name: SnapshotCut.ownName("copy/\(id)"), isPassing: true)
        let (volume, snapshot, store) = (cut.volume, cut.record, cut.store)
        let original = Original(
            access: snapshot.access, format: snapshot.format, size: snapshot.size,
            assuredSize: snapshot.assuredSize)
        let record = try self.record(of: original, pool, id, order)
        cut.claim.longStep("copying it to volume \(id)")
        let isInUse = try isInUse(volume)
        if original.isBlank || !isInUse {
            try pooling(pool.create(record, from: original.isBlank ? nil : cut.content, control))
            return record
        }
        try take([consume cut], try SnapshotParameters([:]), control)
        defer { store.undo(snapshot) }
        // The volume may go on with its life: what is copied does not change any more.
        let content = try pooling(store.content(snapshot))
        try pooling(pool.create(record, from: content, control))
        return record
    }

    private func isInUse(_ volume: Volume) throws(VolumeError) -> Bool {
        if try pooling(volume.pool.attached(volume.record)) != nil { return true }
        return try !holders(of: volume.id, besides: nil).isEmpty
    }

    /// The record of the copy: as large as its original at the least, used in the same way.
    private func record(
        of original: Original, _ pool: any Pool, _ id: VolumeID, _ order: CreateOrder
    ) throws(VolumeError) -> VolumeRecord {
        let access = try Self.access(of: order, from: original.access)
        guard access == original.access else {
            throw .invalid("the source is \(original.access), so its copy cannot be \(access)")
        }
        if order.required > 0 && order.required < original.size {
            throw .outOfRange(
                "the source has \(original.size) bytes, so its copy cannot have \(order.required); ask for that much at the "
                    + "least")
        }
        let growing = order.required > original.size && !original.isBlank ? Self.smallestGrownSize(access) : 0
        let minimum = max(original.size, growing)
        let size = try Self.size(of: order, access, standard: original.size, minimum: minimum)
        let grows = size > original.assuredSize && !original.isBlank && access != .block
        return newRecord(
            id, pool, order, access: access, size: size, format: original.format.ofCopy,
            growsFrom: grows ? original.assuredSize : nil)
    }
}

extension Original {
    /// Whether there is nothing in it to copy: a filesystem that was never made, or never mounted.
    fileprivate var isBlank: Bool { access != .block && format.isNeverMounted }
}

extension VolumeAccess {
    /// The filesystem's type; nil for a raw block device.
    var filesystem: String? {
        switch self {
        case .mount(let filesystem): filesystem
        case .block: nil
        }
    }
}
