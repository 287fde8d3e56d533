internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Ephemeral volumes", .needsRoot)
struct EphemeralTests {
    private let name = NodeUnderTest.handle()

    @Test("whose record is damaged: the pod ends, and what it held stays")
    func damagedRecord() async throws {
        try await withNode { node in
            try await node.publish(ephemeral: name)
            await node.kill()
            let files = node.poolFiles()
            let record = try #require(files.first(where: { $0.hasSuffix(".record") }))
            try await resize("\(node.pool)/volumes/\(record)", to: 40)
            try await node.start()
            try await node.unpublish(ephemeral: name)
            #expect(node.folder.mounts(at: node.path("target")) == 0)
            #expect(access(node.path("target"), F_OK) != 0)
            await eventually("a device is left") { loopDevices(in: node.pool).isEmpty }
            #expect(node.poolFiles() == files)
            for file in files { unlink("\(node.pool)/volumes/\(file)") }
        }
    }

    @Test("are made by publishing and destroyed by unpublishing", arguments: ["", "ext4", "xfs", "btrfs"])
    func life(type: String) async throws {
        try await withNode { node in
            let size = ["xfs": "300Mi", "btrfs": "128Mi"][type] ?? "16Mi"
            var attributes = ["size": size, "pool": "default"]
            if !type.isEmpty { attributes["csi.storage.k8s.io/fstype"] = type }
            let request = NodePublishVolumeRequest.ephemeral(name, at: node.path("target"), attributes)
            try await node.publish(ephemeral: request)
            let source = try await run("findmnt", "-no", "FSTYPE", node.path("target"))
            #expect(source.hasPrefix(type.isEmpty ? "ext4" : type), "\(source)")
            try await write([1, 2, 3], to: node.path("target/file"))
            // The same again is the same volume.
            try await node.publish(ephemeral: request)
            #expect(node.folder.mounts(at: node.path("target")) == 1)
            #expect(try await read(node.path("target/file"), count: 3) == [1, 2, 3])
            #expect(node.poolFiles().count == 2)
            try await node.unpublish(ephemeral: name)
            await node.expectNoEphemeral()
            try await node.unpublish(ephemeral: name)
            // The name may come again, and is then another volume.
            try await node.publish(ephemeral: request)
            #expect(access(node.path("target/file"), F_OK) != 0)
            try await node.unpublish(ephemeral: name)
        }
    }

    @Test("have the size that stands in the pod, or the standard", arguments: [nil, "20Mi", "20000000", "1G"])
    func sizes(size: String?) async throws {
        try await withNode { node in
            let attributes = size.map { ["size": $0] } ?? [:]
            try await node.publish(ephemeral: .ephemeral(name, at: node.path("target"), attributes))
            let image = try #require(node.poolFiles().first(where: { $0.hasSuffix(".image") }))
            let bytes = try fileSize("\(node.pool)/volumes/\(image)")
            let expected = ["20Mi": 20 << 20, "20000000": 20_000_768, "1G": 1_000_001_536]
            #expect(bytes == size.flatMap { expected[$0] } ?? 1 << 30)
        }
    }

    @Test("bad requests make nothing", arguments: BadEphemeral.all)
    func badRequests(row: BadEphemeral) async throws {
        try await withNode { node in
            var request = NodePublishVolumeRequest.ephemeral(name, at: node.path("target"))
            row.change(&request)
            await expectRefusal(row.code, row.words, row.label) {
                try await node.call(CSIMethod.nodePublishVolume, request)
            }
            await node.expectNoEphemeral()
        }
    }

    @Test("what is in the way at the target is refused and stays; nothing is made")
    func inTheWay() async throws {
        try await withNode { node in
            mkdir(node.path("target"), 0o750)
            try await write([1], to: node.path("target/file"))
            await refused(.failedPrecondition, node.path("target")) { try await node.publish(ephemeral: name) }
            #expect(node.poolFiles() == [])
            unlink(node.path("target/file"))
            try await run("mount", "-t", "tmpfs", "other", node.path("target"))
            await refused(.failedPrecondition, node.path("target")) { try await node.publish(ephemeral: name) }
            #expect(node.poolFiles() == [])
            await refused(.failedPrecondition, node.path("target")) { try await node.unpublish(ephemeral: name) }
            try await run("umount", node.path("target"))
            // An empty folder is kubelet's, and goes with the volume.
            try await node.publish(ephemeral: name)
            try await node.unpublish(ephemeral: name)
            await node.expectNoEphemeral()
        }
    }

