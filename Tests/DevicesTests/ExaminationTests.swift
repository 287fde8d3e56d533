internal import Devices
internal import TestSupport
internal import Testing

/// One image, and what examining it has to find.
struct Content: Sendable, CustomTestStringConvertible {
    let label: String
    var bytes: Int64 = 16 << 20
    let expected: String
    /// What `blkid -p` says of it, where it agrees by design; nil where it knows less than an examination must.
    var secondOpinion: String?
    let make: @Sendable (TemporaryFolder) throws -> Void
    var testDescription: String { label }

    static let uuid = "3b0a9b8e-6a53-4a0e-9c55-7a1c3a1f2d10"

    /// Bytes without order, the same at every run.
    static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    static func format(_ command: String) -> @Sendable (TemporaryFolder) throws -> Void {
        { folder in try sh("\(command) '\(folder.at("image"))'") }
    }

    static let ext4 = format("mkfs.ext4 -q -F -U \(uuid)")
    static let xfs = format("mkfs.xfs -q -f -m uuid=\(uuid)")
    static let btrfs = format("mkfs.btrfs -q -f -U \(uuid)")
    static let swap = format("mkswap -q -U \(uuid)")

    static let blank: [Content] = [
        Content(label: "zeros", expected: "blank, zeroed") { _ in },
        Content(label: "a single byte at the start", expected: "blank") { $0.write([1], to: "image", at: 0) },
        Content(label: "a single byte at the very end", expected: "blank") {
            $0.write([1], to: "image", at: (16 << 20) - 1)
        },
        Content(label: "data that nobody knows", expected: "blank") { $0.write(noise(2 << 20), to: "image", at: 0) },
        Content(label: "one sector, zeros", bytes: 512, expected: "blank, zeroed") { _ in },
        Content(label: "a MiB and a sector, zeros", bytes: (1 << 20) + 512, expected: "blank, zeroed") { _ in },
        Content(label: "ext4, wiped", expected: "blank") {
            try ext4($0)
            try sh("wipefs -qa '\($0.at("image"))'")
        },
    ]

    static let filesystems: [Content] = [
        Content(label: "ext4", expected: "filesystem ext4", secondOpinion: "ext4", make: ext4),
        Content(label: "xfs", bytes: 300 << 20, expected: "filesystem xfs", secondOpinion: "xfs", make: xfs),
        Content(label: "btrfs", bytes: 128 << 20, expected: "filesystem btrfs", secondOpinion: "btrfs", make: btrfs),
        Content(
            label: "ext2", expected: "filesystem ext2", secondOpinion: "ext2", make: format("mkfs.ext2 -q -F")),
        Content(label: "ext4 with a damaged superblock checksum", expected: "filesystem ext4") {
            try ext4($0)
            $0.write([0x21], to: "image", at: 1_024 + 120)
        },
        Content(label: "xfs with a damaged superblock checksum", bytes: 300 << 20, expected: "filesystem xfs") {
            try xfs($0)
            $0.write([0x21], to: "image", at: 108)
        },
        Content(label: "btrfs with a damaged superblock checksum", bytes: 128 << 20, expected: "filesystem btrfs") {
            try btrfs($0)
            $0.write([0x21], to: "image", at: 65_536 + 0x12b)
        },
        Content(label: "ext4 whose device is cut to a quarter", expected: "filesystem ext4") {
            try ext4($0)
            try sh("truncate -s 4M '\($0.at("image"))'")
        },
        Content(label: "xfs whose device is cut to a tenth", bytes: 300 << 20, expected: "filesystem xfs") {
            try xfs($0)
            try sh("truncate -s 30M '\($0.at("image"))'")
        },
        Content(label: "btrfs whose device is cut to a half", bytes: 128 << 20, expected: "filesystem btrfs") {
            try btrfs($0)
            try sh("truncate -s 64M '\($0.at("image"))'")
        },
    ]

    static let foreign: [Content] = [
        Content(label: "swap", expected: "swap swap", secondOpinion: "swap", make: swap),
        Content(label: "LUKS1", expected: "encrypted volume crypto_LUKS", secondOpinion: "crypto_LUKS") {
            SignatureImages.luks($0, "image", version: 1, uuid: uuid)
        },
        Content(label: "LUKS2", expected: "encrypted volume crypto_LUKS", secondOpinion: "crypto_LUKS") {
            SignatureImages.luks($0, "image", version: 2, uuid: uuid)
        },
        Content(label: "LVM physical volume", expected: "RAID or LVM member LVM2_member", secondOpinion: "LVM2_member")
        {
            SignatureImages.physicalVolume($0, "image")
        },
        Content(
            label: "LVM physical volume with a damaged checksum", expected: "RAID or LVM member LVM2_member",
            make: {
                SignatureImages.physicalVolume($0, "image")
                $0.write([0x5a], to: "image", at: 512 + 16)
            }),
        Content(
            label: "md 1.2", expected: "RAID or LVM member linux_raid_member", secondOpinion: "linux_raid_member"
        ) { SignatureImages.raid($0, "image") },
        Content(
            label: "md 0.90 at the end", expected: "RAID or LVM member linux_raid_member",
            secondOpinion: "linux_raid_member"
        ) { SignatureImages.raidAtTheEnd($0, "image", size: 16 << 20) },
        Content(label: "DOS partition table", expected: "partition table dos", secondOpinion: "dos") {
            SignatureImages.partitionTable($0, "image")
        },
        Content(label: "GPT without its protective MBR", expected: "partition table gpt") {
            SignatureImages.guidTable($0, "image", size: 16 << 20, protective: false)
        },
        Content(label: "GPT of which only the backup is left", expected: "partition table gpt") {
            SignatureImages.guidTable($0, "image", size: 16 << 20, protective: false, primary: false)
        },
        Content(label: "GPT", expected: "partition table gpt", secondOpinion: "gpt") {
            SignatureImages.guidTable($0, "image", size: 16 << 20)
        },
    ]

