/// The checksums that btrfs seals its superblock with. They run over 4 KiB once in a clone's life, so they are plain.
enum Checksums {
    /// CRC-32C (RFC 9260, appendix A).
    static func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82f6_3b78 }
        }
        return ~crc
    }

    /// XXH64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
    static func xxHash64(_ bytes: some Collection<UInt8>) -> UInt64 {
        var rest = Array(bytes)[...]
        let length = UInt64(rest.count)
        var hash: UInt64
        if rest.count < 32 {
            hash = prime5
        } else {
            var lanes: [UInt64] = [prime1 &+ prime2, prime2, 0, 0 &- prime1]
            while rest.count >= 32 {
                for lane in 0..<4 { lanes[lane] = round(lanes[lane], take(8, from: &rest)) }
            }
            hash = rotate(lanes[0], 1) &+ rotate(lanes[1], 7) &+ rotate(lanes[2], 12) &+ rotate(lanes[3], 18)
            for lane in lanes { hash = (hash ^ round(0, lane)) &* prime1 &+ prime4 }
        }
        hash &+= length
        while rest.count >= 8 { hash = rotate(hash ^ round(0, take(8, from: &rest)), 27) &* prime1 &+ prime4 }
        if rest.count >= 4 { hash = rotate(hash ^ (take(4, from: &rest) &* prime1), 23) &* prime2 &+ prime3 }
        while !rest.isEmpty { hash = rotate(hash ^ (take(1, from: &rest) &* prime5), 11) &* prime1 }
        hash = (hash ^ hash >> 33) &* prime2
        hash = (hash ^ hash >> 29) &* prime3
        return hash ^ hash >> 32
    }

    private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
    private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
    private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
    private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    /// A little-endian number.
    private static func take(_ count: Int, from rest: inout ArraySlice<UInt8>) -> UInt64 {
        let value = rest.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(count)
        return value
    }
}
