internal import CBlkid
internal import Glibc
public import Syscalls

/// What a read of a device found. There is no case for 'could not tell': that is an error.
public enum Finding: ~Copyable, Sendable {
    /// No signature of any kind, or nothing but the remains of the filesystem that was being made.
    case blank(BlankDevice)
    /// Exactly one signature, and it is a filesystem's.
    case filesystem(Signature)
    /// Exactly one signature of another kind: a partition table, LUKS, LVM, RAID, swap.
    case foreign(Signature)
    /// Several signatures, which contradict each other.
    case ambiguous([Signature])
}

/// The proof that a device was read and holds nothing. Only `Examination` makes one, and formatting consumes it.
public struct BlankDevice: ~Copyable, Sendable {
    public let path: String
    public let number: DeviceNumber
    /// Bytes.
    public let size: Int64
    /// Whether the first and the last 512 KiB hold zeros alone: data without a known signature is data all the same.
    public let isZeroed: Bool

    fileprivate init(path: String, number: DeviceNumber, size: Int64, isZeroed: Bool) {
        self.path = path
        self.number = number
        self.size = size
        self.isZeroed = isZeroed
    }
}

/// Reads a device to see what it holds.
public enum Examination {
    /// Looks for every signature that libblkid knows, not only the first: swap can lie beneath ext4.
    ///
    /// `remains` is the UUID that an interrupted mkfs was given; a single filesystem with that UUID counts as blank,
    /// because a filesystem in that state has never been mounted.
    public static func examine(
        _ device: borrowing BlockDevice, remains: UUID? = nil
    ) throws(DeviceError) -> Finding {
        // The ends are read first: libblkid takes a short read for an absence, and an absence must be proven.
        let isZeroed = try endsAreZero(device)
        let found = try signatures(device)
        if let only = found.first, found.count == 1 {
            if only.kind == .filesystem, let remains, only.uuid == remains { return .blank(proof(device, isZeroed)) }
            return only.kind == .filesystem ? .filesystem(only) : .foreign(only)
        }
        return found.isEmpty ? .blank(proof(device, isZeroed)) : .ambiguous(found)
    }

    private static func proof(_ device: borrowing BlockDevice, _ isZeroed: Bool) -> BlankDevice {
        BlankDevice(path: device.path, number: device.number, size: device.size, isZeroed: isZeroed)
    }

    /// How much of each end is read, in bytes. It spans nearly all places that libblkid then looks at one by one, which
    /// would cost a request each.
    private static let endLength: Int64 = 1 << 19

    private static func endsAreZero(_ device: borrowing BlockDevice) throws(DeviceError) -> Bool {
        let length = min(device.size, endLength)
        let starts: Set = [0, device.size - length]
        var isZeroed = true
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        for start in starts.sorted() {
            var offset = start
            while offset < start + length {
                let wanted = Int(min(Int64(chunk.count), start + length - offset))
                let got = chunk.withUnsafeMutableBytes { room in
                    uninterrupted { pread(device.descriptor.number, room.baseAddress, wanted, off_t(offset)) }
                }
                // Nothing read before the end is as much an error as a refusal: the end is where the size says it is.
                guard got > 0 else { throw .unreadable(device: device.path, code: got < 0 ? errno : EIO) }
                isZeroed =
                    isZeroed && chunk[0] == 0
                    && chunk.withUnsafeBytes { memcmp($0.baseAddress!, $0.baseAddress! + 1, got - 1) } == 0
                offset += Int64(got)
            }
        }
        return isZeroed
    }

    /// All signatures on the device, in libblkid's order.
    static func signatures(_ device: borrowing BlockDevice) throws(DeviceError) -> [Signature] {
        guard let probe = blkid_new_probe() else { throw .unreadable(device: device.path, code: ENOMEM) }
        defer { blkid_free_probe(probe) }
        errno = 0
        guard blkid_probe_set_device(probe, device.descriptor.number, 0, 0) == 0 else {
            throw .unreadable(device: device.path, code: errno == 0 ? EIO : errno)
        }
        blkid_probe_enable_superblocks(probe, 1)
        // A superblock with a bad checksum is a damaged filesystem, not an absent one.
        blkid_probe_set_superblocks_flags(
            probe,
            CInt(BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM)
        )
        blkid_probe_enable_partitions(probe, 1)
        blkid_probe_set_partitions_flags(probe, CInt(BLKID_PARTS_FORCE_GPT | BLKID_PARTS_MAGIC))

        var found: [Signature] = []
        while true {
            errno = 0
            let answer = blkid_do_probe(probe)
            if answer == 1 { return found }
            guard answer == 0 else { throw .unreadable(device: device.path, code: errno == 0 ? EIO : errno) }
            let signature = signature(probe)
            if !found.contains(signature) { found.append(signature) }
            // libblkid ends by itself; a bound all the same, so that a damaged device cannot hold the volume for ever.
            if found.count > 32 { return found }
        }
    }

    /// What the probe stands on. The names are those of libblkid's documentation of superblocks and partition tables.
    private static func signature(_ probe: blkid_probe) -> Signature {
        if let type = value(probe, "TYPE") {
            let kind: Signature.Kind =
                switch (value(probe, "USAGE"), type) {
                case (_, "swap"), (_, "swsuspend"): .swap
                case ("filesystem", _): .filesystem
                case ("raid", _): .raidMember
                case ("crypto", _): .encryption
                default: .other
                }
            return Signature(kind: kind, type: type, identifier: value(probe, "UUID"))
        }
        if let type = value(probe, "PTTYPE") {
            return Signature(kind: .partitionTable, type: type, identifier: value(probe, "PTUUID"))
        }
        // Something was found, even if libblkid has no name for it.
        return Signature(kind: .other, type: "unknown", identifier: nil)
    }

    private static func value(_ probe: blkid_probe, _ name: String) -> String? {
        var data: UnsafePointer<CChar>?
        guard blkid_probe_lookup_value(probe, name, &data, nil) == 0, let data else { return nil }
        return String(validatingCString: data)
    }
}
