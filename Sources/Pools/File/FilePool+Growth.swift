internal import Devices
internal import Glibc
internal import JSON
internal import Syscalls

extension FilePool {
    func grow(_ record: VolumeRecord, to size: Int64) throws(PoolError) -> VolumeRecord {
        let image = try volumes.open(record.id.text, O_RDWR)
        _ = try wholeStatus(image, record)
        try promise(size - record.size)
        var grown = record
        grown.size = size
        grown.growsFrom = record.assuredSize
        do throws(PoolError) {
            // The space first: a pool that has not enough of it has then changed nothing that counts.
            if record.provisioning == .thick { try allocate(image, record, size) }
            try write(grown)
        } catch {
            index.settle(size - record.size)
            throw error
        }
        index.put(grown, settling: size - record.size)
        do throws(PoolError) {
            try finishGrowing(grown)
        } catch {
            try takeBack(grown, to: record)
            throw error
        }
        return grown
    }

    /// Has a volume keep the record that it had when its image could not follow the new one: no later try would succeed
    /// either, and every stage is such a try. One whose image did follow is finished by the next.
    private func takeBack(_ grown: VolumeRecord, to record: VolumeRecord) throws(PoolError) {
        let image = try volumes.open(record.id.text, O_RDWR)
        let path = volumes.imagePath(record.id.text)
        guard try kernel(FileStatus.of(image, path)).size < grown.size else { return }
        // Sets free what was allocated behind its end.
        _ = try? Files.resize(image, path, to: try FileStatus.of(image, path).size)
        try write(record)
        index.put(record)
    }

    /// Gives back what a grow that was cut off has allocated behind the end of a thick volume's image.
    func trimBehindEnd(_ record: VolumeRecord) throws(PoolError) {
        guard record.provisioning == .thick && record.growsFrom == nil else { return }
        let path = volumes.imagePath(record.id.text)
        let image = try volumes.open(record.id.text, O_RDWR)
        let status = try kernel(FileStatus.of(image, path))
        guard status.size == record.size && status.allocated > record.size + Self.metadataRoom else { return }
        try kernel(Files.resize(image, path, to: status.size))
    }

    /// Bytes that a filesystem may count beside a file's own.
    private static let metadataRoom: Int64 = 1 << 20

    /// The file keeps its length, so that a device that is attached meanwhile shows no more than the record says.
    private func allocate(
        _ image: borrowing Descriptor, _ record: VolumeRecord, _ size: Int64
    ) throws(PoolError) {
        let path = volumes.imagePath(record.id.text)
        do throws(SystemError) {
            let usage = try FilesystemUsage.of(records.folder, self.path)
            guard size - record.size <= usage.available else {
                throw SystemError("allocate \(size - record.size) bytes for", path, code: ENOSPC)
            }
            try Files.allocateBeyondEnd(image, path, from: record.size, bytes: size - record.size)
        } catch {
            // What was allocated behind the end, if anything, goes by setting the length that the file has.
            _ = try? Files.resize(image, path, to: try FileStatus.of(image, path).size)
            if error.code == EFBIG { throw .tooLarge(pool: name, bytes: size) }
            throw volumes.failure(error)
        }
    }

    func finishGrowing(_ record: VolumeRecord) throws(PoolError) {
        guard record.growsFrom != nil else { return }
        let path = volumes.imagePath(record.id.text)
        let image = try volumes.open(record.id.text, O_RDWR)
        let status = try wholeStatus(image, record)
        if status.size < record.size {
            do throws(SystemError) {
                if record.provisioning == .thick {
                    try Files.allocateBeyondEnd(image, path, from: status.size, bytes: record.size - status.size)
                }
                try Files.resize(image, path, to: record.size)
                try Files.sync(image, path)
            } catch {
                if error.code == EFBIG { throw .tooLarge(pool: name, bytes: record.size) }
                throw volumes.failure(error)
            }
        }
        guard let attached = try attached(record), attached.device.size < record.size else { return }
        try onDevice(LoopDevice.followBackingFile(attached.device))
    }
}
