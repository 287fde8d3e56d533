internal import CLinux
internal import Glibc
public import Syscalls

/// What the kernel says of an attached loop device (`LOOP_GET_STATUS64`).
public struct LoopStatus: Sendable {
    /// The backing file itself. Its path in sysfs becomes wrong when the mount namespace that attached it ends.
    public let backing: FileIdentity
    /// The label that was given at attach; at most 63 bytes.
    public let label: String
    public let isReadOnly: Bool
    /// Whether the device shows the backing file from its first to its last byte.
    public let isWholeFile: Bool
    public let detachesOnLastClose: Bool
    public let usesDirectIO: Bool
}

/// An open loop device that is attached to a backing file.
///
/// It is attached so that the kernel detaches it on the last close: a process killed between attach and mount leaves
/// nothing behind, and a mounted filesystem keeps its device by holding it open. `keep` ends that, for raw block
/// volumes that nobody may hold open.
public struct LoopDevice: ~Copyable, Sendable {
    public let index: Int
    private let opened: BlockDevice

    public static func path(_ index: Int) -> String { "/dev/loop\(index)" }

    /// The major number of loop devices (Documentation/admin-guide/devices.txt).
    public static let major: UInt32 = 7

    /// Longest label in bytes (`LO_NAME_SIZE` less the final zero).
    public static let labelLimit = 63

    /// Attaches an image to a free loop device by one `LOOP_CONFIGURE` (Linux 5.8).
    ///
    /// Direct I/O is asked for; where the image's filesystem cannot do it the kernel goes on without. The sector size
    /// is told to be 512, so that a pool that is moved to another disk keeps its filesystems readable: left to itself Linux
    /// 6.15 takes what direct I/O needs, which for an image on xfs becomes a block as soon as a snapshot shares any. With `discards` what the
    /// device is told to discard leaves holes in the image.
    public static func attach(
        _ image: borrowing Descriptor, label: String, discards: Bool, tries: Int = 64
    ) throws(DeviceError) -> LoopDevice {
        do throws(SystemError) {
            let control = try Files.open(controlPath, O_RDWR)
            var index = try next(control, fresh: false)
            for _ in 0..<tries {
                // The kernel offers a device that is being attached until that is done, and whoever takes it then waits for an
                // image that may never answer.
                guard let turn = LoopTurn(index) else {
                    index = try next(control, fresh: true)
                    continue
                }
                guard let file = try openOffered(index) else {
                    index = try next(control, fresh: false)
                    continue
                }
                let flags = UInt32(LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO)
                let (loop, backing) = (file.number, image.number)
                if durable("attach", path(index), { holdfast_loop_configure(loop, backing, flags, label) }) != 0 {
                    // Between 'free' and 'configure' somebody else may take the same device.
                    guard errno == EBUSY else { throw .last("attach \(label) to", path(index)) }
                    index = try next(control, fresh: false)
                    continue
                }
                let isSpoiled = try LoopQueue.isSwitchedOff(index)
                if discards && isSpoiled {
                    // Closing detaches, and only then can the device be removed.
                    _ = consume file
                    let isRemoved = remove(index, control) == 0
                    index = try next(control, fresh: !isRemoved)
                    continue
                }
                if !discards { try LoopQueue.switchOff(index) }
                let device = try BlockDevice(file, path(index))
                // Write protection (BLKROSET) is another setting that an earlier use leaves behind.
                if try device.isReadOnly() { try device.setReadOnly(false) }
                // So is how far the kernel reads ahead. A host that keeps us from setting that keeps others from it too.
                _ = try? LoopQueue.setReadAhead(index, kibibytes: LoopQueue.standardReadAhead)
                _ = consume turn
                return LoopDevice(index: index, opened: device)
            }
        } catch {
            throw .system(error)
        }
        throw .noFreeLoop(tries: tries)
    }

    private static let controlPath = "/dev/loop-control"

    /// The index of a device that nobody uses; a `fresh` one has never been used.
    private static func next(_ control: borrowing Descriptor, fresh: Bool) throws(SystemError) -> Int {
        let index = fresh ? holdfast_loop_add(control.number, -1) : holdfast_loop_free(control.number)
        if index < 0 { throw .last("find a free", "loop device") }
        return Int(index)
    }

    /// Opens a device that the kernel has offered; nil when somebody else has removed it since.
    private static func openOffered(_ index: Int) throws(SystemError) -> Descriptor? {
        do throws(SystemError) {
            return try Files.open(path(index), O_RDWR | O_NOFOLLOW)
        } catch {
            if error.code == ENOENT || error.code == ENXIO || error.code == ENODEV { return nil }
            throw error
        }
    }

