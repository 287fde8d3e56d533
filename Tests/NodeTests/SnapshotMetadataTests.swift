internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Blocks of snapshots", .needsRoot)
struct SnapshotMetadataTests {
    /// Applies what a stream has told of `target` to a copy of `base`, or to zeros: byte for byte it has to become the
    /// target.
    private func expectRebuilt(
        _ target: String, from base: String?, _ list: BlockList, _ what: String, _ node: NodeUnderTest,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let rebuilt = node.folder.at("rebuilt")
        unlink(rebuilt)
        try await run("cp", "--sparse=always", base ?? "/dev/null", rebuilt)
        try await resize(rebuilt, to: Int64(fileSize(target)))
        try await HostThread.run { () throws(SystemError) in
            let want = try Files.open(target, O_RDONLY)
            let have = try Files.open(rebuilt, O_WRONLY)
            for offset in list.offsets {
                let bytes = try Files.read(want, target, at: offset, count: Int(list.blockSize))
                try Files.write(bytes, to: have, rebuilt, at: offset)
            }
        }
        let comparison = try await attempt("cmp", rebuilt, target)
        #expect(comparison.status == 0, "\(what): \(comparison.summary)", sourceLocation: location)
    }

    /// A small generator of its own, so that a failure can be had again.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    /// Writes, overwrites with the same, zeros and discards here and there on a raw device.
    private func stir(_ device: String, size: Int64, _ dice: inout Dice) async throws {
        for _ in 0..<12 {
            let length = Int64.random(in: 1...40, using: &dice) * 4_096
            let offset = Int64.random(in: 0...(size - length) / 512, using: &dice) * 512
            switch Int.random(in: 0..<4, using: &dice) {
            case 0:
                let start = offset / 4_096 * 4_096
                try await run("blkdiscard", "-o", "\(start)", "-l", "\(length)", device)
            case 1: try await write([UInt8](repeating: 0, count: Int(length)), to: device, at: offset)
            case 2:
                let same = try await read(device, at: offset, count: Int(length))
                try await write(same, to: device, at: offset)
            default:
                let byte = UInt8.random(in: 1...255, using: &dice)
                try await write([UInt8](repeating: byte, count: Int(length)), to: device, at: offset)
            }
        }
    }

