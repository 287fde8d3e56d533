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
    private static let temporarySuffix = ".new"
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

    /// Writes a record durably. `mayUseReserve` is for records whose volume exists: a full pool must not keep it from
    /// being deleted.
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
        let temporary = name + Self.temporarySuffix
        do throws(SystemError) {
            let file = try Files.open(temporary, in: folder, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
            try Files.write(bytes, to: file, "\(path)/\(temporary)")
            try Files.sync(file, "\(path)/\(temporary)")
            try Files.rename(temporary, to: name, in: folder)
            try Files.sync(folder, path)
        } catch {
            _ = try? Files.unlink(temporary, in: folder)
            throw error
        }
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

    /// The names in the folder that end in `suffix`, without it; what a killed write left behind is removed.
    func names(endingIn suffix: String) throws(SystemError) -> [String] {
        var found: [String] = []
        for name in try Files.names(in: folder, path) {
            if name.hasSuffix(Self.temporarySuffix) {
                try Files.unlink(name, in: folder)
            } else if name.hasSuffix(suffix) {
                found.append(String(name.dropLast(suffix.count)))
            }
        }
        return found.sorted()
    }
}
