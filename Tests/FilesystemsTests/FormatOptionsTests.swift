internal import Devices
internal import Filesystems
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Filesystems: a client's format options")
struct FormatOptionsTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let kind: String
        let text: String
        let arguments: [String]
        var testDescription: String { "\(kind) '\(text)'" }

        init(_ kind: String, _ text: String, _ arguments: [String]? = nil) {
            self.kind = kind
            self.text = text
            self.arguments = arguments ?? text.split(separator: " ").map(String.init)
        }
    }

    @Test(
        "what is useful and harmless is let through",
        arguments: [
            Accepted("ext4", ""),
            Accepted("ext4", "  -i   8192 ", ["-i", "8192"]),
            Accepted("ext4", "-i 8192 -E stride=16,stripe_width=64"),
            Accepted("ext4", "-b 1024 -I 512 -N 5000 -m 5 -L data_1.x"),
            Accepted("ext4", "-T largefile4 -G 16 -J size=64"),
            Accepted(
                "ext4", "-O large_dir,project,^dir_index -E lazy_itable_init=0,packed_meta_blocks=1,resize=1000000"),
            Accepted("xfs", "-b size=4k -i size=1024,maxpct=10,sparse=1 -L data"),
            Accepted("xfs", "-d su=64k,sw=4,agcount=8 -l size=16m,su=64k,lazy-count=1"),
            Accepted("xfs", "-d agsize=64m,sunit=128,swidth=512 -n size=8192 -s size=4096"),
            Accepted("xfs", "-m crc=1,finobt=1,rmapbt=1,reflink=0,bigtime=0,inobtcount=1"),
            Accepted("btrfs", "-d single -m dup -n 16k -s 4096 -O no-holes,extref -L data --csum xxhash"),
            Accepted(
                "btrfs", "--data dup --nodesize 8192 -R free-space-tree",
                ["-d", "dup", "-n", "8192", "-R", "free-space-tree"]),
        ])
    func accepted(_ row: Accepted) throws {
        let filesystem = try #require(Filesystems.named(row.kind))
        #expect(try filesystem.formatOptions(row.text).arguments == row.arguments)
    }

    @Test("none are none", arguments: Kind.all)
    func none(_ kind: Kind) throws {
        #expect(try kind.filesystem.formatOptions("") == .none)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let kind: String
        let text: String
        /// The option that the refusal names.
        let option: String
        /// Words of the reason.
        let words: String
        var testDescription: String { "\(kind) '\(text)'" }

        init(_ kind: String, _ text: String, _ option: String, _ words: String) {
            self.kind = kind
            self.text = text
            self.option = option
            self.words = words
        }
    }

    @Test(
        "everything else is refused by name, with the reason and what is allowed",
        arguments: [
            Refused("ext4", "-i 8192 '-d /etc'", "'", "no shell"),
            Refused("ext4", "-L \"a\"", "\"", "no shell"),
            Refused("ext4", "-L $HOME", "$", "no shell"),
            Refused("ext4", "-L a\u{9}b", "U+9", "no shell"),
            Refused("ext4", "-L a\nb", "U+a", "no shell"),
            Refused("ext4", "-L a\u{0}b", "U+0", "no shell"),
            Refused("ext4", "-L gr\u{f6}\u{df}e", "U+f6", "no shell"),
            Refused("ext4", "-d /etc", "-d", "folder of the host; allowed for ext4 are -b, -i"),
            Refused("ext4", "-l /etc/passwd", "-l", "file of the host"),
            Refused("ext4", "-z /etc/passwd", "-z", "file of the host"),
            Refused(
                "ext4", "-J device=/dev/sda", "-J device=/dev/sda", "key 'device' is not allowed, allowed are size"),
            Refused("ext4", "-J size=64,location=5", "-J size=64,location=5", "key 'location'"),
            Refused("ext4", "-j", "-j", "allowed for ext4 are"),
            Refused("ext4", "-E offset=4096", "-E offset=4096", "key 'offset'"),
            Refused("ext4", "-E discard", "-E discard", "key 'discard'"),
            Refused("ext4", "-E stride=16,nodiscard", "-E stride=16,nodiscard", "key 'nodiscard'"),
            Refused("ext4", "-E stride=16,stride=32", "-E stride=16,stride=32", "given twice"),
            Refused("ext4", "-E stride=", "-E stride=", "a number from 1"),
            Refused("ext4", "-E stride", "-E stride", "a number from 1"),
            Refused("ext4", "-E stride=-1", "-E stride=-1", "a number from 1"),
            Refused("ext4", "-E stride=16,", "-E stride=16,", "key ''"),
            Refused("ext4", "-E", "-E", "key=value"),
            Refused("ext4", "-S", "-S", "makes no filesystem"),
            Refused("ext4", "-n", "-n", "makes no filesystem"),
            Refused("ext4", "-U random", "-U", "record has the UUID"),
            Refused("ext4", "-t ext2", "-t", "fstype"),
            Refused("ext4", "-c", "-c", "whole device"),
            Refused("ext4", "-F", "-F", "by force"),
            Refused("ext4", "-q", "-q", "none of those"),
            Refused("ext4", "-m 51", "-m 51", "from 0 to 50"),
            Refused("ext4", "-m 5%", "-m 5%", "from 0 to 50"),
            Refused("ext4", "-m -1", "-m -1", "from 0 to 50"),
            Refused("ext4", "-b 65536", "-b 65536", "one of 1024"),
            Refused("ext4", "-b4096", "-b4096", "a space has to stand behind -b"),
            Refused("ext4", "-b 4096 -b 1024", "-b", "given twice"),
            Refused("ext4", "-b", "-b", "one of 1024"),
            Refused("ext4", "-i 99999999999999999999", "-i 99999999999999999999", "a number from"),
            Refused("ext4", "-T hurd", "-T hurd", "one of default"),
            Refused("ext4", "-O ^has_journal", "-O ^has_journal", "'^has_journal' is none of"),
            Refused("ext4", "-O journal_dev", "-O journal_dev", "'journal_dev' is none of"),
            Refused("ext4", "-O project,none", "-O project,none", "'none' is none of"),
            Refused("ext4", "-O quota,quota", "-O quota,quota", "'quota' is given twice"),
            Refused("ext4", "-O stable_inodes", "-O stable_inodes", "none of"),
            Refused("ext4", "-L ../../x", "-L ../../x", "letters"),
            Refused("ext4", "-L 12345678901234567", "-L 12345678901234567", "at most 16"),
            Refused("ext4", "1000", "1000", "belongs to no option"),
            Refused("ext4", "-i 8192 /dev/sda", "/dev/sda", "belongs to no option"),
            Refused("ext4", "--", "--", "allowed for ext4"),
            Refused("xfs", "-p /etc/passwd", "-p", "file of the host; allowed for xfs are -b, -d"),
            Refused("xfs", "-c options=/etc/passwd", "-c", "file of the host"),
            Refused("xfs", "-l logdev=/dev/sda", "-l logdev=/dev/sda", "key 'logdev'"),
            Refused("xfs", "-d file", "-d file", "key 'file'"),
            Refused("xfs", "-d name=/dev/sda", "-d name=/dev/sda", "key 'name'"),
            Refused("xfs", "-d size=300m", "-d size=300m", "key 'size'"),
            Refused("xfs", "-r rtdev=/dev/sda", "-r", "another device"),
            Refused("xfs", "-m uuid=generate", "-m uuid=generate", "key 'uuid'"),
            Refused("xfs", "-m crc=0", "-m crc=0", "has to be 1"),
            Refused("xfs", "-m finobt=2", "-m finobt=2", "one of 0, 1"),
            Refused("xfs", "-i size=1t", "-i size=1t", "a number of bytes from 512"),
            Refused("xfs", "-i size=9223372036854775807g", "-i size=9223372036854775807g", "a number of bytes"),
            Refused("xfs", "-i maxpct=101", "-i maxpct=101", "from 0 to 100"),
            Refused("xfs", "-n version=ci", "-n version=ci", "key 'version'"),
            Refused("xfs", "-N", "-N", "makes no filesystem"),
            Refused("xfs", "-f", "-f", "none of those"),
            Refused("xfs", "-L 1234567890123", "-L 1234567890123", "at most 12"),
            Refused("btrfs", "--rootdir /etc", "--rootdir", "folder of the host; allowed for btrfs are -d, -m"),
            Refused("btrfs", "--rootdir=/etc", "--rootdir=/etc", "folder of the host"),
            Refused("btrfs", "-r /etc", "-r", "folder of the host"),
            Refused("btrfs", "--shrink", "--shrink", "whole device"),
            Refused("btrfs", "-b 200m", "-b", "whole device"),
            Refused("btrfs", "-U x", "-U", "record has the UUID"),
            Refused("btrfs", "-O list-all", "-O list-all", "'list-all' is none of"),
            Refused("btrfs", "-O zoned", "-O zoned", "none of"),
            Refused("btrfs", "-d raid1", "-d raid1", "one of single, dup"),
            Refused("btrfs", "-d single --data dup", "--data", "given twice"),
            Refused("btrfs", "--data=single", "--data=single", "a space has to stand behind --data"),
            Refused("btrfs", "--csum sha256", "--csum sha256", "one of crc32c, xxhash"),
            Refused("btrfs", "-M", "-M", "none of those"),
            Refused("btrfs", "/dev/sda", "/dev/sda", "belongs to no option"),
        ])
    func refused(_ row: Refused) throws {
        let filesystem = try #require(Filesystems.named(row.kind))
        let error = #expect(throws: FilesystemError.self) { try filesystem.formatOptions(row.text) }
        guard case .refusedFormatOption(let option, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(option == row.option)
        #expect(reason.contains(row.words), "\(reason)")
        #expect("\(error!)".hasPrefix("the format option '\(row.option)' is refused: "))
    }
}

