internal import TestSupport

/// Signatures written by hand, byte by byte, where the tool that makes them is not installed everywhere. Offsets and
/// checks are those of libblkid's `superblocks/` and `partitions/`; `blkid -p` is asked whether they are right.
enum SignatureImages {
    /// LUKS2 (its on-disk format, section 2.1): magic, version, header size, UUID at 168, own offset at 256.
    static func luks(_ folder: TemporaryFolder, _ name: String, version: UInt16, uuid: String) {
        var head = [UInt8](repeating: 0, count: 512)
        head.put(Array("LUKS".utf8) + [0xba, 0xbe] + version.bigEndianBytes, at: 0)
        head.put(UInt64(16_384).bigEndianBytes, at: 8)
        head.put(Array(uuid.utf8), at: 168)
        folder.write(head, to: name, at: 0)
    }

    /// An LVM2 physical volume's label in the second sector (lvm2's format_text/layout.h).
    static func physicalVolume(_ folder: TemporaryFolder, _ name: String) {
        var label = [UInt8](repeating: 0, count: 512)
        label.put(Array("LABELONE".utf8) + UInt64(1).littleEndianBytes, at: 0)
        label.put(UInt32(32).littleEndianBytes + Array("LVM2 001".utf8), at: 20)
        label.put(Array("0123456789abcdefghijABCDEFGHIJKL".utf8), at: 32)
        label.put(crc32(label[20...], from: 0xf597_a6cf).littleEndianBytes, at: 16)
        folder.write(label, to: name, at: 512)
    }

    /// An md superblock of version 1.2, 4 KiB from the start (md(4)).
    static func raid(_ folder: TemporaryFolder, _ name: String) {
        var block = [UInt8](repeating: 0, count: 256)
        block.put(UInt32(0xa92b_4efc).littleEndianBytes + UInt32(1).littleEndianBytes, at: 0)
        block.put([UInt8](1...16), at: 16)
        block.put(UInt64(8).littleEndianBytes, at: 144)
        folder.write(block, to: name, at: 4_096)
    }

    /// An md superblock of version 0.90, in the last whole 64 KiB: nothing at all stands at the start.
    static func raidAtTheEnd(_ folder: TemporaryFolder, _ name: String, size: Int64) {
        var block = [UInt8](repeating: 0, count: 4_096)
        block.put(
            UInt32(0xa92b_4efc).littleEndianBytes + UInt32(0).littleEndianBytes + UInt32(90).littleEndianBytes, at: 0)
        block.put([UInt8](1...4), at: 20)
        folder.write(block, to: name, at: (size & ~0xffff) - 65_536)
    }

    /// A DOS partition table with one Linux partition.
    static func partitionTable(_ folder: TemporaryFolder, _ name: String) {
        var sector = [UInt8](repeating: 0, count: 512)
        sector.put([0x78, 0x56, 0x34, 0x12], at: 440)
        sector.put([0, 0, 0, 0, 0x83, 0, 0, 0], at: 446)
        sector.put(UInt32(2_048).littleEndianBytes + UInt32(4_096).littleEndianBytes, at: 454)
        sector.put([0x55, 0xaa], at: 510)
        folder.write(sector, to: name, at: 0)
    }

    /// A GUID partition table (UEFI specification, section 5.3) without partitions: a protective MBR, and a header with
    /// its entries at either end.
    static func guidTable(
        _ folder: TemporaryFolder, _ name: String, size: Int64, protective: Bool = true, primary: Bool = true
    ) {
        let last = UInt64(size / 512) - 1
        if protective {
            var boot = [UInt8](repeating: 0, count: 512)
            boot.put([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff], at: 446)
            boot.put(UInt32(1).littleEndianBytes + UInt32(last).littleEndianBytes, at: 454)
            boot.put([0x55, 0xaa], at: 510)
            folder.write(boot, to: name, at: 0)
        }
        if primary { folder.write(header(at: 1, other: last, entries: 2, last: last), to: name, at: 512) }
        let backup = header(at: last, other: 1, entries: last - 32, last: last)
        folder.write(backup, to: name, at: Int64(last) * 512)
    }

    private static func header(at own: UInt64, other: UInt64, entries: UInt64, last: UInt64) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        header.put(Array("EFI PART".utf8) + [0, 0, 1, 0] + UInt32(92).littleEndianBytes, at: 0)
        header.put(own.littleEndianBytes + other.littleEndianBytes, at: 24)
        header.put(UInt64(34).littleEndianBytes + (last - 33).littleEndianBytes + [UInt8](1...16), at: 40)
        header.put(entries.littleEndianBytes + UInt32(128).littleEndianBytes + UInt32(128).littleEndianBytes, at: 72)
        header.put((~crc32([UInt8](repeating: 0, count: 128 * 128)[...])).littleEndianBytes, at: 88)
        header.put((~crc32(header[..<92])).littleEndianBytes, at: 16)
        return header
    }

    /// CRC-32 of IEEE 802.3, reflected, without the final inversion.
    private static func crc32(_ bytes: ArraySlice<UInt8>, from start: UInt32 = .max) -> UInt32 {
        var crc = start
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
        }
        return crc
    }
}

extension [UInt8] {
    mutating func put(_ bytes: [UInt8], at offset: Int) {
        replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
}

extension FixedWidthInteger {
    var littleEndianBytes: [UInt8] { (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) } }
    var bigEndianBytes: [UInt8] { littleEndianBytes.reversed() }
}
