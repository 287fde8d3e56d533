internal import Glibc
internal import Testing

/// Something that lands in a volume's image behind the node's back.
struct Stranger: Sendable, CustomTestStringConvertible {
    let label: String
    /// What the refusal has to tell of it.
    let word: String
    let put: @Sendable (String) async throws -> Void

    var testDescription: String { label }

    /// Each leaves a signature that is not the volume's own, alone or beside it.
    static let all: [Stranger] = [
        Stranger(label: "a swap area", word: "swap") { try await run("mkswap", $0) },
        Stranger(label: "an ext4 with another UUID", word: "ext4") { try await run("mkfs.ext4", "-q", "-F", $0) },
        Stranger(label: "a btrfs", word: "btrfs") { try await run("mkfs.btrfs", "-q", "-f", $0) },
        Stranger(label: "a GPT", word: "gpt") { try await write(gpt, to: $0) },
        Stranger(label: "an MBR beside the filesystem", word: "dos") {
            try await write(partitionTable, to: $0, at: 446)
        },
        Stranger(label: "a LUKS header", word: "crypto_LUKS") { try await write(luks, to: $0) },
        Stranger(label: "an LVM label", word: "LVM2_member") { try await write(lvm, to: $0, at: 512) },
    ]

    /// A partition of Linux over sectors 64 to 127, and the mark of a boot sector.
    private static let partitionTable: [UInt8] =
        [0, 0, 0, 0, 0x83, 0, 0, 0] + little(64, 4) + little(64, 4) + [UInt8](repeating: 0, count: 48) + [0x55, 0xaa]

    /// A protective MBR, the header in sector 1 and one entry in sector 2 (UEFI specification, 5.3).
    private static let gpt: [UInt8] = {
        let protective: [UInt8] =
            [UInt8](repeating: 0, count: 446) + [0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff] + little(1, 4) + little(1_000, 4)
            + [UInt8](repeating: 0, count: 48) + [0x55, 0xaa]
        let linux: [UInt8] = [
            0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4,
        ]
        let entry = linux + [UInt8](1...16) + little(64, 8) + little(127, 8) + [UInt8](repeating: 0, count: 80)
        let entries = entry + [UInt8](repeating: 0, count: 127 * 128)
        func header(_ checksum: UInt32) -> [UInt8] {
            Array("EFI PART".utf8) + [0, 0, 1, 0] + little(92, 4) + little(UInt64(checksum), 4) + little(0, 4)
                + little(1, 8) + little(65_535, 8) + little(34, 8) + little(65_502, 8) + [UInt8](17...32) + little(2, 8)
                + little(128, 4) + little(128, 4) + little(UInt64(crc32(entries)), 4)
        }
        return protective + header(crc32(header(0))) + [UInt8](repeating: 0, count: 420) + entries
    }()

    /// Magic, version 1 and, at offset 168, a UUID (LUKS1 on-disk format).
    private static let luks: [UInt8] =
        Array("LUKS".utf8) + [0xba, 0xbe, 0, 1] + [UInt8](repeating: 0, count: 160)
        + Array("6c0d0a1e-8a4e-4c5e-9a53-1f2b3c4d5e6f".utf8)

    /// A physical volume's label in sector 1; its checksum is over what follows it (lvm2, format_text/layout.h).
    private static let lvm: [UInt8] = {
        let rest = little(32, 4) + Array("LVM2 001".utf8) + Array("0123456789abcdefghijklmnopqrstuv".utf8)
        let body = rest + [UInt8](repeating: 0, count: 512 - 20 - rest.count)
        return Array("LABELONE".utf8) + little(1, 8) + little(UInt64(~crc32(body, start: 0xf597_a6cf)), 4) + body
    }()
}

/// The low bytes of a number, least first.
private func little(_ number: UInt64, _ bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// CRC-32 as GPT uses it (ISO 3309).
private func crc32(_ bytes: [UInt8], start: UInt32 = .max) -> UInt32 {
    ~bytes.reduce(start) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xedb8_8320) }
    }
}