    @Test("have one target")
    func secondTarget() async throws {
        try await withNode { node in
            try await node.publish(ephemeral: name)
            await refused(.failedPrecondition, node.path("target")) {
                try await node.publish(ephemeral: name, at: "second")
            }
            #expect(access(node.path("second"), F_OK) != 0)
            // A path that is not its own does not end it.
            await refused(.failedPrecondition, node.path("target")) {
                try await node.unpublish(ephemeral: name, at: "second")
            }
            try await write([1], to: node.path("target/file"))
        }
    }

    @Test("tell their figures and condition under the name that kubelet has")
    func stats() async throws {
        try await withNode { node in
            try await node.publish(ephemeral: name)
            let request = NodeGetVolumeStatsRequest(volumeID: name, volumePath: node.path("target"))
            let answer = try await node.call(CSIMethod.nodeGetVolumeStats, request)
            #expect(answer.usage.contains { $0.unit == .bytes && $0.total > 8 * mebibyte })
            #expect(answer.volumeCondition?.abnormal == false)
        }
    }

    @Test("a volume of CreateVolume is not taken for one, by name or by id, and is never destroyed")
    func regular() async throws {
        try await withNode { node in
            let volume = try await node.create("regular")
            try await node.use(volume, as: "regular-target")
            try await write([7], to: node.path("regular-target/file"))
            await refused(.alreadyExists, "CreateVolume") { try await node.publish(ephemeral: "regular") }
            await refused(.invalidArgument, volume.id) { try await node.publish(ephemeral: volume.id) }
            await refused(.failedPrecondition, node.path("regular-target")) {
                try await node.publish(ephemeral: "regular", at: "regular-target")
            }
            try await node.unpublish(ephemeral: "regular")
            try await node.unpublish(ephemeral: volume.id)
            #expect(try await read(node.path("regular-target/file"), count: 1) == [7])
            try await node.stopUsing(volume, as: "regular-target")
            // Nor when nobody uses it.
            await refused(.alreadyExists, "CreateVolume") { try await node.publish(ephemeral: "regular") }
            try await node.unpublish(ephemeral: "regular", at: "regular-target")
            try await node.unpublish(ephemeral: volume.id, at: "regular-target")
            #expect(node.poolFiles() == ["\(volume.id).image", "\(volume.id).record"])
            try await node.use(volume, as: "regular-target")
            #expect(try await read(node.path("regular-target/file"), count: 1) == [7])
        }
    }

    @Test("CreateVolume does not take an ephemeral volume for its own")
    func createOverEphemeral() async throws {
        try await withNode { node in
            try await node.publish(ephemeral: name)
            await refused(.alreadyExists, "pod") { try await node.create(name, size: 16 * mebibyte) }
            try await node.unpublish(ephemeral: name)
            await node.expectNoEphemeral()
        }
    }

    @Test("survive SIGKILL with their data, and are destroyed afterwards", arguments: ["ext4", "btrfs"])
    func killed(type: String) async throws {
        try await withNode { node in
            let attributes = ["size": "128Mi", "csi.storage.k8s.io/fstype": type]
            let request = NodePublishVolumeRequest.ephemeral(name, at: node.path("target"), attributes)
            try await node.publish(ephemeral: request)
            try await write([1, 2, 3], to: node.path("target/file"))
            try await node.restart()
            #expect(try await read(node.path("target/file"), count: 3) == [1, 2, 3])
            try await node.publish(ephemeral: request)
            #expect(node.folder.mounts(at: node.path("target")) == 1)
            await refused(.failedPrecondition) { try await node.publish(ephemeral: name, at: "second") }
            try await node.restart()
            try await node.unpublish(ephemeral: name)
            await node.expectNoEphemeral()
        }
    }

