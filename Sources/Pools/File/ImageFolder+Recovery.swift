internal import Devices
internal import Glibc
internal import JSON
internal import Syscalls

/// What a look at a folder of images found.
struct ImageFolderFindings {
    /// The ids of whole records, to be read.
    var records: [String] = []
    /// What is being made and was kept, for the caller to decide.
    var undecided: [String] = []
    /// The ids of images that are kept, because the note that would have them removed is damaged.
    var blocked: [(id: String, error: PoolError)] = []
    /// What could not be decided, a sentence each.
    var reports: [String] = []

    fileprivate mutating func block(_ id: String, _ error: PoolError) {
        blocked.append((id, error))
        reports.append("\(error)")
    }
}

extension ImageFolder {
    /// Ends what a kill or a power cut has left: deletions are finished, makings are undone, but those that `decides`
    /// says another record decides on. One image's trouble is told of and stays its own.
    func recover(
        pool: UUID, isID: (String) -> Bool, decidedElsewhere: (JSON) -> Bool = { _ in false }
    ) throws(PoolError) -> ImageFolderFindings {
        var findings = ImageFolderFindings()
        // What was begun comes first, so that it is not taken for what is.
        let begun = try names()
        for name in begun {
            do throws(SystemError) {
                if let id = id(name, Self.makingSuffix, isID) {
                    try recoverMaking(of: id, beside: begun, pool, decidedElsewhere, &findings)
                } else if let id = id(name, RecordFolder.suffix + RecordFolder.temporarySuffix, isID) {
                    if let report = try endChange(of: id, beside: begun) { findings.reports.append(report) }
                } else if let id = id(name, Self.deletedSuffix, isID) {
                    try endDeletion(of: id, beside: begun, pool, &findings)
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
                !left.contains(makingName(id)), !left.contains(deletedName(id))
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

    /// What is written in a note that would have an image removed.
    private enum Note {
        case whole(JSON)
        /// It is damaged, or not a file at all.
        case torn(PoolError)
        /// It is whole, and speaks of another image or of another pool.
        case strange(PoolError)

        var error: PoolError? {
            switch self {
            case .whole: nil
            case .torn(let error), .strange(let error): error
            }
        }
    }

    private func note(_ name: String, of id: String, _ pool: UUID) -> Note {
        do throws(PoolError) {
            let json = try records.read(name)
            let (owner, home) = (json["id"]?.string ?? "without an id", json["pool"]?.string ?? "without a UUID")
            if owner == id && home == "\(pool)" { return .whole(json) }
            let reason = "it belongs to \(noun) \(owner) of pool \(home), and this is pool \(pool)"
            return .strange(.damagedRecord(path: "\(records.path)/\(name)", reason: reason))
        } catch {
            return .torn(error)
        }
    }

    /// The note was there, whole, before the image, and goes after it. Where a record stands beside it, a power cut has
    /// brought the note back.
    ///
    /// One that is torn beside an image with data is therefore no making that was cut off, and both are kept.
    private func recoverMaking(
        of id: String, beside names: [String], _ pool: UUID, _ decidedElsewhere: (JSON) -> Bool,
        _ findings: inout ImageFolderFindings
    ) throws(SystemError) {
        if !names.contains(recordName(id)) {
            let note = note(makingName(id), of: id, pool)
            switch note {
            case .whole(let json) where decidedElsewhere(json):
                findings.undecided.append(id)
                return
            case .whole: try removeImage(id)
            case .torn(let error), .strange(let error):
                if names.contains(imageName(id)), try holdsData(id) {
                    findings.block(id, error)
                    return
                }
                if case .strange = note {
                    findings.reports.append("\(error)")
                    return
                }
                try removeImage(id)
            }
        }
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

    /// The note is the record under another name, so that one which is damaged was not left by a kill.
    private func endDeletion(
        of id: String, beside names: [String], _ pool: UUID, _ findings: inout ImageFolderFindings
    ) throws(SystemError) {
        if names.contains(recordName(id)) {
            // It was made again since, and a power cut brought the note of the old deletion back.
            try Files.unlink(deletedName(id), in: records.folder)
        } else if names.contains(imageName(id)), let error = note(deletedName(id), of: id, pool).error {
            findings.block(id, error)
        } else {
            try removeImage(id)
            try finishDeletion(of: id)
        }
    }

    private func removeImage(_ id: String) throws(SystemError) {
        do throws(SystemError) {
            let found = try FileStatus.of(imageName(id), in: records.folder)
            // What has come to an image's name and is no file is nothing that we have made.
            guard found.kind == .file else {
                throw SystemError("remove a \(found.kind.rawValue) at", imagePath(id), code: EPERM)
            }
            try Files.unlink(imageName(id), in: records.folder)
        } catch {
            if error.code != ENOENT { throw error }
        }
    }

    private func holdsData(_ id: String) throws(SystemError) -> Bool {
        let status = try FileStatus.of(imageName(id), in: records.folder)
        // Whatever it is, it is not the hole that a creation begins with.
        guard status.kind == .file else { return true }
        let image = try Files.open(imageName(id), in: records.folder, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
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