@Suite("Filesystems: format options take effect", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct FormatEffectTests {
    let folder = TemporaryFolder("options")

    struct Row: Sendable, CustomTestStringConvertible {
        let kind: Kind
        let text: String
        /// A command that reads the image whose path stands behind it.
        let look: String
        let lines: [String]
        var testDescription: String { "\(kind.name) '\(text)'" }
    }

    @Test(
        "each is what the filesystem has afterwards, and ours hold beside it",
        arguments: [
            Row(
                kind: Kind.all[0],
                text: "-b 1024 -I 512 -i 8192 -m 5 -L words -T news -G 8 -J size=8 -O fast_commit,large_dir "
                    + "-E stride=16,stripe_width=64,lazy_itable_init=0",
                look: "dumpe2fs -h",
                lines: [
                    "Block size: 1024", "Inode size: 512", "Filesystem volume name: words", "RAID stride: 16",
                    "RAID stripe width: 64", "Errors behavior: Remount read-only", "Flex block group size: 8",
                    "Total journal size: 8M", "Inode count: 65536", "Reserved block count: 26214",
                ]),
            Row(
                kind: Kind.all[0], text: "-O ^metadata_csum -N 4096", look: "dumpe2fs -h",
                lines: ["Inode count: 4096", "Reserved block count: 0"]),
            Row(
                kind: Kind.all[1],
                text:
                    "-d agcount=2,su=64k,sw=4 -i size=1024,maxpct=10 -m reflink=0,rmapbt=1 -n size=8192 -s size=4096 -L words",
                look: "xfs_db -r -c 'sb 0' -c 'p agcount unit width inodesize imax_pct dirblklog sectsize fname'",
                lines: [
                    "agcount = 2", "unit = 16", "width = 64", "inodesize = 1024", "imax_pct = 10", "dirblklog = 1",
                    "sectsize = 4096", "fname = \"words\\000\\000\\000\\000\\000\\000\\000\"",
                ]),
            Row(
                kind: Kind.all[2], text: "-d single -m single -n 8k --csum xxhash -L words",
                look: "btrfs inspect-internal dump-super",
                lines: ["nodesize 8192", "label words", "csum_type 1 (xxhash64)"]),
        ])
    func effect(_ row: Row) throws {
        folder.makeImage("image", bytes: 512 << 20)
        let options = try row.kind.filesystem.formatOptions(row.text)
        let uuid = UUID.random()
        let device = try folder.attach("image")
        guard case .blank(let proof) = try Examination.examine(device) else {
            Issue.record("the image is not blank")
            return
        }
        try row.kind.filesystem.format(proof, uuid: uuid, onZeros: true, options: options)
        try device.sync()
        let facts = try sh("\(row.look) '\(folder.at("image"))'").split(separator: "\n").map { line in
            line.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
        }
        for line in row.lines { #expect(facts.contains(line), "\(line) in \(facts)") }
        #expect(try folder.signature("image")?.uuid == uuid)
        #expect(folder.allocated("image") < 200 << 20, "the image stays sparse")
        let point = folder.makeFolder("point")
        try sh(
            "mount -t \(row.kind.name) '\(device.path)' '\(point)' && echo words >'\(point)/file' && umount '\(point)'")
    }
}
