internal import CSI
internal import Glibc
internal import RPC
internal import Testing

@Suite("What a device holds decides", .needsRoot)
struct SafetyTests {
    /// A volume that was staged once and is not now, with a file in it.
    private func formatted(
        _ node: NodeUnderTest, _ type: String = "ext4", size: Int64 = 128 * mebibyte, parameters: [String: String] = [:]
    ) async throws -> TestVolume {
        let volume = try await node.create("v", .mount(type), size: size, parameters: parameters)
        try await node.stage(volume)
        try await write([1, 2, 3], to: node.path("staging/file"))
        try await node.unstage(volume)
        await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
        return volume
    }

    /// Expects staging to be refused and not a byte of the image to change.
    private func expectUntouched(
        _ node: NodeUnderTest, _ volume: TestVolume, _ code: StatusCode, _ words: [String],
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await digest(node.image(of: volume))
        for _ in 1...2 {
            await expectRefusal(code, [volume.id] + words, "stage", location) { try await node.stage(volume) }
        }
        await eventually("the device is still attached", location: location) { loopDevices(in: node.pool).isEmpty }
        #expect(try await digest(node.image(of: volume)) == before, "the image has changed", sourceLocation: location)
        #expect(node.folder.mountPoints.isEmpty, sourceLocation: location)
    }

    @Test("a foreign signature on a formatted volume is refused and stays", arguments: Stranger.all)
    func foreignOnFormatted(stranger: Stranger) async throws {
        try await withNode { node in
            let volume = try await formatted(node)
            try await stranger.put(node.image(of: volume))
            try await expectUntouched(node, volume, .failedPrecondition, [stranger.word])
        }
    }

    @Test("a foreign signature on a volume that was never formatted is refused and stays", arguments: Stranger.all)
    func foreignOnNew(stranger: Stranger) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"), size: 128 * mebibyte)
            try await stranger.put(node.image(of: volume))
            try await expectUntouched(node, volume, .failedPrecondition, [stranger.word])
        }
    }

    @Test(
        "data without a signature on a volume that was never formatted is refused and stays", arguments: DataPlace.all)
    func dataOnNew(place: DataPlace) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"), size: 128 * mebibyte)
            try await write([UInt8](repeating: 0x5a, count: 4_096), to: node.image(of: volume), at: place.offset)
            try await expectUntouched(node, volume, .failedPrecondition, ["data"])
        }
    }

    @Test(
        "a formatted volume that reads blank is DATA_LOSS and is not formatted again",
        arguments: ["ext4", "xfs", "btrfs"])
    func blankAgain(type: String) async throws {
        try await withNode { node in
            let volume = try await formatted(node, type, size: 300 * mebibyte)
            let image = node.image(of: volume)
            try await resize(image, to: 0)
            try await resize(image, to: volume.size)
            try await expectUntouched(node, volume, .dataLoss, ["blank", "backup"])
            #expect(try allocated(image) == 0)
        }
    }

    @Test("a formatted volume whose first MiB was zeroed is not mounted", arguments: ["ext4", "xfs", "btrfs"])
    func zeroedHead(type: String) async throws {
        try await withNode { node in
            let volume = try await formatted(node, type, size: 300 * mebibyte)
            try await write([UInt8](repeating: 0, count: 1 << 20), to: node.image(of: volume))
            let before = try await digest(node.image(of: volume))
            let code = await outcome { () async throws(RPCStatus) in try await node.stage(volume) }
            #expect(code == .dataLoss || code == .failedPrecondition)
            #expect(try await digest(node.image(of: volume)) == before)
        }
    }

    @Test("an image that is shorter than the volume is DATA_LOSS", arguments: Access.allCases)
    func truncated(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.stage(volume)
            try await node.unstage(volume)
            try await resize(node.image(of: volume), to: volume.size - 4_096)
            try await expectUntouched(node, volume, .dataLoss, ["\(volume.size)", "\(volume.size - 4_096)"])
        }
    }

    @Test("a missing image is DATA_LOSS and is not made again; its volume can be deleted", arguments: Access.allCases)
    func missing(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.stage(volume)
            try await node.unstage(volume)
            unlink(node.image(of: volume))
            await refused(.dataLoss, volume.id, "missing") { try await node.stage(volume) }
            #expect(node.poolFiles() == ["\(volume.id).record"])
            try await node.delete(volume)
        }
    }

    @Test("ext4 with errors that e2fsck may correct by itself is corrected and mounted")
    func correctable() async throws {
        try await withNode { node in
            let volume = try await formatted(node)
            let image = node.image(of: volume)
            try await run("debugfs", "-w", "-R", "set_super_value free_blocks_count 7", image)
            // The bit that says 'with errors': the check reads everything.
            try await run("debugfs", "-w", "-R", "set_super_value state 2", image)
            try await node.stage(volume)
            #expect(try await read(node.path("staging/file"), count: 3) == [1, 2, 3])
            try await node.unstage(volume)
            await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
            let state = try await run("dumpe2fs", "-h", image)
            #expect(state.contains("Filesystem state:         clean"))
        }
    }

    @Test("ext4 with errors that need a person is not mounted", arguments: ["auto", "force"])
    func uncorrectable(mode: String) async throws {
        try await withNode { node in
            let volume = try await formatted(node, parameters: ["fsck": mode])
            let image = node.image(of: volume)
            try await run("debugfs", "-w", "-R", "clri <2>", image)
            try await run("debugfs", "-w", "-R", "set_super_value state 2", image)
            await refused(.failedPrecondition, "exit status 4", "not mounted") { try await node.stage(volume) }
            #expect(node.folder.mountPoints.isEmpty)
        }
    }

    @Test("a damaged record is an error for its volume alone, and is neither dropped nor overwritten")
    func damagedRecord() async throws {
        try await withNode { node in
            let volume = try await formatted(node)
            let other = try await node.create("other")
            await node.kill()
            let record = node.record(of: volume)
            let whole = try await read(record, count: fileSize(record))
            try await write(Array("x".utf8), to: record, at: Int64(whole.count - 20))
            try await node.start()
            await refused(.dataLoss, "damaged", record) { try await node.stage(volume) }
            await refused(.dataLoss, "damaged", record) { try await node.delete(volume) }
            await refused(.dataLoss, "damaged", record) {
                try await node.create("v", .mount("ext4"), size: volume.size)
            }
            try await node.stage(other, at: "other")
            #expect(node.logText.contains(record))
            await node.kill()
            try await write(whole, to: record)
            try await node.start()
            try await node.stage(volume)
            #expect(try await read(node.path("staging/file"), count: 3) == [1, 2, 3])
        }
    }
}

/// Where data lies that nobody's signature tells of.
struct DataPlace: Sendable, CustomTestStringConvertible {
    let label: String
    let offset: Int64

    var testDescription: String { label }

    static let all: [DataPlace] = [
        DataPlace(label: "at the beginning", offset: 0),
        DataPlace(label: "near the beginning", offset: 256 << 10),
        DataPlace(label: "at the end", offset: 128 * mebibyte - 8_192),
        DataPlace(label: "in the middle", offset: 64 * mebibyte),
    ]
}
