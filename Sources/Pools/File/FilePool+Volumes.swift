internal import Devices
internal import Glibc
internal import JSON
internal import Syscalls

extension FilePool {
    func create(_ record: VolumeRecord) throws(PoolError) {
        let limit = try commitmentLimit()
        guard index.promise(record.size, limit: limit) else {
            throw .outOfSpace(
                pool: name,
                reason: "\(record.size) bytes more would pass the overcommit limit of \(limit) bytes, of which "
                    + "\(index.committed) are given to volumes")
        }
        var madeImage = false
        do throws(PoolError) {
            // An image without a record may be all that is left of somebody's data: never ours to replace or to undo.
            if try imageIdentity(record.id) != nil {
                throw .imageInTheWay(volume: record.id, path: imagePath(record.id))
            }
            try make(record, &madeImage)
        } catch {
            index.settle(record.size)
            // What stood there before is not ours to undo either: a record may just have been restored.
            if madeImage { undoCreation(of: record.id) }
            throw error
        }
        index.put(record, settling: record.size)
    }

    /// The prepared record says what has begun, the image follows, and the record gets its name when both are whole.
    private func make(_ record: VolumeRecord, _ madeImage: inout Bool) throws(PoolError) {
        let path = imagePath(record.id)
        do throws(SystemError) {
            try records.fillReserve()
            let usage = try FilesystemUsage.of(records.folder, self.path)
            if record.provisioning == .thick && record.size > usage.available {
                throw SystemError("allocate \(record.size) bytes in", self.path, code: ENOSPC)
            }
            try records.prepare(recordName(record.id), record.json)
            let image = try Files.open(
                imageName(record.id), in: records.folder, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
            madeImage = true
            if record.provisioning == .thick {
                // Where a filesystem writes elsewhere instead of over what is there, an allocation would not last.
                try Files.stopCopyOnWrite(image, path)
                try Files.allocate(image, path, bytes: record.size)
            }
            try Files.resize(image, path, to: record.size)
            try Files.sync(image, path)
            try records.commit(recordName(record.id))
        } catch {
            if !madeImage { records.withdraw(recordName(record.id)) }
            switch error.code {
            case EEXIST where !madeImage: throw .imageInTheWay(volume: record.id, path: path)
            case EFBIG: throw .tooLarge(pool: name, bytes: record.size)
            default: throw error.isOutOfSpace ? .outOfSpace(pool: name, reason: "\(error)") : .system(error)
            }
        }
    }

    /// Takes back a creation that came to nothing. What cannot be removed now is removed by the next start, by its
    /// prepared record.
    private func undoCreation(of id: VolumeID) {
        do throws(SystemError) {
            try Files.unlink(imageName(id), in: records.folder)
            try records.remove(recordName(id))
            records.withdraw(recordName(id))
        } catch {
            // The error that brought us here is the one to tell.
        }
    }

    func delete(_ id: VolumeID) throws(PoolError) {
        guard var record = try index.record(id) else { return }
        do throws(SystemError) {
            if record.intent == .ready {
                try noteDeletion(of: id)
                record.intent = .deleting
                index.put(record)
            }
            try finishDeletion(of: id)
        } catch {
            throw .system(error)
        }
        index.remove(id)
        attachedAt.withLock { _ = $0.removeValue(forKey: id) }
        // The space is there again for what a full pool had to borrow.
        _ = try? records.fillReserve()
    }

    /// A record that somebody removed behind our back needs no note: the image alone is left to delete.
    private func noteDeletion(of id: VolumeID) throws(SystemError) {
        do throws(SystemError) {
            try records.rename(recordName(id), to: deletedName(id))
        } catch {
            if error.code != ENOENT { throw error }
        }
    }

    /// The image first: a record without an image says what is missing, an image without a record says nothing. Nothing
    /// here has to be flushed: the deletion is noted durably, and the next start would finish it.
    func finishDeletion(of id: VolumeID) throws(SystemError) {
        try Files.unlink(imageName(id), in: records.folder)
        try Files.unlink(deletedName(id), in: records.folder)
    }

    func update(_ record: VolumeRecord) throws(PoolError) {
        do throws(SystemError) {
            try records.write(recordName(record.id), record.json, mayUseReserve: true)
        } catch {
            throw error.isOutOfSpace ? .outOfSpace(pool: name, reason: "\(error)") : .system(error)
        }
        index.put(record)
    }

    func capacity(_ provisioning: Provisioning) throws(PoolError) -> PoolCapacity {
        let usage: FilesystemUsage
        do throws(SystemError) {
            usage = try FilesystemUsage.of(records.folder, path)
        } catch {
            throw .system(error)
        }
        let room = max(0, usage.available)
        if provisioning == .thick { return PoolCapacity(available: room, maximumVolume: min(room, Self.largestFile)) }
        guard overcommit != nil else { return PoolCapacity(available: room, maximumVolume: Self.largestFile) }
        let left = max(0, try commitmentLimit() - index.committed)
        return PoolCapacity(available: left, maximumVolume: min(left, Self.largestFile))
    }

    /// The largest file of ext4 with 4 KiB blocks (ext4(5)), the least of the filesystems that a pool lies on.
    private static let largestFile: Int64 = (16 << 40) - 4_096

    /// Bytes that all volumes together may promise.
    private func commitmentLimit() throws(PoolError) -> Int64 {
        guard let overcommit else { return .max }
        do throws(SystemError) {
            let total = try FilesystemUsage.of(records.folder, path).total
            return Int64(exactly: (Double(total) * overcommit).rounded(.down)) ?? .max
        } catch {
            throw .system(error)
        }
    }
}