    static let ambiguous: [Content] = [
        Content(label: "ext4 and a swap signature", expected: "ambiguous: filesystem ext4, swap swap") {
            try ext4($0)
            $0.write(Array("SWAP-SPACE".utf8), to: "image", at: 4_086)
        },
        Content(label: "ext4 and a LUKS header", expected: "ambiguous: encrypted volume crypto_LUKS, filesystem ext4") {
            try ext4($0)
            SignatureImages.luks($0, "image", version: 1, uuid: uuid)
        },
        Content(
            label: "ext4 and an md superblock at the end",
            expected: "ambiguous: RAID or LVM member linux_raid_member, filesystem ext4"
        ) {
            try ext4($0)
            SignatureImages.raidAtTheEnd($0, "image", size: 16 << 20)
        },
        Content(label: "xfs and ext4", bytes: 300 << 20, expected: "ambiguous: filesystem ext4, filesystem xfs") {
            try ext4($0)
            $0.write(Array("XFSB".utf8), to: "image", at: 0)
            let other = TemporaryFolder("examination")
            other.makeImage("image", bytes: 300 << 20)
            try xfs(other)
            $0.write(Array(other.read("image")[..<512]), to: "image", at: 0)
        },
        Content(label: "ext4 and btrfs", bytes: 128 << 20, expected: "ambiguous: filesystem btrfs, filesystem ext4") {
            try ext4($0)
            let other = TemporaryFolder("examination")
            other.makeImage("image", bytes: 128 << 20)
            try btrfs(other)
            $0.write(Array(other.read("image")[65_536..<69_632]), to: "image", at: 65_536)
        },
    ]
}

@Suite("Examination", .serialized, .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct ExaminationTests {
    let folder = TemporaryFolder("examination")

    @Test("finds", arguments: Content.blank + Content.filesystems + Content.foreign + Content.ambiguous)
    func finds(_ row: Content) throws {
        folder.makeImage("image", bytes: row.bytes)
        try row.make(folder)
        try folder.remember("image")
        #expect(try folder.examine("image") == row.expected)
        #expect(folder.hasNoLoops())
        #expect(folder.isUnchanged("image"), "looking has written nothing")
        if let expected = row.secondOpinion {
            let (status, answer) = outcome(of: "blkid -p -o value -s TYPE -s PTTYPE '\(folder.at("image"))'")
            #expect(status == 0 && answer.split(separator: "\n").contains(Substring(expected)), "\(answer)")
        }
    }

    @Test("a filesystem's UUID is read", arguments: Content.filesystems.prefix(3))
    func uuid(_ row: Content) throws {
        folder.makeImage("image", bytes: row.bytes)
        try row.make(folder)
        let device = try folder.attach("image").device()
        guard case .filesystem(let signature) = try Examination.examine(device) else {
            Issue.record("no filesystem")
            return
        }
        #expect(signature.uuid == UUID(Content.uuid))
        #expect("\(signature)" == "a filesystem of type \(row.label) with UUID \(Content.uuid)")
    }

    @Test("the proof of blankness is that device's")
    func proof() throws {
        folder.makeImage("image", bytes: 8 << 20)
        let device = try folder.attach("image").device()
        guard case .blank(let proof) = try Examination.examine(device) else {
            Issue.record("not blank")
            return
        }
        #expect(proof.path == device.path)
        #expect(proof.number == device.number)
        #expect(proof.size == 8 << 20)
    }

    struct Remains: Sendable, CustomTestStringConvertible {
        let content: Content
        var uuid = Content.uuid
        let expected: String
        let label: String
        var testDescription: String { label }
    }

    @Test(
        "remains count as blank only when they are one filesystem of that UUID",
        arguments: [
            Remains(content: Content.filesystems[0], expected: "blank", label: "ext4 of that UUID"),
            Remains(content: Content.filesystems[1], expected: "blank", label: "xfs of that UUID"),
            Remains(content: Content.filesystems[2], expected: "blank", label: "btrfs of that UUID"),
            Remains(
                content: Content.filesystems[0], uuid: "3b0a9b8e-6a53-4a0e-9c55-7a1c3a1f2d11",
                expected: "filesystem ext4",
                label: "ext4 of another UUID"),
            Remains(content: Content.blank[0], expected: "blank, zeroed", label: "nothing"),
            Remains(content: Content.foreign[0], expected: "swap swap", label: "swap of that UUID"),
            Remains(
                content: Content.foreign[2], expected: "encrypted volume crypto_LUKS", label: "LUKS of that UUID"),
            Remains(
                content: Content.ambiguous[0], expected: "ambiguous: filesystem ext4, swap swap",
                label: "ext4 of that UUID, and swap"),
            Remains(
                content: Content.ambiguous[3], expected: "ambiguous: filesystem ext4, filesystem xfs",
                label: "ext4 and xfs of that UUID"),
        ])
    func remains(_ row: Remains) throws {
        folder.makeImage("image", bytes: row.content.bytes)
        try row.content.make(folder)
        #expect(try folder.examine("image", remains: UUID(row.uuid)) == row.expected)
    }
}
