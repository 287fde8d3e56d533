internal import Devices
internal import Glibc
internal import Syscalls

/// An unmounted XFS of version 5, for what a clone's new UUID changes in it: the superblocks, and the last record of the
/// log, which carries the UUID too (xfs_fs.h, xfs_log_format.h; Documentation "XFS Algorithms & Data Structures").
///
/// `xfs_db -c 'uuid …'` writes the whole log anew for that, 64 MiB to 2 GiB that a thin clone would have to hold; killed
/// at it, it leaves a log that neither the kernel nor xfs_db takes any more (xfsprogs 6.1). Here the record comes first,
/// then the other superblocks, then the first one: killed anywhere, what is left to do shows on the device.
struct XFSImage: ~Copyable {
    private let file: Descriptor
    private let device: String
    let superblock: XFSSuperblock

    /// Opens the device exclusively: nobody mounts it meanwhile.
    static func open(_ device: String) throws(FilesystemError) -> XFSImage {
        let file = try system(Files.open(device, O_RDWR | O_EXCL))
        // XFS reads and writes past the cache of its device.
        try system(BlockDevice.open(device, readOnly: true).dropCache())
        var block = XFSSuperblock(bytes: try system(Files.read(file, device, at: 0, count: XFSSuperblock.length)))
        if block.refusal == nil {
            block = XFSSuperblock(bytes: try system(Files.read(file, device, at: 0, count: block.sectorBytes)))
        }
        if let reason = block.refusal { throw .renewalFailed(type: "xfs", device: device, reason: reason) }
        return XFSImage(file: file, device: device, superblock: block)
    }

    /// Sets the UUID of the superblocks, the first one last.
    func setUUID(from old: UUID, to new: UUID) throws(FilesystemError) {
        for group in (0..<superblock.groups).reversed() {
            if group == 0 { try system(Files.sync(file, device)) }
            let place = group * superblock.groupBytes
            var block = XFSSuperblock(
                bytes: try system(Files.read(file, device, at: place, count: superblock.sectorBytes)))
            // A damaged one among the others stays what it is: they serve repairs alone.
            guard block.refusal == nil, block.uuid == old.bytes else { continue }
            block.setUUID(new.bytes)
            try write(block.bytes, at: place)
        }
        try system(Files.sync(file, device))
    }

    /// The place on the device of the record that an unmount has ended the log with, and the UUID in it; nil where the log
    /// ends otherwise.
    func unmountRecord() throws(FilesystemError) -> (place: Int64, uuid: [UInt8])? {
        let blocks = superblock.logBytes / Self.block
        let head = try headOfLog(blocks)
        // The record is its headers, one block of data, and what the stripe of the log fills up.
        for back in 1...min(blocks, Self.longestRecord) {
            let index = (head + blocks - back) % blocks
            let header = try logBlock(index)
            guard header.bigEndian(0) == Self.magic else { continue }
            let cycle = header.bigEndian(4)
            // Each header has room for the data of 32 KiB; how many there are goes by the largest that a record can be.
            let headers = max(1, (Int64(header.bigEndian(320)) + 32_767) / 32_768)
            let data = try logBlock((index + headers) % blocks)
            guard header.bigEndian(16) == cycle, Int64(header.bigEndian(20)) == index, header.bigEndian(40) == 1,
                data[9] & Self.isUnmount != 0
            else { return nil }
            return (superblock.logPlace + index * Self.block, Array(header[Self.recordUUID..<Self.recordUUID + 16]))
        }
        return nil
    }

    /// Sets the UUID in a record. Its checksum covers that, and stays: the kernel looks at those between the log's tail and
    /// head, and after an unmount the tail is behind the record.
    func setRecordUUID(at place: Int64, to new: UUID) throws(FilesystemError) {
        var header = try system(Files.read(file, device, at: place, count: Int(Self.block)))
        header.replaceSubrange(Self.recordUUID..<Self.recordUUID + 16, with: new.bytes)
        try write(header, at: place)
        try system(Files.sync(file, device))
    }

    /// The log is counted in blocks of 512 bytes, whatever the sectors are.
    private static let block: Int64 = 512
    /// Blocks: the headers, the data, and the largest stripe of 256 KiB.
    private static let longestRecord: Int64 = 9 + 512
    private static let magic: UInt32 = 0xfeed_babe
    /// XLOG_UNMOUNT_TRANS among the flags of an operation's header.
    private static let isUnmount: UInt8 = 0x20
    private static let recordUUID = 304

    /// The first block that the log's present round has not reached. Each block carries the number of its round.
    private func headOfLog(_ blocks: Int64) throws(FilesystemError) -> Int64 {
        let current = try round(0)
        var (low, high) = (Int64(0), blocks)
        while high - low > 1 {
            let middle = (low + high) / 2
            if try round(middle) == current { low = middle } else { high = middle }
        }
        return high % blocks
    }

