internal import CLinux
internal import Glibc

/// Plain file calls, one function each, by descriptor or by a name in an open directory.
public enum Files {
    /// open(2). `O_CLOEXEC` is always added.
    public static func open(_ path: String, _ flags: CInt, mode: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        let number = durableOpen(path, flags) { uninterrupted { Glibc.open(path, flags | O_CLOEXEC, mode) } }
        if number < 0 { throw .last("open", path) }
        return Descriptor(owning: number)
    }

    /// openat(2) of a name in a directory. `O_CLOEXEC` is always added.
    public static func open(
        _ name: String, in directory: borrowing Descriptor, _ flags: CInt, mode: UInt32 = 0o600
    ) throws(SystemError) -> Descriptor {
        let folder = directory.number
        let number = durableOpen(name, flags) {
            uninterrupted { Glibc.openat(folder, name, flags | O_CLOEXEC, mode) }
        }
        if number < 0 { throw .last("open", name) }
        return Descriptor(owning: number)
    }

    /// Makes a file without a name on a directory's filesystem, which goes with its descriptor (open(2), O_TMPFILE).
    public static func makeUnnamed(
        in directory: borrowing Descriptor, _ object: String
    ) throws(SystemError) -> Descriptor {
        let folder = directory.number
        let number = uninterrupted { holdfast_open_unnamed(folder) }
        if number < 0 { throw .last("make a file without a name in", object) }
        return Descriptor(owning: number)
    }

    /// Reads a whole small file. More than `limit` bytes is EFBIG. A pipe that has come to its name is empty: opening one
    /// without O_NONBLOCK would wait for a writer.
    public static func read(
        _ name: String, in directory: borrowing Descriptor, limit: Int
    ) throws(SystemError) -> [UInt8] {
        let file = try open(name, in: directory, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        return try readAll(file, name, limit: limit)
    }

    /// Reads a whole small file by path. More than `limit` bytes is EFBIG.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let file = try open(path, O_RDONLY)
        return try readAll(file, path, limit: limit)
    }

