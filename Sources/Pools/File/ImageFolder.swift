internal import Glibc
internal import JSON
internal import Syscalls

/// A folder of images, each with its record beside it, that are made and deleted so that a power cut anywhere leaves a
/// whole pair or what the next start can end.
///
///     ID.record            what is known of it
///     ID.record.new        a change of the record that is being written
///     ID.record.making     its image is being made; whatever that holds has never been anybody's
///     ID.record.deleted    it is being deleted
///     ID.image             its bytes
final class ImageFolder: Sendable {
    let records: RecordFolder
    /// What an image is: `volume`, `snapshot`.
    let noun: String
    private let pool: String
    private let reserve: Reserve

    static let imageSuffix = ".image"
    static let makingSuffix = RecordFolder.suffix + ".making"
    static let deletedSuffix = RecordFolder.suffix + ".deleted"

    /// Opens the folder in a pool's own, and makes it where it is not there.
    init(
        _ name: String, of noun: String, in folder: borrowing Descriptor, _ path: String, pool: String, reserve: Reserve
    ) throws(SystemError) {
        if try Files.makeDirectory(name, in: folder, mode: 0o700) { try Files.sync(folder, path) }
        let opened = try Files.open(name, in: folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        records = RecordFolder(path: "\(path)/\(name)", folder: opened, reserve: reserve)
        self.noun = noun
        self.pool = pool
        self.reserve = reserve
    }

    func recordName(_ id: String) -> String { id + RecordFolder.suffix }
    func makingName(_ id: String) -> String { id + Self.makingSuffix }
    func deletedName(_ id: String) -> String { id + Self.deletedSuffix }
    func imageName(_ id: String) -> String { id + Self.imageSuffix }
    func imagePath(_ id: String) -> String { "\(records.path)/\(imageName(id))" }
    func owner(_ id: String) -> String { "\(noun) \(id)" }

    func open(_ id: String, _ flags: CInt) throws(PoolError) -> Descriptor {
        try requireFile(id)
        do throws(SystemError) {
            return try Files.open(imageName(id), in: records.folder, flags | O_NOFOLLOW)
        } catch {
            throw error.code == ENOENT ? .missingImage(of: owner(id), path: imagePath(id)) : .system(error)
        }
    }

    /// Refuses what has come to the image's name and is no file: to open a pipe is to wait for who writes to it, and to
    /// remove something else would be to remove what is somebody's.
    func requireFile(_ id: String) throws(PoolError) {
        guard let found = try status(id), found.kind != .file else { return }
        throw .strangeImage(of: owner(id), path: imagePath(id), found: found.kind.rawValue)
    }

    /// The image's identity; nil when there is none.
    func identity(_ id: String) throws(PoolError) -> FileIdentity? { try status(id)?.identity }

    /// What stands at the image's name, a symlink not followed; nil when there is nothing.
    func status(_ id: String) throws(PoolError) -> FileStatus? {
        do throws(SystemError) {
            return try FileStatus.of(imageName(id), in: records.folder)
        } catch {
            if error.code == ENOENT { return nil }
            throw .system(error)
        }
    }

    /// Makes an image with its record; on an error nothing is left. `fill` gives the new and empty image its size and
    /// content; `copies` says that this is more than a hole.
    func make(
        _ id: String, _ json: JSON, copies: Bool, _ fill: (borrowing Descriptor, String) throws(PoolError) -> Void
    ) throws(PoolError) {
        let image = try begin(id, json, copies: copies)
        do throws(PoolError) {
            try fill(image, imagePath(id))
            try flush(image, id)
            try commit(id)
        } catch {
            undo(id)
            if case .system(let cause) = error { throw failure(cause) }
            throw error
        }
    }

    /// The first step of `make`: the note and an empty image. The second one is to fill it, the third `settle`. Until the
    /// last, `commit`, the next start would undo it.
    func begin(_ id: String, _ json: JSON, copies: Bool) throws(PoolError) -> Descriptor {
        // An image without a record may be all that is left of somebody's data: never ours to replace or to undo.
        if try identity(id) != nil { throw .imageInTheWay(of: owner(id), path: imagePath(id)) }
        return try start(id, json, copies)
    }

    /// Puts the image beyond the reach of a power cut.
    func settle(_ id: String) throws(PoolError) { try flush(try open(id, O_RDWR), id) }

    private func flush(_ image: borrowing Descriptor, _ id: String) throws(PoolError) {
        do throws(SystemError) { try Files.sync(image, imagePath(id)) } catch { throw failure(error) }
    }

    /// The note, then the empty image.
    private func start(_ id: String, _ json: JSON, _ copies: Bool) throws(PoolError) -> Descriptor {
        do throws(SystemError) {
            try reserve.fill()
            try records.note(makingName(id), json)
            // An image that holds data is kept by the next start, unless the note is there too.
            if copies { try records.sync() }
            return try Files.open(imageName(id), in: records.folder, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
        } catch {
            _ = try? Files.unlink(makingName(id), in: records.folder)
            throw error.code == EEXIST ? .imageInTheWay(of: owner(id), path: imagePath(id)) : failure(error)
        }
    }

    /// The note becomes the record, durably.
    func commit(_ id: String) throws(PoolError) {
        do throws(SystemError) {
            try records.rename(makingName(id), to: recordName(id))
        } catch {
            throw failure(error)
        }
    }

    /// Takes back what came to nothing. What cannot be removed now is removed by the next start, by its note.
    func undo(_ id: String) {
        do throws(SystemError) {
            try Files.unlink(imageName(id), in: records.folder)
            try records.remove(recordName(id))
            try Files.unlink(makingName(id), in: records.folder)
        } catch {
            // The error that brought us here is the one to tell.
        }
    }

    func failure(_ error: SystemError) -> PoolError {
        error.isOutOfSpace ? .outOfSpace(pool: pool, reason: "\(error)") : .system(error)
    }

    /// Notes durably that it is being deleted. A record that somebody removed behind our back needs no note: the image
    /// alone is left to delete.
    func noteDeletion(of id: String) throws(SystemError) {
        do throws(SystemError) {
            try records.rename(recordName(id), to: deletedName(id))
        } catch {
            if error.code != ENOENT { throw error }
        }
    }

    /// The image first: a record without an image says what is missing, an image without a record says nothing. Nothing
    /// here has to be flushed: the deletion is noted durably, and the next start would finish it.
    func finishDeletion(of id: String) throws(SystemError) {
        try Files.unlink(imageName(id), in: records.folder)
        try Files.unlink(deletedName(id), in: records.folder)
        // The space is there again for what a full pool had to borrow.
        _ = try? reserve.fill()
    }
}
