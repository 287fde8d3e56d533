internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// A disk that answers EIO to what a staging asks of it.
struct StagingFailure: Sendable, CustomTestStringConvertible {
    let label: String
    /// Whether the volume has a filesystem with data already.
    let isFormatted: Bool
    let words: [String]
    let order: @Sendable (FaultyDisk) -> Void
    var testDescription: String { label }

    static let all: [StagingFailure] = [
        Self(
            label: "a read, of a new volume", isFormatted: false, words: ["could not read", "EIO"],
            order: { $0.fail(.read) }),
        Self(
            label: "a read, of a formatted one", isFormatted: true, words: ["could not read", "EIO"],
            order: { $0.fail(.read) }),
        Self(
            label: "a read of the last bytes", isFormatted: true, words: ["could not read", "EIO"],
            order: { $0.fail(.read, in: (128 << 20) - 4_096..<(128 << 20)) }),
        Self(label: "a write within mkfs", isFormatted: false, words: ["making"], order: { $0.fail(.write) }),
        Self(label: "a flush within mkfs", isFormatted: false, words: ["/dev/loop"], order: { $0.fail(.sync) }),
    ]
}

@Suite("Failing devices", .needsRoot)
struct FailingDeviceTests {
    @Test(
        "one that fails a staging is told of, nothing is mounted, and all is well when it answers again",
        arguments: StagingFailure.all, ["ext4", "btrfs"])
    func staging(failure: StagingFailure, type: String) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount(type), size: 128 * mebibyte)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            if failure.isFormatted {
                try await node.stage(volume)
                try await write([1, 2, 3], to: node.path("staging/file"))
                try await node.unstage(volume)
            }
            let other = try await node.createInUse("other", size: 16 * mebibyte)
            await eventually("the device is still attached") { loopDevice(of: node.image(of: volume)) == nil }
            let before = failure.isFormatted ? try await digest(node.image(of: volume)) : ""
            failure.order(disk)
            for _ in 1...2 {
                await expectRefusal(.internalError, [volume.id] + failure.words) { try await node.stage(volume) }
                try await node.expectTrouble(volume, "could not be staged", at: nil, beneath: true)
                await refused(.failedPrecondition, "not staged") { try await node.publish(volume) }
                #expect(node.folder.mounts(at: node.path("staging")) == 0)
                try await node.expectUntroubled(other)
            }
            disk.heal()
            await eventually("the device is still attached") { loopDevice(of: node.image(of: volume)) == nil }
            if failure.isFormatted {
                let after = try await digest(node.image(of: volume))
                #expect(after == before)
            }
            try await node.use(volume, as: "v")
            try await node.expectWell(volume, at: "v")
            if failure.isFormatted { #expect(try await read(node.path("v.staging/file"), count: 3) == [1, 2, 3]) }
            try await node.stopUsing(volume, as: "v")
            await eventually("the device is still attached") { loopDevice(of: node.image(of: volume)) == nil }
            _ = consume disk
        }
    }

    @Test(
        "one that fails its writer is told of, is put out of use, and keeps what was flushed",
        arguments: VolumeKind.filesystems)
    func inUse(kind: VolumeKind) async throws {
        try await withNode { node in
            let volume = try await node.create("v", kind.capability, size: kind.size)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            try await node.use(volume, as: "v")
            try await write([1, 2, 3], to: node.path("v/file"))
            try await run("sync", "-f", node.path("v/file"))
            let other = try await node.createInUse("other", size: 16 * mebibyte)
            disk.fail(.write, .sync)
            #expect(await errnoOfWriting(to: node.path("v/other"), create: true) != 0)
            await eventually("the volume is told of as well") {
                _ = await errnoOfWriting(to: node.path("v/another"), create: true)
                // Only what has to come to its log shows xfs that it cannot write.
                _ = try? await attempt("sync", "-f", node.path("v"))
                return (try? await node.condition(volume))?.abnormal == true
            }
            try await node.expectUntroubled(other)
            try await node.stopUsing(volume, as: "v")
            disk.heal()
            await eventually("the device is still attached") { loopDevice(of: node.image(of: volume)) == nil }
            try await node.use(volume, as: "v")
            #expect(try await read(node.path("v/file"), count: 3) == [1, 2, 3])
            try await node.expectWell(volume, at: "v")
            try await node.stopUsing(volume, as: "v")
            await eventually("the device is still attached") { loopDevice(of: node.image(of: volume)) == nil }
            _ = consume disk
        }
    }
}
