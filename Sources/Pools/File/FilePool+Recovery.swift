internal import Devices
internal import Glibc
internal import JSON
internal import Syscalls

extension FilePool {
    func recover() throws(PoolError) -> [String] {
        var reports: [String] = []
        do throws(SystemError) {
            let names = try records.names()
            // What was begun comes first, so that it is not taken for what is.
            for name in names { try endWhatWasBegun(name, beside: names) }
            for name in try records.names() {
                if let id = id(name, RecordFolder.suffix) {
                    if let report = read(id) { reports.append(report) }
                } else if name.hasSuffix(RecordFolder.suffix) {
                    reports.append("the file \(records.path)/\(name) is not named as a record is; it is left alone")
                }
            }
            for name in names {
                if let id = id(name, Self.imageSuffix), let report = try lookAtImage(of: id) { reports.append(report) }
            }
        } catch {
            throw .system(error)
        }
        do throws(SystemError) {
            try records.fillReserve()
        } catch {
            reports.append("the pool '\(name)' is too full to set room aside for its records: \(error)")
        }
        try findAttachedVolumes()
        return reports
    }

    /// The volume whose id stands before a suffix in a file's name.
    private func id(_ name: String, _ suffix: String) -> VolumeID? {
        name.hasSuffix(suffix) ? VolumeID(String(name.dropLast(suffix.count))) : nil
    }

    /// Undoes a creation and finishes a deletion that were cut off, and drops half a replacement.
    private func endWhatWasBegun(_ name: String, beside names: [String]) throws(SystemError) {
        if let id = id(name, RecordFolder.suffix + RecordFolder.temporarySuffix) {
            if !names.contains(recordName(id)) { try Files.unlink(imageName(id), in: records.folder) }
            records.withdraw(recordName(id))
        } else if let id = id(name, Self.deletedSuffix) {
            try finishDeletion(of: id)
        }
    }

    /// Brings one record into the index; a damaged one is told of and blocks its volume.
    private func read(_ id: VolumeID) -> String? {
        let path = "\(records.path)/\(recordName(id))"
        do throws(PoolError) {
            let json = try records.read(recordName(id))
            let record: VolumeRecord
            do throws(MalformedRecord) {
                record = try VolumeRecord(json)
            } catch {
                throw .damagedRecord(path: path, reason: error.reason)
            }
            guard record.id == id && record.pool == identity else {
                throw .damagedRecord(
                    path: path,
                    reason: "it belongs to volume \(record.id) of pool \(record.pool), and this is pool \(identity)")
            }
            index.put(record)
            return nil
        } catch {
            index.markDamaged(id, error)
            return "\(error)"
        }
    }

    /// An image that no record speaks of. One that was never written came from a creation that a power cut ended; any
    /// other may be all that is left of somebody's data.
    private func lookAtImage(of id: VolumeID) throws(SystemError) -> String? {
        guard (try? index.record(id)) == .some(.none) else { return nil }
        let path = imagePath(id)
        guard let image = try? Files.open(imageName(id), in: records.folder, O_RDONLY | O_NOFOLLOW) else { return nil }
        if try Files.firstData(image, path) == nil {
            try Files.unlink(imageName(id), in: records.folder)
            return nil
        }
        return "the image \(path) has no record; it is kept and not served: restore its record from a backup"
    }
}