    /// Removes a device that nothing is attached to, settings and all. One that is in use again stays.
    public static func remove(_ index: Int) {
        guard let control = try? Files.open(controlPath, O_RDWR) else { return }
        _ = remove(index, control)
    }

    private static func remove(_ index: Int, _ control: borrowing Descriptor) -> CInt {
        let number = control.number
        return durable("remove the device", path(index)) { holdfast_loop_remove(number, index) }
    }

    /// Opens an attached loop device; nil when nothing is attached to it.
    public static func open(_ index: Int) throws(DeviceError) -> LoopDevice? {
        do throws(SystemError) {
            let file = try Files.open(path(index), O_RDWR | O_NOFOLLOW)
            if try readStatus(file, index) == nil { return nil }
            return LoopDevice(index: index, opened: try BlockDevice(file, path(index)))
        } catch {
            if error.code == ENOENT || error.code == ENXIO || error.code == ENODEV { return nil }
            throw .system(error)
        }
    }

    /// The status of a loop device by its index; nil when nothing is attached to it.
    public static func status(_ index: Int) throws(DeviceError) -> LoopStatus? {
        do throws(SystemError) {
            // Read-only, so that looking at somebody else's device tells udev of no change.
            let file = try Files.open(path(index), O_RDONLY | O_NOFOLLOW)
            return try readStatus(file, index)
        } catch {
            if error.code == ENOENT || error.code == ENXIO || error.code == ENODEV { return nil }
            throw .system(error)
        }
    }

    public func status() throws(DeviceError) -> LoopStatus {
        do throws(SystemError) {
            if let status = try Self.readStatus(opened.descriptor, index) { return status }
            throw SystemError("read the status of", opened.path, code: ENXIO)
        } catch {
            throw .system(error)
        }
    }

    private static func readStatus(_ file: borrowing Descriptor, _ index: Int) throws(SystemError) -> LoopStatus? {
        var info = loop_info64()
        if holdfast_loop_status(file.number, &info) != 0 {
            if errno == ENXIO { return nil }
            throw .last("read the status of", path(index))
        }
        return LoopStatus(info)
    }

    /// The open block device alone. It keeps the attachment alive as this value did.
    public consuming func device() -> BlockDevice { opened }

    /// Keeps a loop device attached when its last opener is gone, until `detach`.
    public static func keep(_ device: borrowing BlockDevice) throws(DeviceError) {
        var info = loop_info64()
        guard holdfast_loop_status(device.descriptor.number, &info) == 0 else {
            throw .system(.last("read the status of", device.path))
        }
        info.lo_flags &= ~UInt32(LO_FLAGS_AUTOCLEAR)
        let number = device.descriptor.number
        if durable("keep", device.path, { holdfast_loop_set_status(number, &info) }) != 0 {
            throw .system(.last("change the flags of", device.path))
        }
    }

    /// Has an attached loop device show its backing file at the size that it has now (`LOOP_SET_CAPACITY`).
    public static func followBackingFile(_ device: borrowing BlockDevice) throws(DeviceError) {
        let number = device.descriptor.number
        if durable("resize", device.path, { holdfast_loop_set_capacity(number) }) != 0 {
            throw .system(.last("set the size of", device.path))
        }
    }

    /// Lets the kernel detach a loop device as soon as its last opener is gone, the caller included (`LOOP_CLR_FD`).
    public static func detach(_ device: borrowing BlockDevice) throws(DeviceError) {
        let number = device.descriptor.number
        if durable("detach", device.path, { holdfast_loop_clear(number) }) != 0 && errno != ENXIO {
            throw .system(.last("detach", device.path))
        }
    }
}

extension LoopStatus {
    fileprivate init(_ raw: loop_info64) {
        var info = raw
        var name = [CChar](repeating: 0, count: Int(LO_NAME_SIZE) + 1)
        _ = holdfast_loop_label(&info, &name)
        backing = FileIdentity(device: DeviceNumber(encoded: info.lo_device), inode: info.lo_inode)
        label = name.withUnsafeBufferPointer { String(validatingCString: $0.baseAddress!) } ?? ""
        isReadOnly = info.lo_flags & UInt32(LO_FLAGS_READ_ONLY) != 0
        isWholeFile = info.lo_offset == 0 && info.lo_sizelimit == 0
        detachesOnLastClose = info.lo_flags & UInt32(LO_FLAGS_AUTOCLEAR) != 0
        usesDirectIO = info.lo_flags & UInt32(LO_FLAGS_DIRECT_IO) != 0
    }
}
