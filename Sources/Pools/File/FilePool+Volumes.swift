internal import Devices
internal import Glibc
internal import JSON
internal import Syscalls

extension FilePool {
    func create(_ record: VolumeRecord, from content: Content?, _ control: CopyControl) throws(PoolError) {
        try promise(record.size)
        do throws(PoolError) {
            let id = record.id.text
            try requireRoom(for: record)
            try volumes.make(id, record.json, copies: content != nil) {
                (image: borrowing Descriptor, path: String) throws(PoolError) in
                try fill(image, path, record, content, control)
            }
        } catch {
            index.settle(record.size)
            throw error
        }
        index.put(record, settling: record.size)
    }

    /// Sets bytes aside within the overcommit limit.
    func promise(_ bytes: Int64) throws(PoolError) {
        let snapshots = fileSnapshots.index
        let limit = try overcommit.limit(records)
        guard overcommit.promise(bytes, in: index, besides: { snapshots.given }, limit: limit) else {
            throw overcommit.refusal(pool: name, bytes: bytes, given: index.given + snapshots.given)
        }
    }

    private func requireRoom(for record: VolumeRecord) throws(PoolError) {
        guard record.provisioning == .thick else { return }
        let usage = try kernel(FilesystemUsage.of(records.folder, path))
        if record.size > usage.available {
            throw .outOfSpace(
                pool: name, reason: "\(record.size) bytes are to be allocated, and \(usage.available) are there")
        }
    }

    private func fill(
        _ image: borrowing Descriptor, _ path: String, _ record: VolumeRecord, _ content: Content?,
        _ control: CopyControl
    ) throws(PoolError) {
        do throws(PoolError) {
            if record.provisioning == .thick {
                // Where a filesystem writes elsewhere instead of over what is there, an allocation would not last.
                try kernel(Files.stopCopyOnWrite(image, path))
            }
            if let content {
                let way: CopyWay = record.provisioning == .thin ? .sharedIfPossible : .copied
                try ImageCopy(pool: name, content: content, way: way, control: control).fill(image, path)
            }
            if record.provisioning == .thick { try kernel(Files.allocate(image, path, bytes: record.size)) }
            try kernel(Files.resize(image, path, to: record.size))
        } catch {
            if case .system(let cause) = error, cause.code == EFBIG { throw .tooLarge(pool: name, bytes: record.size) }
            throw error
        }
    }

    func content(_ record: VolumeRecord) throws(PoolError) -> Content {
        let image = try volumes.open(record.id.text, O_RDONLY)
        let status = try wholeStatus(image, record)
        let written = try writtenBytes(image, record, status)
        return Content(
            // While it grows the device may show any size up to the one that is noted.
            file: image, name: volumes.owner(record.id.text), bytes: min(status.size, record.size),
            allocated: written,
            mayShare: record.provisioning == .thin)
    }

    /// What a copy of a volume takes: of a thick one, what has been written of what is allocated.
    private func writtenBytes(
        _ image: borrowing Descriptor, _ record: VolumeRecord, _ status: FileStatus
    ) throws(PoolError) -> Int64 {
        guard record.provisioning == .thick else { return status.allocated }
        let path = volumes.imagePath(record.id.text)
        var (bytes, position): (Int64, Int64) = (0, 0)
        while let data = try kernel(Files.firstData(image, path, from: position)) {
            position = try kernel(Files.firstHole(image, path, from: data))
            bytes += position - data
        }
        return bytes
    }

    func delete(_ id: VolumeID) throws(PoolError) {
        guard var record = try index.record(id) else { return }
        try volumes.requireFile(id.text)
        if record.intent == .ready {
            try kernel(volumes.noteDeletion(of: id.text))
            record.intent = .deleting
            index.put(record)
        }
        try kernel(volumes.finishDeletion(of: id.text))
        // A note that could not be removed after its thaw would name a volume that is gone.
        forgetFreeze(id)
        index.remove(id)
        attachedAt.withLock { _ = $0.removeValue(forKey: id) }
    }

    func update(_ record: VolumeRecord) throws(PoolError) {
        try write(record)
        index.put(record)
    }

    func write(_ record: VolumeRecord) throws(PoolError) {
        do throws(SystemError) {
            try records.write(volumes.recordName(record.id.text), record.json, mayUseReserve: true)
        } catch {
            throw volumes.failure(error)
        }
    }

    func room() throws(PoolError) -> PoolRoom {
        let usage = try kernel(FilesystemUsage.of(records.folder, path))
        return PoolRoom(total: usage.total, free: max(0, usage.available), isReadOnly: usage.isReadOnly)
    }

    func capacity(_ provisioning: Provisioning) throws(PoolError) -> PoolCapacity {
        let usage = try kernel(FilesystemUsage.of(records.folder, path))
        let room = max(0, usage.available)
        if provisioning == .thick { return PoolCapacity(available: room, maximumVolume: min(room, Self.largestFile)) }
        guard overcommit.ratio != nil else { return PoolCapacity(available: room, maximumVolume: Self.largestFile) }
        let left = max(0, try commitmentLimit() - index.committed)
        return PoolCapacity(available: left, maximumVolume: min(left, Self.largestFile))
    }

    /// The largest file of ext4 with 4 KiB blocks (ext4(5)), the least of the filesystems that a pool lies on.
    private static let largestFile: Int64 = (16 << 40) - 4_096

    /// Bytes that all volumes together may promise.
    private func commitmentLimit() throws(PoolError) -> Int64 {
        try overcommit.limit(records) - fileSnapshots.index.given
    }
}
