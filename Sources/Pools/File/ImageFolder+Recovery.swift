internal import Glibc
internal import JSON
internal import Syscalls

/// What a look at a folder of images found.
struct ImageFolderFindings {
    /// The ids of whole records, to be read.
    var records: [String] = []
    /// What is being made and was kept, for the caller to decide.
    var undecided: [String] = []
    /// What could not be decided, a sentence each.
    var reports: [String] = []
}

extension ImageFolder {
    /// Ends what a kill or a power cut has left: deletions are finished, makings are undone, but those that `decides`
    /// says another record decides on. One image's trouble is told of and stays its own.
    func recover(
        isID: (String) -> Bool, decidedElsewhere: (JSON) -> Bool = { _ in false }
    ) throws(PoolError) -> ImageFolderFindings {
        var findings = ImageFolderFindings()
        // What was begun comes first, so that it is not taken for what is.
        let begun = try names()
        for name in begun {
            do throws(SystemError) {
                if let id = id(name, Self.makingSuffix, isID) {
                    if isUndecided(id, decidedElsewhere) {
                        findings.undecided.append(id)
                    } else {
                        try endMaking(of: id, beside: begun)
                    }
                } else if let id = id(name, RecordFolder.suffix + RecordFolder.temporarySuffix, isID) {
                    if let report = try endChange(of: id, beside: begun) { findings.reports.append(report) }
                } else if let id = id(name, Self.deletedSuffix, isID) {
                    try endDeletion(of: id, beside: begun)
                }
            } catch {
                findings.reports.append("what was begun with \(records.path)/\(name) could not be ended: \(error)")
            }
        }
        let left = try names()
        for name in left {
            if let id = id(name, RecordFolder.suffix, isID) {
                findings.records.append(id)
            } else if name.hasSuffix(RecordFolder.suffix) {
                findings.reports.append(
                    "the file \(records.path)/\(name) is not named as a record is; it is left alone")
            }
        }
        for name in left {
            guard let id = id(name, Self.imageSuffix, isID), !left.contains(recordName(id)),
                !findings.undecided.contains(id)
            else { continue }
            if let report = lookAtOrphan(id) { findings.reports.append(report) }
        }
        return findings
    }

    private func names() throws(PoolError) -> [String] {
        do throws(SystemError) { return try records.names() } catch { throw .system(error) }
    }

    /// The id that stands before a suffix in a file's name.
    private func id(_ name: String, _ suffix: String, _ isID: (String) -> Bool) -> String? {
        guard name.hasSuffix(suffix) else { return nil }
        let id = String(name.dropLast(suffix.count))
        return isID(id) ? id : nil
    }

    private func isUndecided(_ id: String, _ decidedElsewhere: (JSON) -> Bool) -> Bool {
        guard let json = try? records.read(makingName(id)) else { return false }
        return decidedElsewhere(json)
    }

    /// The note was there before the image, and goes after it. Where a record stands beside it, a power cut has brought the
    /// note back.
    private func endMaking(of id: String, beside names: [String]) throws(SystemError) {
        if !names.contains(recordName(id)) { try Files.unlink(imageName(id), in: records.folder) }
        try Files.unlink(makingName(id), in: records.folder)
    }

    /// A change that was not yet in force is dropped. Beside an image with data and without a record it is all that tells
    /// of that data.
    private func endChange(of id: String, beside names: [String]) throws(SystemError) -> String? {
        if !names.contains(recordName(id)), names.contains(imageName(id)), try holdsData(id) {
            return "the image \(imagePath(id)) holds data and has only a prepared record beside it; "
                + "both are kept and not served: restore its record from a backup"
        }
        try Files.unlink(recordName(id) + RecordFolder.temporarySuffix, in: records.folder)
        return nil
    }

    private func endDeletion(of id: String, beside names: [String]) throws(SystemError) {
        if names.contains(recordName(id)) {
            // It was made again since, and a power cut brought the note of the old deletion back.
            try Files.unlink(deletedName(id), in: records.folder)
        } else {
            try finishDeletion(of: id)
        }
    }

    private func holdsData(_ id: String) throws(SystemError) -> Bool {
        let image = try Files.open(imageName(id), in: records.folder, O_RDONLY | O_NOFOLLOW)
        return try Files.firstData(image, imagePath(id)) != nil
    }

    /// An image that no record speaks of. One that was never written came from a creation that a power cut ended; any
    /// other may be all that is left of somebody's data.
    private func lookAtOrphan(_ id: String) -> String? {
        do throws(SystemError) {
            if try holdsData(id) {
                return
                    "the image \(imagePath(id)) has no record; it is kept and not served: restore its record from a backup"
            }
            try Files.unlink(imageName(id), in: records.folder)
            return nil
        } catch {
            return "the image \(imagePath(id)) has no record and could not be looked at: \(error)"
        }
    }
}
