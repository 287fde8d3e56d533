internal import Devices
internal import Glibc
internal import JSON
internal import Syscalls

extension FilePool {
    func recover() throws(PoolError) -> [String] {
        var reports: [String] = []
        // What was begun comes first, so that it is not taken for what is. One volume's trouble is told of and stays its
        // own.
        let begun = try names()
        for name in begun {
            do throws(SystemError) {
                if let report = try endWhatWasBegun(name, beside: begun) { reports.append(report) }
            } catch {
                reports.append("what was begun with \(records.path)/\(name) could not be ended: \(error)")
            }
        }
        let left = try names()
        for name in left {
            if let id = id(name, RecordFolder.suffix) {
                if let report = read(id) { reports.append(report) }
            } else if name.hasSuffix(RecordFolder.suffix) {
                reports.append("the file \(records.path)/\(name) is not named as a record is; it is left alone")
            }
        }
        for name in left {
            guard let id = id(name, Self.imageSuffix), !left.contains(recordName(id)) else { continue }
            reports.append(contentsOf: lookAtImage(of: id))
        }
        do throws(SystemError) {
            try records.fillReserve()
        } catch {
            reports.append("the pool '\(name)' is too full to set room aside for its records: \(error)")
        }
        try findAttachedVolumes()
        return reports
    }

    private func names() throws(PoolError) -> [String] {
        do throws(SystemError) { return try records.names() } catch { throw .system(error) }
    }

    /// The volume whose id stands before a suffix in a file's name.
    private func id(_ name: String, _ suffix: String) -> VolumeID? {
        name.hasSuffix(suffix) ? VolumeID(String(name.dropLast(suffix.count))) : nil
    }

    /// Undoes a creation and finishes a deletion that were cut off, and drops half a replacement.
    private func endWhatWasBegun(_ name: String, beside names: [String]) throws(SystemError) -> String? {
        if let id = id(name, RecordFolder.suffix + RecordFolder.temporarySuffix) {
            // The image of a cut-off creation was never attached. One that holds data is no such image, whatever its
            // name says: its record went another way.
            let isCreation = !names.contains(recordName(id))
            if isCreation && names.contains(imageName(id)) {
                if try imageHoldsData(id) {
                    return "the image \(imagePath(id)) holds data and has only a prepared record beside it; "
                        + "both are kept and not served: restore its record from a backup"
                }
                try Files.unlink(imageName(id), in: records.folder)
            }
            records.withdraw(recordName(id))
        } else if let id = id(name, Self.deletedSuffix) {
            if names.contains(recordName(id)) {
                // The volume was made again since, and a power cut brought the note of the old deletion back.
                try Files.unlink(name, in: records.folder)
            } else {
                try finishDeletion(of: id)
            }
        }
        return nil
    }

    private func imageHoldsData(_ id: VolumeID) throws(SystemError) -> Bool {
        let image = try Files.open(imageName(id), in: records.folder, O_RDONLY | O_NOFOLLOW)
        return try Files.firstData(image, imagePath(id)) != nil
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
    private func lookAtImage(of id: VolumeID) -> [String] {
        do throws(SystemError) {
            if try imageHoldsData(id) {
                return [
                    "the image \(imagePath(id)) has no record; it is kept and not served: restore its record from a backup"
                ]
            }
            try Files.unlink(imageName(id), in: records.folder)
            return []
        } catch {
            return ["the image \(imagePath(id)) has no record and could not be looked at: \(error)"]
        }
    }
}
