internal import CSI
internal import RPC
internal import Testing

/// A capacity range and the size that comes of it.
struct SizeRow: Sendable, CustomTestStringConvertible {
    let label: String
    let capability: VolumeCapability
    let required: Int64
    let limit: Int64
    let expected: Int64

    init(_ label: String, _ capability: VolumeCapability, _ required: Int64, _ limit: Int64, gives expected: Int64) {
        self.label = label
        self.capability = capability
        self.required = required
        self.limit = limit
        self.expected = expected
    }

    var testDescription: String { label }

    static let all: [SizeRow] = [
        SizeRow("nothing stated", .mount(), 0, 0, gives: 1 << 30),
        SizeRow("only a limit below the standard", .mount(), 0, 64 * mebibyte, gives: 64 * mebibyte),
        SizeRow("only a limit above the standard", .mount(), 0, 1 << 40, gives: 1 << 30),
        SizeRow("only a limit that is no whole page", .block(), 0, 5 * mebibyte + 1, gives: 5 * mebibyte),
        SizeRow("a whole size", .mount(), 64 * mebibyte, 0, gives: 64 * mebibyte),
        SizeRow("one byte more is a page more", .mount(), 64 * mebibyte + 1, 0, gives: 64 * mebibyte + 4_096),
        SizeRow("rounding within the limit", .block(), 2 * mebibyte - 1, 2 * mebibyte, gives: 2 * mebibyte),
        SizeRow("requirement and limit the same", .mount(), 64 * mebibyte, 64 * mebibyte, gives: 64 * mebibyte),
        SizeRow(
            "the same and no whole page", .block(), 2 * mebibyte + 512, 2 * mebibyte + 512, gives: 2 * mebibyte + 512),
        SizeRow("less than ext4 can be", .mount("ext4"), 1, 0, gives: 8 * mebibyte),
        SizeRow("less than xfs can be", .mount("xfs"), 64 * mebibyte, 0, gives: 300 * mebibyte),
        SizeRow("less than xfs can be, with room", .mount("xfs"), 1, 300 * mebibyte, gives: 300 * mebibyte),
        SizeRow("less than btrfs can be", .mount("btrfs"), 1, 0, gives: 114_294_784),
        SizeRow("less than a raw block volume can be", .block(), 1, 0, gives: mebibyte),
        SizeRow("more than the pool, thin", .mount(), 1 << 43, 0, gives: 1 << 43),
    ]
}

@Suite("The size of a volume", .needsRoot)
struct CreateSizeTests {
    @Test("a capacity range gives a size within it", arguments: SizeRow.all)
    func size(row: SizeRow) async throws {
        try await withNode { node in
            let volume = try await node.create("v", row.capability, size: row.required, limit: row.limit)
            #expect(volume.size == row.expected)
            let again = try await node.create("v", row.capability, size: row.required, limit: row.limit)
            #expect(again.id == volume.id && again.size == volume.size)
        }
    }

    @Test("a size that is no whole page can be formatted, mounted and published", arguments: ["ext4", "btrfs"])
    func oddSize(type: String) async throws {
        try await withNode { node in
            let size = 120 * mebibyte + 512
            let volume = try await node.create("v", .mount(type), size: size, limit: size)
            #expect(volume.size == size)
            try await node.stage(volume)
            try await node.publish(volume)
            try await node.unpublish(volume)
            try await node.unstage(volume)
            try await node.stage(volume)
        }
    }

    @Test("a raw block volume has at least the size that it was given")
    func oddBlockSize() async throws {
        try await withNode { node in
            let size = 2 * mebibyte + 512
            let volume = try await node.create("v", .block(), size: size, limit: size)
            try await node.stage(volume)
            try await node.publish(volume)
            let usage = try #require(try await node.stats(volume, at: "target").first)
            // CSI promises at least required_bytes; whoever writes to the last of them must not fail.
            #expect(usage.total >= size)
        }
    }

    @Test("a size that no device can have is refused", arguments: [2 * mebibyte + 1, 120 * mebibyte + 513])
    func noWholeSector(size: Int64) async throws {
        try await withNode { node in
            await refused(.outOfRange, "512") {
                _ = try await node.create("v", .block(), size: size, limit: size)
            }
        }
    }
}