    @Test("outlive a restart of the host unmounted, and their data is there when they are published again")
    func hostRestart() async throws {
        try await withNode { node in
            try await node.publish(ephemeral: name)
            try await write([1, 2, 3], to: node.path("target/file"))
            await node.kill()
            try await run("umount", node.path("target"))
            try await node.start()
            try await node.publish(ephemeral: name)
            #expect(try await read(node.path("target/file"), count: 3) == [1, 2, 3])
            await node.kill()
            try await run("umount", node.path("target"))
            rmdir(node.path("target"))
            try await node.start()
            try await node.unpublish(ephemeral: name)
            await node.expectNoEphemeral()
        }
    }

    @Test(
        "killed at any moment of a publication: a retry succeeds, and unpublishing leaves nothing",
        arguments: [true, false])
    func killedWhilePublishing(retries: Bool) async throws {
        try await withNode { node in
            for round in 0..<6 {
                let calls = endedCalls(node)
                async let publishing: Void = withTaskGroup(of: Void.self) { group in
                    for number in 1...6 {
                        group.addTask {
                            try? await node.publish(ephemeral: NodeUnderTest.handle(number), at: "target-\(number)")
                        }
                    }
                }
                // Each round gets one call further.
                await eventually("nothing is made") {
                    round == 0 ? !node.poolFiles().isEmpty : endedCalls(node) - calls >= round
                }
                await node.kill()
                await publishing
                try await node.start()
                for number in 1...6 {
                    let name = NodeUnderTest.handle(number)
                    // The killed node's mkfs may still be at work on the device, and has it for itself.
                    if retries {
                        await eventually("volume \(number) is not published") {
                            await outcome { () async throws(RPCStatus) in
                                try await node.publish(ephemeral: name, at: "target-\(number)")
                            } == .ok
                        }
                        try await write([1], to: node.path("target-\(number)/file"))
                    }
                    await eventually("volume \(number) is not unpublished") {
                        await outcome { () async throws(RPCStatus) in
                            try await node.unpublish(ephemeral: name, at: "target-\(number)")
                        } == .ok
                    }
                    await node.expectNoEphemeralMount(at: "target-\(number)")
                }
                #expect(node.poolFiles() == [])
                await eventually("devices are left") { loopDevices(in: node.pool).isEmpty }
            }
        }
    }

    @Test("killed at any moment of an unpublication: asked again, nothing is left")
    func killedWhileUnpublishing() async throws {
        try await withNode { node in
            for round in 1...4 {
                for number in 1...6 {
                    try await node.publish(ephemeral: NodeUnderTest.handle(number), at: "target-\(number)")
                }
                let calls = endedUnpublications(node)
                async let unpublishing: Void = withTaskGroup(of: Void.self) { group in
                    for number in 1...6 {
                        group.addTask {
                            try? await node.unpublish(ephemeral: NodeUnderTest.handle(number), at: "target-\(number)")
                        }
                    }
                }
                await eventually("nothing is unpublished") { endedUnpublications(node) - calls >= round }
                await node.kill()
                await unpublishing
                try await node.start()
                for number in 1...6 {
                    try await node.unpublish(ephemeral: NodeUnderTest.handle(number), at: "target-\(number)")
                    await node.expectNoEphemeralMount(at: "target-\(number)")
                }
                #expect(node.poolFiles() == [])
                await eventually("devices are left") { loopDevices(in: node.pool).isEmpty }
            }
        }
    }

    private func endedUnpublications(_ node: NodeUnderTest) -> Int {
        node.logText.split(separator: "\n").count { $0.contains("operation=NodeUnpublishVolume") }
    }

    private func endedCalls(_ node: NodeUnderTest) -> Int {
        node.logText.split(separator: "\n").count { $0.contains("operation=NodePublishVolume") }
    }

    @Test("a pool without room makes none, and there is one when there is room again")
    func fullPool() async throws {
        let folder = TemporaryFolder("node")
        let pool = try await PoolFilesystem.ext4.mount(in: folder)
        try await withNode(in: folder, pool: pool) { node in
            fill(folder, "pool/filler")
            await refused(.resourceExhausted, "default") {
                try await node.publish(
                    ephemeral: .ephemeral(name, at: node.path("target"), ["size": "64Mi"]))
            }
            await node.expectNoEphemeral()
            unlink(folder.at("pool/filler"))
            try await node.publish(ephemeral: name)
            try await node.unpublish(ephemeral: name)
            await node.expectNoEphemeral()
        }
        await removeLeftovers(in: folder)
    }
}
