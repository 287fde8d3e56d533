internal import CSI
internal import Glibc
internal import RPC
internal import Testing

@Suite("Read-only use", .needsRoot)
struct ReadOnlyTests {
    @Test("a read-only publication refuses writes and shows the data", arguments: ["ext4", "xfs", "btrfs"])
    func publishReadOnly(type: String) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount(type), size: 300 * mebibyte)
            try await node.stage(volume)
            try await node.publish(volume, at: "writer")
            try await write([1, 2, 3], to: node.path("writer/file"))
            try await node.publish(volume, at: "reader", readonly: true)
            #expect(try await read(node.path("reader/file"), count: 3) == [1, 2, 3])
            #expect(await errnoOfWriting(to: node.path("reader/file"), create: false) == EROFS)
            #expect(await errnoOfWriting(to: node.path("reader/new"), create: true) == EROFS)
            #expect(await errnoOfWriting(to: node.path("writer/file"), create: false) == 0)
        }
    }

    @Test("a read-only raw block publication refuses writes, and the next writer writes")
    func blockReadOnly() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .block())
            try await node.stage(volume)
            try await node.publish(volume, readonly: true)
            let code = await errnoOfWriting(to: node.path("target"), create: false)
            #expect(code == EPERM || code == EACCES || code == EROFS, "errno \(code)")
            try await node.unpublish(volume)
            try await node.publish(volume)
            #expect(await errnoOfWriting(to: node.path("target"), create: false) == 0)
        }
    }

    @Test("a raw block volume that was read-only is writable again after a restart")
    func blockReadOnlyAndRestart() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .block())
            try await node.stage(volume)
            try await node.publish(volume, readonly: true)
            try await node.restart()
            #expect(await errnoOfWriting(to: node.path("target"), create: false) != 0)
            try await node.unpublish(volume)
            try await node.unstage(volume)
            try await node.stage(volume)
            try await node.publish(volume)
            #expect(await errnoOfWriting(to: node.path("target"), create: false) == 0)
        }
    }

    @Test("a volume that holds no filesystem yet is not staged for a reader", arguments: ["ext4", "xfs", "btrfs"])
    func readerOfNothing(type: String) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount(type), size: 300 * mebibyte)
            let reader = VolumeCapability.mount(type, .singleNodeReaderOnly)
            await refused(.failedPrecondition, volume.id, "no filesystem") { try await node.stage(volume, as: reader) }
            await refused(.failedPrecondition, volume.id, "no filesystem") {
                try await node.stage(volume, as: .mount(type, flags: ["ro"]))
            }
            #expect(try allocated(node.image(of: volume)) == 0)
            // Once a writer has staged it, a reader may.
            try await node.stage(volume)
            try await node.unstage(volume)
            try await node.stage(volume, as: reader)
            #expect(await errnoOfWriting(to: node.path("staging/file"), create: true) == EROFS)
            await refused(.failedPrecondition, "read-only") { try await node.publish(volume) }
            try await node.publish(volume, as: reader)
            await refused(.alreadyExists, "read-only") { try await node.stage(volume) }
        }
    }
}