    private func round(_ index: Int64) throws(FilesystemError) -> UInt32 {
        let bytes = try logBlock(index)
        return bytes.bigEndian(0) == Self.magic ? bytes.bigEndian(4) : bytes.bigEndian(0)
    }

    private func logBlock(_ index: Int64) throws(FilesystemError) -> [UInt8] {
        try system(Files.read(file, device, at: superblock.logPlace + index * Self.block, count: Int(Self.block)))
    }

    private func write(_ bytes: [UInt8], at place: Int64) throws(FilesystemError) {
        try system(Files.write(bytes, to: file, device, at: place))
    }
}

/// A superblock of XFS (struct xfs_dsb of xfs_format.h). All numbers but the checksum are big-endian.
struct XFSSuperblock {
    /// What all sector sizes have in common, in bytes.
    static let length = 512

    private(set) var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    private enum Field {
        static let blockSize = 4
        static let uuid = 32
        static let logStart = 48
        static let groupBlocks = 84
        static let groups = 88
        static let logBlocks = 96
        static let version = 100
        static let sectorSize = 102
        static let groupBlocksLog = 124
        static let incompatible = 216
        static let checksum = 224
        static let metadataUUID = 248
    }

    private static let magic: UInt32 = 0x5846_5342
    private static let usesMetadataUUID: UInt32 = 1 << 2

    var uuid: [UInt8] { Array(bytes[Field.uuid..<Field.uuid + 16]) }
    var groups: Int64 { Int64(bytes.bigEndian(Field.groups)) }
    var groupBytes: Int64 { Int64(bytes.bigEndian(Field.groupBlocks)) * blockBytes }
    var sectorBytes: Int { Int(bytes[Field.sectorSize]) << 8 | Int(bytes[Field.sectorSize + 1]) }
    var logBytes: Int64 { Int64(bytes.bigEndian(Field.logBlocks)) * blockBytes }
    private var blockBytes: Int64 { Int64(bytes.bigEndian(Field.blockSize)) }

    /// Where the log begins on the device. A block's number has its group in the upper bits.
    var logPlace: Int64 {
        let start = Int64(bytes.bigEndian(Field.logStart)) << 32 | Int64(bytes.bigEndian(Field.logStart + 4))
        let bits = Int64(bytes[Field.groupBlocksLog])
        return (start >> bits) * groupBytes + (start & (1 << bits - 1)) * blockBytes
    }

    /// Why it is none that may be changed; nil when it is one.
    var refusal: String? {
        guard bytes.bigEndian(0) == Self.magic else { return "it has no superblock of XFS" }
        guard bytes[Field.version + 1] & 0xf == 5 else { return "it is older than version 5 of XFS" }
        guard [512, 1_024, 2_048, 4_096].contains(sectorBytes), logPlace > 0, logBytes > 0 else {
            return "its superblock names a log or sectors that no volume has"
        }
        // The first look is at 512 bytes, whatever the sectors are.
        if bytes.count == sectorBytes && !bytes[Field.checksum..<Field.checksum + 4].elementsEqual(checksum) {
            return "its superblock does not fit its checksum; restore it from a backup"
        }
        return nil
    }

    /// The trees keep the UUID that they were made with, which the superblock names from then on beside the new one
    /// (incompatible feature META_UUID, Linux 4.3).
    mutating func setUUID(_ new: [UInt8]) {
        let features = bytes.bigEndian(Field.incompatible)
        let isRenewed = features & Self.usesMetadataUUID != 0
        let trees = isRenewed ? Array(bytes[Field.metadataUUID..<Field.metadataUUID + 16]) : uuid
        let differs = trees != new
        bytes.replaceSubrange(Field.uuid..<Field.uuid + 16, with: new)
        bytes.replaceSubrange(
            Field.metadataUUID..<Field.metadataUUID + 16, with: differs ? trees : [UInt8](repeating: 0, count: 16))
        let set = features & ~Self.usesMetadataUUID | (differs ? Self.usesMetadataUUID : 0)
        for index in 0..<4 {
            bytes[Field.incompatible + index] = UInt8(truncatingIfNeeded: set >> UInt32(24 - 8 * index))
        }
        bytes.replaceSubrange(Field.checksum..<Field.checksum + 4, with: checksum)
    }

    /// It is made over the whole sector with zeros in its own place, and is little-endian.
    private var checksum: [UInt8] {
        var covered = bytes
        covered.replaceSubrange(Field.checksum..<Field.checksum + 4, with: [0, 0, 0, 0])
        let crc = Checksums.crc32c(covered)
        return (0..<4).map { UInt8(truncatingIfNeeded: crc >> UInt32(8 * $0)) }
    }
}

extension [UInt8] {
    fileprivate func bigEndian(_ place: Int) -> UInt32 { self[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}
