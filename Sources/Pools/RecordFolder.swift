internal import Glibc
internal import JSON
internal import Syscalls

/// A folder of records, each replaced whole or not at all.
///
/// Replacing is: write to a temporary file, fsync, rename, fsync the folder. A few blocks are kept aside, so that a pool
/// that is full to the last byte can still note what is being deleted.
final class RecordFolder: Sendable {
    let path: String
    let folder: Descriptor

    static let suffix = ".record"
    static let temporarySuffix = ".new"
    private static let reserveName = "reserve"
    /// Bytes kept aside: a few records and, on filesystems that copy on write, the metadata that they touch.
    static let reserveBytes: Int64 = 1 << 20

    init(path: String, folder: consuming Descriptor) {
        self.path = path
        self.folder = folder
    }

    /// Makes sure that the reserve is there. ENOSPC when there is no room for it.
    func fillReserve() throws(SystemError) {
        let file = try Files.open(Self.reserveName, in: folder, O_RDWR | O_CREAT | O_NOFOLLOW)
        let status = try FileStatus.of(file, "\(path)/\(Self.reserveName)")
        if status.size >= Self.reserveBytes && status.allocated >= Self.reserveBytes { return }
        do throws(SystemError) {
            try Files.allocate(file, "\(path)/\(Self.reserveName)", bytes: Self.reserveBytes)
        } catch {
            // Half of a reserve would take room and give no surety.
            _ = try? Files.unlink(Self.reserveName, in: folder)
            throw error
        }
    }

    /// Replaces a record durably. `mayUseReserve` is for records whose volume exists: what has been done to it must be
    /// noted, however full the pool is.
    func write(_ name: String, _ json: JSON, mayUseReserve: Bool) throws(SystemError) {
        let bytes = RecordFile.encode(json)
        do throws(SystemError) {
            try replace(name, bytes)
        } catch {
            guard error.isOutOfSpace && mayUseReserve else { throw error }
            try Files.unlink(Self.reserveName, in: folder)
            try replace(name, bytes)
            _ = try? fillReserve()
        }
    }

    private func replace(_ name: String, _ bytes: [UInt8]) throws(SystemError) {
        try prepare(name, bytes)
        do throws(SystemError) {
            try commit(name)
        } catch {
            withdraw(name)
            throw error
        }
    }

    /// Writes the record that is to be, without giving it its name: what it stands for has begun and is not done.
    func prepare(_ name: String, _ json: JSON) throws(SystemError) { try prepare(name, RecordFile.encode(json)) }

    private func prepare(_ name: String, _ bytes: [UInt8]) throws(SystemError) {
        let temporary = name + Self.temporarySuffix
        do throws(SystemError) {
            let file = try Files.open(temporary, in: folder, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
            try Files.write(bytes, to: file, "\(path)/\(temporary)")
            try Files.sync(file, "\(path)/\(temporary)")
        } catch {
            withdraw(name)
            throw error
        }
    }

    /// Gives a prepared record its name, durably.
    func commit(_ name: String) throws(SystemError) {
        try Files.rename(name + Self.temporarySuffix, to: name, in: folder)
        try Files.sync(folder, path)
    }

    /// Takes a prepared record back.
    func withdraw(_ name: String) { _ = try? Files.unlink(name + Self.temporarySuffix, in: folder) }

    /// Gives a record another name, durably. It needs no room but for a name; where even that is missing the reserve
    /// is let go.
    func rename(_ from: String, to name: String) throws(SystemError) {
        do throws(SystemError) {
            try Files.rename(from, to: name, in: folder)
        } catch {
            guard error.isOutOfSpace else { throw error }
            try Files.unlink(Self.reserveName, in: folder)
            try Files.rename(from, to: name, in: folder)
        }
        try Files.sync(folder, path)
    }

    /// Reads one record's JSON.
    func read(_ name: String) throws(PoolError) -> JSON {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(name, in: folder, limit: RecordFile.sizeLimit)
        } catch {
            throw .system(error)
        }
        do throws(MalformedRecord) {
            return try RecordFile.decode(bytes)
        } catch {
            throw .damagedRecord(path: "\(path)/\(name)", reason: error.reason)
        }
    }

    /// Removes a record durably; one that is not there is fine.
    func remove(_ name: String) throws(SystemError) {
        if try Files.unlink(name, in: folder) { try Files.sync(folder, path) }
    }

    /// The names in the folder, in order.
    func names() throws(SystemError) -> [String] { try Files.names(in: folder, path).sorted() }
}