    private static func readAll(
        _ file: borrowing Descriptor, _ object: String, limit: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit + 1, 65_536))
        let number = file.number
        while true {
            let count = chunk.withUnsafeMutableBytes { room in
                uninterrupted { Glibc.read(number, room.baseAddress, room.count) }
            }
            if count < 0 { throw .last("read", object) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > limit { throw SystemError("read", object, code: EFBIG) }
        }
    }

    /// Reads exactly `count` bytes at `offset`; fewer is EIO with the offset in the sentence.
    public static func read(
        _ file: borrowing Descriptor, _ object: String, at offset: Int64, count: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        let number = file.number
        while done < count {
            let start = done
            let got = bytes.withUnsafeMutableBytes { room in
                uninterrupted { pread(number, room.baseAddress! + start, count - start, off_t(offset) + start) }
            }
            if got < 0 { throw .last("read \(count) bytes at offset \(offset) of", object) }
            if got == 0 { throw SystemError("read \(count) bytes at offset \(offset) of", object, code: EIO) }
            done += got
        }
        return bytes
    }

    /// Writes all bytes at the descriptor's position.
    public static func write(
        _ bytes: [UInt8], to file: borrowing Descriptor, _ object: String
    ) throws(SystemError) {
        var done = 0
        let number = file.number
        while done < bytes.count {
            let start = done
            let put = bytes.withUnsafeBytes { room in
                durable("write", object) {
                    uninterrupted { Glibc.write(number, room.baseAddress! + start, room.count - start) }
                }
            }
            if put < 0 { throw .last("write", object) }
            done += put
        }
    }

    /// fsync(2): data and metadata of the file, or the entries of a directory, are on the device afterwards.
    public static func sync(_ file: borrowing Descriptor, _ object: String) throws(SystemError) {
        let number = file.number
        if durable("flush", object, { uninterrupted { fsync(number) } }) != 0 { throw .last("flush", object) }
    }

    /// ftruncate(2) to `bytes`.
    public static func resize(
        _ file: borrowing Descriptor, _ object: String, to bytes: Int64
    ) throws(SystemError) {
        let number = file.number
        if durable("resize", object, { uninterrupted { ftruncate(number, off_t(bytes)) } }) != 0 {
            throw .last("set the size of", object)
        }
    }

    /// fallocate(2) of the first `bytes`: the space is the file's own afterwards.
    public static func allocate(
        _ file: borrowing Descriptor, _ object: String, bytes: Int64
    ) throws(SystemError) {
        let number = file.number
        if durable("allocate", object, { uninterrupted { holdfast_fallocate(number, 0, 0, bytes) } }) != 0 {
            throw .last("allocate \(bytes) bytes for", object)
        }
    }

    /// fallocate(2) behind a file's end, which stays where it is.
    public static func allocateBeyondEnd(
        _ file: borrowing Descriptor, _ object: String, from offset: Int64, bytes: Int64
    ) throws(SystemError) {
        let number = file.number
        let answer = durable("allocate", object) {
            uninterrupted { holdfast_fallocate(number, HOLDFAST_FALLOC_KEEP_SIZE, offset, bytes) }
        }
        if answer != 0 {
            throw .last("allocate \(bytes) bytes more for", object)
        }
    }

    /// Asks the filesystem to write over the blocks of this still empty file in place (FS_NOCOW_FL, ioctl_iflags(2)):
    /// btrfs does so only then. Filesystems that do not know the flag do so anyway.
    public static func stopCopyOnWrite(_ file: borrowing Descriptor, _ object: String) throws(SystemError) {
        let number = file.number
        if durable("stop copy-on-write of", object, { holdfast_stop_copy_on_write(number) }) == 0 { return }
        if errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL { return }
        throw .last("switch off copy-on-write for", object)
    }

    /// The offset of the first data at or after `offset`, or nil where only a hole follows (lseek(2), SEEK_DATA).
    public static func firstData(
        _ file: borrowing Descriptor, _ object: String, from offset: Int64 = 0
    ) throws(SystemError) -> Int64? {
        let found = lseek(file.number, off_t(offset), HOLDFAST_SEEK_DATA)
        if found >= 0 { return Int64(found) }
        if errno == ENXIO { return nil }
        throw .last("look for data in", object)
    }

    /// renameat(2) within one directory; what stood at the new name is replaced.
    public static func rename(
        _ from: String, to name: String, in directory: borrowing Descriptor
    ) throws(SystemError) {
        let folder = directory.number
        if durable("rename", "\(from) to \(name)", { renameat(folder, from, folder, name) }) != 0 {
            throw .last("rename \(from) to", name)
        }
    }

    /// unlinkat(2) of a file. Says whether it was there.
    @discardableResult
    public static func unlink(_ name: String, in directory: borrowing Descriptor) throws(SystemError) -> Bool {
        let folder = directory.number
        if durable("unlink", name, { unlinkat(folder, name, 0) }) == 0 { return true }
        if errno == ENOENT { return false }
        throw .last("remove the file", name)
    }

    /// unlinkat(2) of an empty directory. Says whether it was there.
    @discardableResult
    public static func removeDirectory(
        _ name: String, in directory: borrowing Descriptor
    ) throws(SystemError) -> Bool {
        let folder = directory.number
        if durable("rmdir", name, { unlinkat(folder, name, CInt(AT_REMOVEDIR)) }) == 0 { return true }
        if errno == ENOENT { return false }
        throw .last("remove the directory", name)
    }

    /// mkdirat(2). Says whether it made one; an existing entry of any kind is left alone.
    @discardableResult
    public static func makeDirectory(
        _ name: String, in directory: borrowing Descriptor, mode: UInt32
    ) throws(SystemError) -> Bool {
        let folder = directory.number
        if durable("mkdir", name, { mkdirat(folder, name, mode) }) == 0 { return true }
        if errno == EEXIST { return false }
        throw .last("make the directory", name)
    }

    /// The names in a directory, without `.` and `..`, in no order.
    public static func names(in directory: borrowing Descriptor, _ object: String) throws(SystemError) -> [String] {
        let again = try open(".", in: directory, O_RDONLY | O_DIRECTORY)
        let number = again.release()
        guard let stream = fdopendir(number) else {
            let error = SystemError.last("list", object)
            _ = Glibc.close(number)
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .last("list", object) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Takes an exclusive lock without waiting (flock(2)). False when another open file holds it.
    public static func lock(_ file: borrowing Descriptor, _ object: String) throws(SystemError) -> Bool {
        let number = file.number
        if uninterrupted({ flock(number, LOCK_EX | LOCK_NB) }) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw .last("lock", object)
    }
}
