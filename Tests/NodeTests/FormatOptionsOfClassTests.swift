internal import CSI
internal import RPC
internal import TestSupport
internal import Testing

@Suite("mkfsOptions of a StorageClass", .needsRoot)
struct FormatOptionsOfClassTests {
    @Test("reach mkfs, and our own beside them", arguments: ReachingOptions.all)
    func reach(row: ReachingOptions) async throws {
        try await withNode { node in
            let volume = try await node.create(
                "v", .mount(row.type), size: row.size, parameters: ["mkfsOptions": row.options])
            try await node.use(volume, as: "target")
            let device = try #require(loopDevice(of: node.image(of: volume)))
            let told =
                switch row.type {
                case "ext4": try await run("dumpe2fs", "-h", device)
                case "xfs": try await run("xfs_info", node.path("target"))
                default: try await run("btrfs", "inspect-internal", "dump-super", device)
                }
            let words = told.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            for expected in row.told { #expect(words.contains(expected), "\(told)") }
            try await write([1], to: node.path("target/file"))
        }
    }

    @Test("that name a file of the host or another device, or are unknown, are refused", arguments: RefusedOptions.all)
    func refusals(row: RefusedOptions) async throws {
        try await withNode { node in
            await expectRefusal(.invalidArgument, row.words, row.options) {
                try await node.create(
                    "v", .mount(row.type), size: 300 * mebibyte, parameters: ["mkfsOptions": row.options])
            }
            #expect(node.poolFiles() == [])
        }
    }

    @Test("that are not of the volume's own filesystem are refused, also where nobody names one")
    func otherFilesystem() async throws {
        try await withNode { node in
            await refused(.invalidArgument, "-i") {
                try await node.create("v", .mount("btrfs"), size: nil, parameters: ["mkfsOptions": "-i 8192"])
            }
            await refused(.invalidArgument, "--csum") {
                try await node.create("v", .mount(), size: nil, parameters: ["mkfsOptions": "--csum xxhash"])
            }
        }
    }
}

struct ReachingOptions: Sendable, CustomTestStringConvertible {
    let type: String
    let size: Int64
    let options: String
    let told: [String]

    var testDescription: String { "\(type): \(options)" }

    static let all: [ReachingOptions] = [
        ReachingOptions(
            type: "ext4", size: 16 * mebibyte, options: "-b 4096 -i 32768 -L data -E stride=4,stripe_width=8",
            told: [
                "Block size: 4096", "Filesystem volume name: data", "RAID stride: 4", "RAID stripe width: 8",
                "Errors behavior: Remount read-only", "Reserved block count: 0",
            ]),
        ReachingOptions(
            type: "ext4", size: 16 * mebibyte, options: "-m 5 -O ^dir_index", told: ["Errors behavior: Remount"]),
        ReachingOptions(
            type: "xfs", size: 300 * mebibyte, options: "-m reflink=0 -i size=1024",
            told: ["reflink=0", "isize=1024"]),
        ReachingOptions(
            type: "btrfs", size: 128 * mebibyte, options: "--csum xxhash -L data",
            told: ["csum_type 1 (xxhash64)", "label data"]),
    ]
}

struct RefusedOptions: Sendable, CustomTestStringConvertible {
    let type: String
    let options: String
    let words: [String]

    var testDescription: String { "\(type): \(options)" }

    static let all: [RefusedOptions] = [
        RefusedOptions(type: "ext4", options: "-d /etc", words: ["-d", "host"]),
        RefusedOptions(type: "ext4", options: "-z /tmp/undo", words: ["-z", "host"]),
        RefusedOptions(type: "ext4", options: "-J device=/dev/vda", words: ["device", "size"]),
        RefusedOptions(type: "ext4", options: "-F", words: ["-F", "proof"]),
        RefusedOptions(type: "ext4", options: "-U random", words: ["-U", "record"]),
        RefusedOptions(type: "ext4", options: "/dev/vda", words: ["/dev/vda"]),
        RefusedOptions(type: "ext4", options: "-b 4096; rm -rf /", words: [";"]),
        RefusedOptions(type: "ext4", options: "-L $(reboot)", words: ["$"]),
        RefusedOptions(type: "xfs", options: "-l logdev=/dev/vda", words: ["logdev"]),
        RefusedOptions(type: "xfs", options: "-p /etc/passwd", words: ["-p", "host"]),
        RefusedOptions(type: "xfs", options: "-r rtdev=/dev/vda", words: ["-r", "device"]),
        RefusedOptions(type: "btrfs", options: "--rootdir /etc", words: ["--rootdir", "host"]),
        RefusedOptions(type: "btrfs", options: "-d raid1 /dev/vda", words: ["-d raid1"]),
    ]
}
