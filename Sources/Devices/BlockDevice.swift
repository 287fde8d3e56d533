internal import CLinux
internal import Glibc
public import Syscalls

/// An open block device. While it is open its number means the same device.
public struct BlockDevice: ~Copyable, Sendable {
    public let descriptor: Descriptor
    /// The path that tools are given, such as `/dev/loop3`.
    public let path: String
    public let number: DeviceNumber
    /// Bytes.
    public let size: Int64

    /// Opens a device node. Anything but a block device is refused (ENOTBLK).
    public static func open(_ path: String, readOnly: Bool = false) throws(SystemError) -> BlockDevice {
        let file = try Files.open(path, (readOnly ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK)
        return try BlockDevice(file, path)
    }

    init(_ file: consuming Descriptor, _ path: String) throws(SystemError) {
        let status = try FileStatus.of(file, path)
        guard status.kind == .blockDevice else { throw SystemError("use as a block device", path, code: ENOTBLK) }
        var bytes: UInt64 = 0
        if holdfast_block_size(file.number, &bytes) != 0 { throw .last("read the size of", path) }
        descriptor = file
        self.path = path
        number = status.special
        size = Int64(clamping: bytes)
    }

    /// Whether the kernel refuses writes to the device (`BLKROGET`).
    public func isReadOnly() throws(SystemError) -> Bool {
        var value: CInt = 0
        if holdfast_block_read_only(descriptor.number, &value) != 0 { throw .last("read the state of", path) }
        return value != 0
    }

    /// Makes the kernel refuse or take writes to the device (`BLKROSET`), for every opener.
    public func setReadOnly(_ readOnly: Bool) throws(SystemError) {
        let number = descriptor.number
        if durable("protect", path, { holdfast_block_set_read_only(number, readOnly ? 1 : 0) }) != 0 {
            throw .last("set the write protection of", path)
        }
    }

    /// What was written is on the device afterwards.
    public func sync() throws(SystemError) { try Files.sync(descriptor, path) }

    /// Drops cached blocks (`BLKFLSBUF`), so that the next read comes from the device itself.
    public func dropCache() throws(SystemError) {
        if holdfast_block_flush_cache(descriptor.number) != 0 { throw .last("drop the cache of", path) }
    }
}
