internal import Devices
internal import Glibc
internal import JSON
internal import Syscalls

/// A few blocks that are kept aside in a pool, so that one that is full to the last byte can still note what is being
/// deleted.
final class Reserve: Sendable {
    private let folder: Descriptor
    private let path: String

    private static let name = "reserve"
    /// Bytes: a few records and, on filesystems that copy on write, the metadata that they touch.
    static let bytes: Int64 = 1 << 20

    init(path: String, folder: consuming Descriptor) {
        self.path = path
        self.folder = folder
    }

    /// Makes sure that it is there. ENOSPC when there is no room for it.
    func fill() throws(SystemError) {
        let file = try Files.open(Self.name, in: folder, O_RDWR | O_CREAT | O_NOFOLLOW)
        let status = try FileStatus.of(file, "\(path)/\(Self.name)")
        if status.size >= Self.bytes && status.allocated >= Self.bytes { return }
        do throws(SystemError) {
            try Files.allocate(file, "\(path)/\(Self.name)", bytes: Self.bytes)
        } catch {
            // Half of a reserve would take room and give no surety.
            letGo()
            throw error
        }
    }

    func letGo() { _ = try? Files.unlink(Self.name, in: folder) }
}

/// A folder of records, each replaced whole or not at all.
///
/// Replacing is: write to a temporary file, fsync, rename, fsync the folder.
final class RecordFolder: Sendable {
    let path: String
    let folder: Descriptor
    private let reserve: Reserve?

    static let suffix = ".record"
    static let temporarySuffix = ".new"

    init(path: String, folder: consuming Descriptor, reserve: Reserve? = nil) {
        self.path = path
        self.folder = folder
        self.reserve = reserve
    }

    /// Replaces a record durably. `mayUseReserve` is for records whose volume exists: what has been done to it must be
    /// noted, however full the pool is.
    func write(_ name: String, _ json: JSON, mayUseReserve: Bool) throws(SystemError) {
        let bytes = RecordFile.encode(json)
        do throws(SystemError) {
            try replace(name, bytes)
        } catch {
            guard error.isOutOfSpace && mayUseReserve, let reserve else { throw error }
            reserve.letGo()
            try replace(name, bytes)
            _ = try? reserve.fill()
        }
    }

    private func replace(_ name: String, _ bytes: [UInt8]) throws(SystemError) {
        let temporary = name + Self.temporarySuffix
        do throws(SystemError) {
            try put(temporary, bytes)
            try Files.rename(temporary, to: name, in: folder)
            try Files.sync(folder, path)
        } catch {
            _ = try? Files.unlink(temporary, in: folder)
            throw error
        }
    }

    /// Writes a note under a name of its own, with its bytes on the device. Its name is there for sure only after a
    /// flush of the folder.
    func note(_ name: String, _ json: JSON) throws(SystemError) {
        do throws(SystemError) {
            try put(name, RecordFile.encode(json))
        } catch {
            _ = try? Files.unlink(name, in: folder)
            throw error
        }
    }

    private func put(_ name: String, _ bytes: [UInt8]) throws(SystemError) {
        // What stands at the name was being written when something failed. Opening what else may have come there, such as a
        // pipe, would wait for ever.
        try Files.unlink(name, in: folder)
        let file = try Files.open(name, in: folder, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        try Files.write(bytes, to: file, "\(path)/\(name)")
        try Files.sync(file, "\(path)/\(name)")
    }

    /// Flushes the folder: the names in it are there for sure.
    func sync() throws(SystemError) { try Files.sync(folder, path) }

    /// Gives a record another name, durably. It needs no room but for a name; where even that is missing the reserve
    /// is let go.
    func rename(_ from: String, to name: String) throws(SystemError) {
        do throws(SystemError) {
            try Files.rename(from, to: name, in: folder)
        } catch {
            if error.code == ENOENT {
                // An earlier try may have got as far as this, and then failed to flush it.
                if (try? FileStatus.of(name, in: folder)) == nil { throw error }
            } else {
                guard error.isOutOfSpace, let reserve else { throw error }
                reserve.letGo()
                try Files.rename(from, to: name, in: folder)
            }
        }
        try Files.sync(folder, path)
    }

    /// Reads one record's JSON. What has come to a record's name and is no file is a damaged record like any other.
    func read(_ name: String) throws(PoolError) -> JSON {
        do throws(MalformedRecord) {
            return try RecordFile.decode(try bytes(of: name))
        } catch {
            throw .damagedRecord(path: "\(path)/\(name)", reason: error.reason)
        }
    }

    private func bytes(of name: String) throws(MalformedRecord) -> [UInt8] {
        let kind: FileStatus.Kind
        do throws(SystemError) {
            kind = try FileStatus.of(name, in: folder).kind
            if kind == .file { return try Files.read(name, in: folder, limit: RecordFile.sizeLimit) }
        } catch {
            throw MalformedRecord(reason: "it cannot be read: \(error)")
        }
        throw MalformedRecord(reason: "it is a \(kind.rawValue)")
    }

    /// Brings one record into an index. A damaged one is told of, and blocks what it stands for. `mark` is what stands
    /// behind its name.
    func load<Record: KeptRecord>(
        _ text: String, mark: String = "", into index: RecordIndex<Record>, pool: UUID,
        _ understand: (JSON) throws(MalformedRecord) -> Record
    ) -> String? {
        guard let id = RecordIndex<Record>.ID(text) else { return nil }
        let name = text + Self.suffix + mark
        do throws(PoolError) {
            let json = try read(name)
            do throws(MalformedRecord) {
                let record = try understand(json)
                guard record.id == id && record.pool == pool else {
                    let owner = "\(Record.Kind.noun) \(record.id) of pool \(record.pool)"
                    throw MalformedRecord(reason: "it belongs to \(owner), and this is pool \(pool)")
                }
                index.put(record)
            } catch {
                throw .damagedRecord(path: "\(path)/\(name)", reason: error.reason)
            }
            return nil
        } catch {
            index.markDamaged(id, error)
            return "\(error)"
        }
    }

    /// Removes a record durably; one that is not there is fine.
    func remove(_ name: String) throws(SystemError) {
        if try Files.unlink(name, in: folder) { try Files.sync(folder, path) }
    }

    /// The names in the folder, in order.
    func names() throws(SystemError) -> [String] { try Files.names(in: folder, path).sorted() }
}
