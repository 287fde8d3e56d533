internal import CSI
internal import Testing

@Suite("A growth by a tool that was cut off", .needsRoot)
struct CutOffResizeTests {
    private static let growth = Growth.ext4

    /// An idle volume with a file, that is to grow and whose filesystem is as resize2fs may leave it. `isNoted` says that the
    /// record tells of resize2fs.
    private func makeCutOff(_ node: NodeUnderTest, isNoted: Bool) async throws -> TestVolume {
        let growth = Self.growth
        let volume = try await node.create("v", growth.capability, size: growth.before)
        try await node.use(volume, as: "target")
        try await write([1, 2, 3], to: node.path("target/file"))
        try await node.stopUsing(volume, as: "target")
        await node.kill()
        try await node.note(growthOf: volume, to: growth.after)
        if isNoted { try await node.edit(recordOf: volume, "\"growsFrom\"", "\"resizing\":true,\"growsFrom\"") }
        let image = node.image(of: volume)
        try await resize(image, to: growth.after)
        // The inode that reserves room for group descriptors, with a block that no filesystem of this size has.
        try await run("debugfs", "-w", "-R", "set_inode_field <7> block[DIND] 2000000000", image)
        try #require(try await attempt("e2fsck", "-f", "-p", image).status == 4)
        try await node.start()
        return volume
    }

    @Test("is mended and finished by the next writable stage; nothing else reads the filesystem before")
    func noted() async throws {
        try await withNode { node in
            let volume = try await makeCutOff(node, isNoted: true)
            let before = try await digest(node.image(of: volume))
            let readOnly = VolumeCapability.mount("ext4", .singleNodeReaderOnly)
            await refused(.failedPrecondition, "cut off") { try await node.stage(volume, as: readOnly) }
            await refused(.failedPrecondition, "cut off") { try await node.snapshot(volume) }
            await refused(.failedPrecondition, "cut off") { try await node.clone(volume) }
            #expect(try await digest(node.image(of: volume)) == before)
            try await node.use(volume, as: "target")
            try await node.expectGrown(volume, Self.growth, at: "target")
            #expect(try await read(node.path("target/file"), count: 3) == [1, 2, 3])
            try await node.stopUsing(volume, as: "target")
            try await run("e2fsck", "-f", "-n", node.image(of: volume))
            _ = try await node.snapshot(volume)
        }
    }

    @Test("is not what other damage is taken for: that is nobody's to mend by force")
    func notNoted() async throws {
        try await withNode { node in
            let volume = try await makeCutOff(node, isNoted: false)
            await refused(.failedPrecondition, "RUN fsck MANUALLY") { try await node.stage(volume) }
            // e2fsck notes in the superblock that it found errors, and when; it has mended nothing.
            let check = try await attempt("e2fsck", "-f", "-n", node.image(of: volume))
            #expect(check.status != 0)
        }
    }
}
