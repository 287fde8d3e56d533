internal import Devices
internal import Glibc
internal import Syscalls

/// The superblock of a btrfs of one device, as struct btrfs_super_block of <linux/btrfs_tree.h> lays it out.
///
/// A clone gets its UUID here and not by `btrfstune -M`, which commits two transactions: on a filesystem that was not
/// unmounted they part the log from its trees, and it never mounts again; killed between them it leaves a mark that
/// neither the kernel (6.7 and newer) nor btrfstune itself goes beyond (btrfs-progs 6.2). Here one write of one block is
/// the change, to what `btrfstune -M` would have made of it (incompatible feature METADATA_UUID, Linux 5.0).
struct BtrfsSuperblock {
    static let length = 4_096
    /// Where the copies are; the kernel mounts by the first, the others are for repairs.
    static let offsets: [Int64] = [64 << 10, 64 << 20, 256 << 30]

    private(set) var bytes: [UInt8]
    private let offset: Int64

    private static let magic = Array("_BHRfS_M".utf8)
    private static let usesMetadataUUID: UInt64 = 1 << 10
    private static let isSeed: UInt64 = 1 << 32
    /// CHANGING_FSID and CHANGING_FSID_V2: another tool was cut off while it changed the UUID.
    private static let isUnfinished: UInt64 = 1 << 35 | 1 << 36

    private enum Field {
        static let uuid = 0x20
        static let place = 0x30
        static let flags = 0x38
        static let magic = 0x40
        static let devices = 0x88
        static let incompatible = 0xbc
        static let checksumType = 0xc4
        static let metadataUUID = 0x23b
    }

    init(bytes: [UInt8], at offset: Int64) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Sets the UUID in all copies, the first one last: once that has it, all have. Killed before, all is done again.
    static func setUUID(on device: String, from old: UUID, to new: UUID) throws(FilesystemError) {
        // Exclusive: nobody mounts it meanwhile.
        let file = try system(Files.open(device, O_RDWR | O_EXCL))
        let size = try system(BlockDevice.open(device, readOnly: true)).size
        var first = try read(file, device, at: offsets[0])
        if let reason = first.refusal(from: old, to: new) {
            throw .renewalFailed(type: "btrfs", device: device, reason: reason)
        }
        for place in offsets.dropFirst() where place + Int64(length) <= size {
            var copy = try read(file, device, at: place)
            // A copy that is damaged, or that an earlier filesystem has left, stays what it is.
            if copy.refusal(from: old, to: new) == nil { try copy.write(to: file, device, uuid: new) }
        }
        try first.write(to: file, device, uuid: new)
    }

    private static func read(
        _ file: borrowing Descriptor, _ device: String, at place: Int64
    ) throws(FilesystemError) -> BtrfsSuperblock {
        BtrfsSuperblock(bytes: try system(Files.read(file, device, at: place, count: length)), at: place)
    }

    private mutating func write(
        to file: borrowing Descriptor, _ device: String, uuid: UUID
    ) throws(FilesystemError) {
        guard setUUID(uuid) else { return }
        try system(Files.write(bytes, to: file, device, at: offset))
        try system(Files.sync(file, device))
    }

    /// Why it is not a superblock that may be changed from the one UUID to the other; nil when it is.
    func refusal(from old: UUID, to new: UUID) -> String? {
        guard bytes[Field.magic..<Field.magic + 8].elementsEqual(Self.magic), number(Field.place) == UInt64(offset)
        else { return "the superblock at byte \(offset) is none of btrfs" }
        guard let checksum = checksum() else {
            return
                "its superblock has a checksum of type \(bytes[Field.checksumType]), and crc32c and xxhash alone are known"
        }
        guard bytes[..<checksum.count].elementsEqual(checksum) else {
            return "the superblock at byte \(offset) does not fit its checksum; restore it from a backup"
        }
        if number(Field.devices) != 1 { return "it spans \(number(Field.devices)) devices, and a volume has one" }
        let flags = number(Field.flags)
        if flags & Self.isSeed != 0 { return "it is a seed for other filesystems" }
        if flags & Self.isUnfinished != 0 {
            return "another tool was cut off while it changed the UUID; make the clone anew"
        }
        let uuid = bytes[Field.uuid..<Field.uuid + 16]
        if uuid.elementsEqual(old.bytes) || uuid.elementsEqual(new.bytes) { return nil }
        return "the superblock at byte \(offset) has another UUID"
    }

    /// Says whether that changed anything. The trees keep the UUID that they were made with, which the superblock names
    /// from then on beside the new one.
    private mutating func setUUID(_ new: UUID) -> Bool {
        let current = Array(bytes[Field.uuid..<Field.uuid + 16])
        if current == new.bytes { return false }
        let isRenewed = number(Field.incompatible) & Self.usesMetadataUUID != 0
        let trees = isRenewed ? Array(bytes[Field.metadataUUID..<Field.metadataUUID + 16]) : current
        bytes.replaceSubrange(Field.uuid..<Field.uuid + 16, with: new.bytes)
        let differs = trees != new.bytes
        bytes.replaceSubrange(
            Field.metadataUUID..<Field.metadataUUID + 16, with: differs ? trees : [UInt8](repeating: 0, count: 16))
        let others = number(Field.incompatible) & ~Self.usesMetadataUUID
        setNumber(Field.incompatible, others | (differs ? Self.usesMetadataUUID : 0))
        if let checksum = checksum() { bytes.replaceSubrange(..<checksum.count, with: checksum) }
        return true
    }

    /// The checksum as it stands in the first bytes; nil for a type that we do not know.
    private func checksum() -> [UInt8]? {
        let covered = bytes[Field.uuid...]
        let raw: UInt64
        let count: Int
        switch (bytes[Field.checksumType], bytes[Field.checksumType + 1]) {
        case (0, 0): (raw, count) = (UInt64(Checksums.crc32c(covered)), 4)
        case (1, 0): (raw, count) = (Checksums.xxHash64(covered), 8)
        default: return nil
        }
        // The rest of the 32 bytes is zero.
        return (0..<32).map { $0 < count ? UInt8(truncatingIfNeeded: raw >> UInt64(8 * $0)) : 0 }
    }

    /// All numbers are little-endian.
    private func number(_ place: Int) -> UInt64 {
        bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func setNumber(_ place: Int, _ value: UInt64) {
        for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
}