    @Test("what changed on a raw device rebuilds each snapshot from each earlier one", arguments: PoolGround.allCases)
    func rebuild(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            let size = 16 * mebibyte
            let volume = try await node.create("v", .block(), size: size)
            var dice = Dice(state: 42)
            var snapshots = [try await node.snapshot(volume, "empty")]
            for number in 1...3 {
                try await node.use(volume, as: "v")
                try await stir(node.path("v"), size: size, &dice)
                try await node.stopUsing(volume, as: "v")
                snapshots.append(try await node.snapshot(volume, "\(number)"))
            }
            for (index, target) in snapshots.enumerated() {
                let image = node.image(of: target)
                let all = try await node.allocated(target.snapshotID)
                #expect(all.capacity == size && all.offsets.isEmpty == (index == 0))
                try await expectRebuilt(image, from: nil, all, "snapshot \(index)", node)
                for (earlier, base) in snapshots[...index].enumerated() {
                    let changed = try await node.delta(from: base.snapshotID, to: target.snapshotID)
                    #expect(changed.capacity == size && changed.offsets.isEmpty == (earlier == index))
                    if !changed.offsets.isEmpty && !all.offsets.isEmpty {
                        #expect(changed.blockSize == all.blockSize, "one block size in both streams")
                    }
                    try await expectRebuilt(
                        image, from: node.image(of: base), changed, "from \(earlier) to \(index)", node)
                }
            }
            // A little that was written is a little that is told of.
            try await node.use(volume, as: "v")
            try await write([1], to: node.path("v"), at: 5 * mebibyte + 7)
            try await node.stopUsing(volume, as: "v")
            let last = try await node.snapshot(volume, "one byte")
            let changed = try await node.delta(from: snapshots[3].snapshotID, to: last.snapshotID)
            #expect(changed.offsets == [5 * mebibyte], "\(changed)")
        }
    }

    @Test("files that were written and removed in between", arguments: VolumeCase.some.filter { !$0.kind.isBlock })
    func files(_ row: VolumeCase) async throws {
        try await withNode(on: row.ground) { node in
            let volume = try await node.createInUse("v", row.kind.capability, size: row.kind.size)
            try await write([UInt8](repeating: 1, count: 1 << 20), to: node.path("v/gone"))
            try await write([UInt8](repeating: 2, count: 1 << 20), to: node.path("v/stays"))
            let base = try await node.snapshot(volume, "base", parameters: row.parameters)
            unlink(node.path("v/gone"))
            try await run("fstrim", node.path("v"))
            try await write([UInt8](repeating: 3, count: 100_000), to: node.path("v/stays"), at: 300_000)
            try await write([UInt8](repeating: 4, count: 2 << 20), to: node.path("v/new"))
            let target = try await node.snapshot(volume, "target", parameters: row.parameters)
            let image = node.image(of: target)
            try await expectRebuilt(image, from: nil, try await node.allocated(target.snapshotID), "allocated", node)
            let changed = try await node.delta(from: base.snapshotID, to: target.snapshotID)
            try await expectRebuilt(image, from: node.image(of: base), changed, "delta", node)
            #expect(Int64(changed.offsets.count) * changed.blockSize < 16 * mebibyte, "far from everything")
        }
    }

    @Test("a volume that grew in between", arguments: PoolGround.allCases)
    func grown(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            // A size that large blocks do not divide.
            let size = 4 * mebibyte + 4_096
            let volume = try await node.create("v", .block(), size: size)
            try await node.use(volume, as: "v")
            try await write([UInt8](repeating: 1, count: 8_192), to: node.path("v"), at: size - 8_192)
            try await node.stopUsing(volume, as: "v")
            let base = try await node.snapshot(volume, "base")
            _ = try await node.expand(volume, to: 8 * mebibyte)
            let between = try await node.snapshot(volume, "between")
            try await node.use(volume, as: "v")
            try await write([2, 2], to: node.path("v"), at: size - 1)
            try await write([3], to: node.path("v"), at: 8 * mebibyte - 1)
            try await node.stopUsing(volume, as: "v")
            let target = try await node.snapshot(volume, "target")
            for (base, target) in [(base, between), (between, target), (base, target)] {
                let changed = try await node.delta(from: base.snapshotID, to: target.snapshotID)
                #expect(changed.capacity == 8 * mebibyte)
                try await expectRebuilt(
                    node.image(of: target), from: node.image(of: base), changed, "\(base), \(target)", node)
            }
            try await expectRebuilt(
                node.image(of: target), from: nil, try await node.allocated(target.snapshotID), "allocated", node)
        }
    }

    @Test("a stream can be resumed anywhere, and comes in messages of the size that is asked for")
    func resumed() async throws {
        try await withNode(on: .xfs) { node in
            let volume = try await node.create("v", .block(), size: 16 * mebibyte)
            let base = try await node.snapshot(volume, "base").snapshotID
            try await node.use(volume, as: "v")
            for index in 0..<20 {
                try await write([1], to: node.path("v"), at: Int64(index * index) * 40_000 + 512)
            }
            try await node.stopUsing(volume, as: "v")
            let target = try await node.snapshot(volume, "target").snapshotID
            for isDelta in [false, true] {
                func stream(from offset: Int64 = 0, max: Int32 = 0) async throws(RPCStatus) -> BlockList {
                    isDelta
                        ? try await node.delta(from: base, to: target, at: offset, max: max)
                        : try await node.allocated(target, from: offset, max: max)
                }
                let whole = try await stream()
                #expect(whole.offsets.count >= 18 && whole.messages == 1)
                for max in [1, 7, 1_000_000, Int32.max] {
                    let pieces = try await stream(max: max)
                    #expect(pieces.offsets == whole.offsets && pieces.longest <= max)
                    if max == 1 { #expect(pieces.messages == whole.offsets.count) }
                }
                let middle = whole.offsets[9]
                for offset in [middle, middle + 1, middle + whole.blockSize - 1] {
                    #expect(try await stream(from: offset, max: 7).offsets == Array(whole.offsets[9...]), "\(offset)")
                }
                let behind = try await stream(from: middle + whole.blockSize, max: 7)
                #expect(behind.offsets == Array(whole.offsets[10...]))
                let nothing = try await stream(from: 16 * mebibyte - 1)
                #expect(nothing.offsets.isEmpty && nothing.messages == 1 && nothing.capacity == 16 * mebibyte)
                for offset in [16 * mebibyte, .max, -1, .min] {
                    await refused(.outOfRange, "starting_offset", what: "\(offset)") {
                        try await stream(from: offset)
                    }
                }
                await refused(.invalidArgument, "max_results") { try await stream(max: -1) }
            }
        }
    }

    @Test("streams of what is missing, unknown or unrelated are refused")
    func badRequests() async throws {
        try await withNode { node in
            let unknown = "hfs-0123456789012345678901234567890123456789"
            let (one, two) = (try await node.create("one"), try await node.create("two"))
            let first = try await node.snapshot(one, "first").snapshotID
            let second = try await node.snapshot(one, "second").snapshotID
            let other = try await node.snapshot(two, "other").snapshotID
            await refused(.invalidArgument, "snapshot_id") { try await node.allocated("") }
            await refused(.notFound, unknown) { try await node.allocated(unknown) }
            let rows: [(base: String, target: String, code: StatusCode, word: String)] = [
                ("", second, .invalidArgument, "base_snapshot_id"),
                (first, "", .invalidArgument, "target_snapshot_id"), (unknown, second, .notFound, unknown),
                (first, unknown, .notFound, unknown), (first, "../x", .notFound, "../x"),
                (other, second, .invalidArgument, two.id), (second, first, .invalidArgument, "earlier"),
                (one.id, second, .notFound, one.id),
            ]
            for row in rows {
                await refused(row.code, row.word, what: "from '\(row.base)' to '\(row.target)'") {
                    try await node.delta(from: row.base, to: row.target)
                }
            }
            let unchanged = try await node.delta(from: first, to: second)
            #expect(unchanged.offsets.isEmpty && unchanged.messages == 1 && unchanged.capacity == one.size)
        }
    }

    @Test("of two that were taken in a group one after the other, and of one with itself, nothing has changed")
    func unchanged() async throws {
        try await withNode(on: .btrfs) { node in
            let volume = try await node.createInUse("v")
            try await write([1], to: node.path("v/file"))
            let snapshot = try await node.snapshot(volume).snapshotID
            #expect(try await node.delta(from: snapshot, to: snapshot).offsets.isEmpty)
        }
    }
}
