internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// What the three calls say of a volume's condition.
struct Conditions {
    let stats: VolumeCondition?
    let get: VolumeCondition?
    let list: VolumeCondition?
}

extension NodeUnderTest {
    /// Asks all calls that tell a condition; NodeGetVolumeStats only where a path is given.
    func conditions(_ volume: TestVolume, at name: String?) async throws -> Conditions {
        var stats: VolumeCondition?
        if let name {
            let request = NodeGetVolumeStatsRequest(volumeID: volume.id, volumePath: path(name))
            stats = try await call(CSIMethod.nodeGetVolumeStats, request).volumeCondition
        }
        let entries = try await call(CSIMethod.listVolumes, ListVolumesRequest()).entries
        return Conditions(
            stats: stats, get: try await condition(volume),
            list: entries.first { $0.volume?.volumeID == volume.id }?.status?.volumeCondition)
    }

    /// Expects a volume to be told of as in trouble, in a sentence with all of the words. ListVolumes looks only beneath
    /// the filesystems.
    func expectTrouble(
        _ volume: TestVolume, _ words: String..., at name: String?, beneath: Bool,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let told = try await conditions(volume, at: name)
        let all = (name == nil ? [] : [told.stats]) + [told.get] + (beneath ? [told.list] : [])
        for condition in all {
            let condition = try #require(condition, sourceLocation: location)
            #expect(condition.abnormal, "\(condition.message)", sourceLocation: location)
            for word in words {
                #expect(condition.message.contains(word), "\(condition.message)", sourceLocation: location)
            }
        }
        if !beneath { #expect(told.list?.abnormal == false, "\(told.list?.message ?? "")", sourceLocation: location) }
    }

    func expectWell(
        _ volume: TestVolume, at name: String?, location: SourceLocation = #_sourceLocation
    ) async throws {
        let told = try await conditions(volume, at: name)
        for condition in (name == nil ? [] : [told.stats]) + [told.get, told.list] {
            let condition = try #require(condition, sourceLocation: location)
            #expect(!condition.abnormal, "\(condition.message)", sourceLocation: location)
            #expect(!condition.message.isEmpty, sourceLocation: location)
        }
    }
}

@Suite("Conditions of volumes", .needsRoot)
struct ConditionTests {
    @Test("a path that another volume has come to is not this one's any more, and that is no trouble")
    func pathOfAnother() async throws {
        try await withNode { node in
            let first = try await node.create("first")
            let second = try await node.create("second")
            try await node.stage(first, at: "path")
            try await run("umount", node.path("path"))
            try await node.stage(second, at: "path")
            #expect(try await node.condition(first)?.abnormal == false)
            await refused(.notFound, first.id) { try await node.stats(first, at: "path") }
            #expect(try await node.condition(second)?.abnormal == false)
            try await node.unstage(second, at: "path")
            try await node.unstage(first, at: "path")
        }
    }

    @Test("a volume that is well", arguments: Access.allCases)
    func well(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.expectWell(volume, at: nil)
            try await node.use(volume, as: "target")
            try await node.expectWell(volume, at: "target")
            try await node.expectWell(volume, at: "target.staging")
            try await node.restart()
            try await node.expectWell(volume, at: "target")
            try await node.stopUsing(volume, as: "target")
            try await node.expectWell(volume, at: nil)
        }
    }

