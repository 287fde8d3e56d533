internal import CLinux
internal import Glibc

/// Where some bytes of a file lie on its device (ioctl FS_IOC_FIEMAP, Documentation/filesystems/fiemap.rst).
public struct FileExtent: Sendable, Equatable {
    /// Bytes from the start of the file.
    public let offset: Int64
    /// Bytes from the start of the device; means nothing where `isPlaced` is false.
    public let place: Int64
    /// Bytes.
    public let length: Int64
    /// Whether `place` is where the bytes are: not for data that is inline, compressed, encrypted or not yet allocated.
    public let isPlaced: Bool
    /// Allocated, never written: it reads as zeros.
    public let isUnwritten: Bool

    public var end: Int64 { offset + length }
}

extension Files {
    /// Makes `to` share all blocks of `from` (ioctl_ficlone(2)): whatever its size, a matter of milliseconds. The error is
    /// EOPNOTSUPP, EXDEV or EINVAL where the filesystem cannot.
    public static func clone(
        _ from: borrowing Descriptor, to: borrowing Descriptor, _ object: String
    ) throws(SystemError) {
        let (source, target) = (from.number, to.number)
        if durable("clone", object, { uninterrupted { holdfast_clone_file(target, source) } }) != 0 {
            throw .last("clone a file to", object)
        }
    }

    /// Makes `to` share some blocks of `from` at the same offset (ioctl_ficlonerange(2)). Both numbers are whole blocks of the
    /// filesystem; a count of 0 reaches to the end of `from`.
    public static func clone(
        _ from: borrowing Descriptor, to: borrowing Descriptor, at offset: Int64, count: Int64, _ object: String
    ) throws(SystemError) {
        let (source, target) = (from.number, to.number)
        let answer = durable("clone", object) {
            uninterrupted { holdfast_clone_range(target, source, UInt64(offset), UInt64(count)) }
        }
        if answer != 0 {
            throw .last("clone \(count) bytes at offset \(offset) to", object)
        }
    }

    /// Copies at most `count` bytes within the kernel (copy_file_range(2)), and says how many; 0 at the end of `from`.
    /// Filesystems that can share blocks do so.
    public static func copyRange(
        _ from: borrowing Descriptor, to: borrowing Descriptor, at offset: Int64, count: Int, _ object: String
    ) throws(SystemError) -> Int {
        let (source, target) = (from.number, to.number)
        let copied = durable("copy", object) {
            uninterrupted { Int(holdfast_copy_file_range(source, offset, target, offset, count)) }
        }
        if copied < 0 { throw .last("copy \(count) bytes at offset \(offset) to", object) }
        return copied
    }

    /// Reads at most `buffer.count` bytes at an offset, and says how many; 0 at the end (pread(2)).
    public static func read(
        _ file: borrowing Descriptor, _ object: String, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int {
        let number = file.number
        let got = uninterrupted { pread(number, buffer.baseAddress, buffer.count, off_t(offset)) }
        if got < 0 { throw .last("read \(buffer.count) bytes at offset \(offset) of", object) }
        return got
    }

    /// Writes all bytes at an offset (pwrite(2)).
    public static func write(
        _ bytes: UnsafeRawBufferPointer, to file: borrowing Descriptor, _ object: String, at offset: Int64
    ) throws(SystemError) {
        let number = file.number
        var done = 0
        while done < bytes.count {
            let start = done
            let put = durable("write", object) {
                uninterrupted {
                    pwrite(number, bytes.baseAddress! + start, bytes.count - start, off_t(offset) + start)
                }
            }
            if put < 0 { throw .last("write \(bytes.count) bytes at offset \(offset) of", object) }
            done += put
        }
    }

    /// Writes all bytes at an offset (pwrite(2)).
    public static func write(
        _ bytes: [UInt8], to file: borrowing Descriptor, _ object: String, at offset: Int64
    ) throws(SystemError) {
        let result: Result<Void, SystemError> = bytes.withUnsafeBytes { room in
            do throws(SystemError) { return .success(try write(room, to: file, object, at: offset)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Has the kernel begin to write out what was written to some of a file, and does not wait for it: a later flush finds
    /// less to do. It promises nothing, so a failure of it is none (sync_file_range(2)).
    public static func startWriting(_ file: borrowing Descriptor, at offset: Int64, count: Int64) {
        _ = holdfast_start_writing(file.number, offset, count)
    }

    /// The offset of the first hole at or after `offset`; the end of the file counts as one (lseek(2), SEEK_HOLE).
    public static func firstHole(
        _ file: borrowing Descriptor, _ object: String, from offset: Int64
    ) throws(SystemError) -> Int64 {
        let found = lseek(file.number, off_t(offset), HOLDFAST_SEEK_HOLE)
        if found < 0 { throw .last("look for a hole in", object) }
        return Int64(found)
    }

    /// Up to 512 extents of a file from `offset` on, in order, after its dirty pages were given their places. An empty
    /// answer is the end. An extent that begins before `offset` is given whole.
    public static func extents(
        _ file: borrowing Descriptor, _ object: String, from offset: Int64
    ) throws(SystemError) -> [FileExtent] {
        let room = 512
        let size = MemoryLayout<fiemap>.size + room * MemoryLayout<fiemap_extent>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<UInt64>.alignment)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        let map = memory.assumingMemoryBound(to: fiemap.self)
        map.pointee.fm_start = UInt64(offset)
        map.pointee.fm_length = UInt64.max - UInt64(offset)
        map.pointee.fm_flags = UInt32(FIEMAP_FLAG_SYNC)
        map.pointee.fm_extent_count = UInt32(room)
        let number = file.number
        if uninterrupted({ holdfast_fiemap(number, map) }) != 0 { throw .last("list the extents of", object) }
        let first = (memory + MemoryLayout<fiemap>.size).assumingMemoryBound(to: fiemap_extent.self)
        let unplaced = UInt32(
            FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_NOT_ALIGNED)
        return (0..<Int(map.pointee.fm_mapped_extents)).map { index in
            let raw = first[index]
            return FileExtent(
                offset: Int64(clamping: raw.fe_logical), place: Int64(clamping: raw.fe_physical),
                length: Int64(clamping: raw.fe_length), isPlaced: raw.fe_flags & unplaced == 0,
                isUnwritten: raw.fe_flags & UInt32(FIEMAP_EXTENT_UNWRITTEN) != 0)
        }
    }
}

extension Files {
    /// Flushes the filesystem that `file` lies on and holds all writers to it back, until `thaw` (ioctl_fsfreeze(2)).
    /// EBUSY when it is frozen already, by whomever.
    public static func freeze(_ file: borrowing Descriptor, _ object: String) throws(SystemError) {
        let number = file.number
        if durable("freeze", object, { uninterrupted { holdfast_freeze(number) } }) != 0 {
            throw .last("freeze", object)
        }
    }

    /// Lets writers go on. Says whether the filesystem was frozen.
    @discardableResult
    public static func thaw(_ file: borrowing Descriptor, _ object: String) throws(SystemError) -> Bool {
        let number = file.number
        if durable("thaw", object, { uninterrupted { holdfast_thaw(number) } }) == 0 { return true }
        if errno == EINVAL { return false }
        throw .last("thaw", object)
    }
}