    @Test("an image that is missing, while it is used and while it is not", arguments: Access.allCases, [true, false])
    func missingImage(access: Access, isUsed: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            let other = try await node.create("other", size: 8 * mebibyte)
            if isUsed { try await node.use(volume, as: "target") }
            unlink(node.image(of: volume))
            let place = isUsed ? "target" : nil
            try await node.expectTrouble(volume, node.image(of: volume), "missing", at: place, beneath: true)
            try await node.expectWell(other, at: nil)
            try await node.restart()
            try await node.expectTrouble(volume, node.image(of: volume), "missing", at: place, beneath: true)
        }
    }

    @Test("an image that is short", arguments: Access.allCases, [true, false])
    func shortImage(access: Access, isUsed: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            if isUsed { try await node.use(volume, as: "target") }
            try await resize(node.image(of: volume), to: 127 * mebibyte)
            try await node.expectTrouble(
                volume, "\(127 * mebibyte)", "\(128 * mebibyte)", "backup", at: isUsed ? "target" : nil, beneath: true)
            try await resize(node.image(of: volume), to: 128 * mebibyte)
            try await node.expectWell(volume, at: isUsed ? "target" : nil)
        }
    }

    @Test("an image that another file has taken the place of", arguments: Access.allCases)
    func swappedImage(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.use(volume, as: "target")
            try await run("cp", "--sparse=always", node.image(of: volume), node.folder.at("other"))
            rename(node.folder.at("other"), node.image(of: volume))
            try await node.expectTrouble(volume, node.image(of: volume), "another file", at: "target", beneath: true)
            try await node.stopUsing(volume, as: "target")
            try await node.expectWell(volume, at: nil)
        }
    }

    @Test("an image that is no file any more is its volume's trouble alone")
    func strangeImage() async throws {
        try await withNode { node in
            let volume = try await node.create("v", size: 8 * mebibyte)
            let other = try await node.create("other", size: 8 * mebibyte)
            rename(node.image(of: volume), node.folder.at("image"))
            symlink(node.folder.at("image"), node.image(of: volume))
            try await node.expectTrouble(volume, node.image(of: volume), at: nil, beneath: true)
            try await node.expectWell(other, at: nil)
            unlink(node.image(of: volume))
            rename(node.folder.at("image"), node.image(of: volume))
            try await node.expectWell(volume, at: nil)
        }
    }

    @Test("listing goes on while volumes come and go")
    func listingBesideDeletions() async throws {
        try await withNode { node in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...4 {
                    group.addTask {
                        for _ in 1...25 {
                            let volume = try await node.create("v\(number)", size: 8 * mebibyte)
                            try await node.delete(volume)
                        }
                    }
                }
                for _ in 1...2 {
                    group.addTask {
                        for _ in 1...150 { _ = try await node.call(CSIMethod.listVolumes, ListVolumesRequest()) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(
        "a filesystem that takes no writes any more is told of, and is not given out for writing",
        arguments: Stopped.all)
    func stopped(row: Stopped) async throws {
        try await withNode { node in
            let volume = try await node.create(
                "v", .mount(row.type, .singleNodeMultiWriter), size: row.size, parameters: ["singleWriter": "node"])
            try await node.use(volume, as: "target")
            try await node.expectWell(volume, at: "target")
            let device = try #require(loopDevice(of: node.image(of: volume)))
            try await row.stop(node.path("target"), String(device.dropFirst(5)))
            #expect(await errnoOfWriting(to: node.path("target/file"), create: true) != 0)
            for _ in 1...2 {
                try await node.expectTrouble(volume, node.path("target"), "kernel log", at: "target", beneath: false)
                await refused(.failedPrecondition, "kernel log") {
                    try await node.publish(volume, at: "second", from: "target.staging")
                }
                await refused(.failedPrecondition, "kernel log") {
                    try await node.publish(volume, at: "target", from: "target.staging")
                }
                await refused(.failedPrecondition, "kernel log") {
                    try await node.stage(volume, at: "target.staging")
                }
                #expect(node.folder.mounts(at: node.path("second")) == 0)
                // The kernel's table says so, whoever asks it.
                try await node.restart()
            }
            // Unmounted, checked and mounted anew it is well.
            try await node.stopUsing(volume, as: "target")
            try await node.use(volume, as: "target")
            try await write([1], to: node.path("target/file"))
            try await node.expectWell(volume, at: "target")
        }
    }

    @Test("an ext4 in which the kernel has found errors tells where")
    func ext4Errors() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"), size: 16 * mebibyte)
            try await node.use(volume, as: "target")
            let device = try #require(loopDevice(of: node.image(of: volume)))
            try await triggerError(String(device.dropFirst(5)))
            try await node.expectTrouble(volume, "1 error", "e2fsck", at: "target", beneath: false)
        }
    }

    @Test("a btrfs that has read a wrong checksum tells of it")
    func btrfsErrors() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("btrfs"), size: 128 * mebibyte)
            try await node.use(volume, as: "target")
            let marker = "holdfast-marker-\(volume.id)"
            try await write(Array(marker.utf8) + [UInt8](repeating: 7, count: 65_536), to: node.path("target/file"))
            try await node.stopUsing(volume, as: "target")
            let found = try await run("grep", "-abo", marker, node.image(of: volume))
            let offset = try #require(Int64(found.prefix { $0 != ":" }))
            try await write([0], to: node.image(of: volume), at: offset)
            try await node.use(volume, as: "target")
            try await node.expectWell(volume, at: "target")
            await #expect(throws: (any Error).self) { try await read(node.path("target/file"), count: 1) }
            await eventually("the error is not counted") {
                (try? await node.condition(volume))?.abnormal == true
            }
            try await node.expectTrouble(volume, "wrong checksum", "btrfs device stats", at: "target", beneath: false)
        }
    }

    @Test("a raw block volume whose device was detached behind our back is told of, and is unpublished")
    func lostDevice() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .block(), size: mebibyte)
            try await node.use(volume, as: "target")
            let device = try #require(loopDevice(of: node.image(of: volume)))
            try await run("losetup", "-d", device)
            await eventually("it is still attached") { loopDevice(of: node.image(of: volume)) == nil }
            try await node.expectTrouble(volume, node.path("target"), "not attached", at: "target", beneath: false)
            try await node.unpublish(volume)
            #expect(node.folder.mounts(at: node.path("target")) == 0)
            try await node.unstage(volume, at: "target.staging")
            try await node.expectWell(volume, at: nil)
            try await node.use(volume, as: "target")
        }
    }

    @Test("a raw block volume whose device has become another volume's shows neither, and that one stays")
    func takenDevice() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .block(), size: mebibyte)
            try await node.use(volume, as: "target")
            let device = try #require(loopDevice(of: node.image(of: volume)))
            let other = node.folder.makeImage("other", bytes: 2 * mebibyte)
            try await run("losetup", "-d", device)
            try await run("losetup", device, other)
            try await node.expectTrouble(volume, node.path("target"), "not attached", at: "target", beneath: false)
            // It shows somebody else's data now: nothing of ours to undo.
            await refused(.failedPrecondition, node.path("target")) { try await node.unpublish(volume) }
            try await run("losetup", "-d", device)
            await eventually("it is still attached") { loopDevices(in: node.folder.path).isEmpty }
            try await node.unpublish(volume)
        }
    }

    @Test("a pool without room is told of by its thin volumes")
    func fullPool() async throws {
        let folder = TemporaryFolder("node")
        let pool = try await PoolFilesystem.tmpfs.mount(in: folder)
        try await withNode(in: folder, pool: pool) { node in
            let thin = try await node.create("thin", .block(), size: 8 * mebibyte)
            let thick = try await node.create(
                "thick", .block(), size: 8 * mebibyte, parameters: ["provisioning": "thick"])
            try await node.use(thin, as: "thin")
            fill(folder, "pool/filler")
            try await node.expectTrouble(thin, "default", "room", at: "thin", beneath: true)
            try await node.expectWell(thick, at: nil)
            unlink(folder.at("pool/filler"))
            try await node.expectWell(thin, at: "thin")
        }
        await removeLeftovers(in: folder)
    }

    @Test("a filesystem that hangs is told of instead of waited for, and holds nothing else")
    func hanging() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"), size: 16 * mebibyte)
            let other = try await node.create("other", .mount("ext4"), size: 16 * mebibyte)
            try await node.use(volume, as: "target")
            try await node.use(other, as: "other")
            let watch = try OpenWatch(node.path("target"))
            let request = NodeGetVolumeStatsRequest(volumeID: volume.id, volumePath: node.path("target"))
            let first = try await node.call(CSIMethod.nodeGetVolumeStats, request)
            #expect(first.usage.isEmpty)
            #expect(first.volumeCondition?.abnormal == true)
            #expect(first.volumeCondition?.message.contains("has not answered") == true)
            // Were each of these waited for, the client would have given up long before the last of them.
            for _ in 1...50 {
                let again = try await node.call(CSIMethod.nodeGetVolumeStats, request)
                #expect(again.volumeCondition?.abnormal == true)
                let get = try await node.condition(volume)
                #expect(get?.message.contains("has not answered") == true)
            }
            #expect(try await node.call(CSIMethod.probe, ProbeRequest()).ready == true)
            try await node.expectWell(other, at: "other")
            #expect(try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.count == 2)
            watch.end()
            await eventually("it is still told of as hanging") {
                (try? await node.condition(volume))?.abnormal == false
            }
            try await node.expectWell(volume, at: "target")
        }
    }
}

/// Makes whoever opens something on a filesystem wait, as a virus scanner that hangs would (fanotify(7)).
private final class OpenWatch: Sendable {
    private let group: Int32

    /// The two calls are not in the modules that Swift's Glibc imports.
    private typealias Initialize = @convention(c) (UInt32, UInt32) -> Int32
    private typealias Mark = @convention(c) (Int32, UInt32, UInt64, Int32, UnsafePointer<CChar>) -> Int32

    init(_ path: String) throws {
        let initialize = unsafeBitCast(try #require(dlsym(nil, "fanotify_init")), to: Initialize.self)
        let mark = unsafeBitCast(try #require(dlsym(nil, "fanotify_mark")), to: Mark.self)
        let (forContent, closeOnExec): (UInt32, UInt32) = (0x4, 0x1)
        group = initialize(forContent | closeOnExec, UInt32(O_RDONLY))
        try #require(group >= 0, "fanotify_init: errno \(errno)")
        let (add, wholeFilesystem): (UInt32, UInt32) = (0x1, 0x100)
        let (openings, ofDirectories): (UInt64, UInt64) = (0x1_0000, 0x4000_0000)
        try #require(
            mark(group, add | wholeFilesystem, openings | ofDirectories, AT_FDCWD, path) == 0,
            "fanotify_mark: errno \(errno)")
    }

    /// Lets all go on who wait.
    func end() { close(group) }
}

/// Has the kernel find an error in a mounted ext4.
private func triggerError(_ device: String) async throws {
    try await run("sh", "-c", "echo test > /sys/fs/ext4/\(device)/trigger_fs_error")
}

/// A way in which a filesystem comes to take no writes.
struct Stopped: Sendable, CustomTestStringConvertible {
    let label: String
    let type: String
    let size: Int64
    /// Gets the mount's path and the device's name.
    let stop: @Sendable (String, String) async throws -> Void

    var testDescription: String { label }

    static let all: [Stopped] = [
        Stopped(label: "ext4 met an error", type: "ext4", size: 16 * mebibyte) { _, device in
            try await triggerError(device)
        },
        Stopped(label: "ext4 was shut down", type: "ext4", size: 16 * mebibyte) { path, _ in
            try await run("xfs_io", "-x", "-c", "shutdown", path)
        },
        Stopped(label: "xfs was shut down", type: "xfs", size: 300 * mebibyte) { path, _ in
            try await run("xfs_io", "-x", "-c", "shutdown", path)
        },
    ]
}
