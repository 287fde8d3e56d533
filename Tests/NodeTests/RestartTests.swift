internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

@Suite("Restarts and leaks", .needsRoot)
struct RestartTests {
    @Test("mounts outlive SIGKILL and are known afterwards", arguments: Access.allCases)
    func killed(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.attach(volume)
            try await node.stage(volume)
            try await node.publish(volume)
            let mounts = node.folder.mountPoints
            try await node.restart()
            #expect(node.folder.mountPoints == mounts)
            try await node.stage(volume)
            try await node.publish(volume)
            #expect(node.folder.mountPoints == mounts)
            #expect(loopDevices(in: node.pool).count == 1)
            await refused(.failedPrecondition, node.path("target")) { try await node.unstage(volume) }
            try await node.detach(volume)
            await refused(.failedPrecondition, node.path("target")) { try await node.delete(volume) }
            try await node.unpublish(volume)
            try await node.unstage(volume)
            try await node.delete(volume)
        }
    }

    /// What a kubelet does that is restarted, and restarted, and restarted.
    @Test("the same publication a thousand times over is one mount, restarts in between", arguments: Access.allCases)
    func thousandTimes(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.stage(volume)
            // The ways to use a volume differ in what is looked at, not in how often.
            for number in 1...(access == .mounted ? 1_000 : 200) {
                try await node.stage(volume)
                try await node.publish(volume)
                if number % 80 == 0 { try await node.restart() }
            }
            #expect(node.folder.mounts(at: node.path("target")) == 1)
            #expect(node.folder.mounts(at: node.path("staging")) == (access == .rawBlock ? 0 : 1))
        }
    }

    @Test("mounts that a client stacked are all undone")
    func stacked() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            try await node.publish(volume)
            for _ in 1...5 { try await run("mount", "--bind", node.path("staging"), node.path("target")) }
            #expect(node.folder.mounts(at: node.path("target")) == 6)
            try await node.unpublish(volume)
            #expect(node.folder.mounts(at: node.path("target")) == 0)
        }
    }

    /// A volume that was deleted while it was staged leaves a device of a nameless image: an old leak.
    @Test("a deleted image's mounts and device are undone by its id, others stay", arguments: Leak.all)
    func deletedImage(leak: Leak) async throws {
        try await withNode { node in
            let volume = try await node.create("leaked", leak.access.capability, size: 128 * mebibyte)
            let other = try await node.create("other")
            try await node.stage(volume)
            try await node.publish(volume)
            try await node.stage(other, at: "other")
            try await node.publish(other, at: "other-target", from: "other")
            if leak.restarts { await node.kill() }
            unlink(node.image(of: volume))
            unlink(node.record(of: volume))
            if leak.restarts { try await node.start() }

            // Another id has no business at these paths.
            await refused(.failedPrecondition) { try await node.unpublish(other) }
            try await node.unpublish(volume)
            #expect(node.folder.mounts(at: node.path("target")) == 0)
            try await node.unstage(volume)
            #expect(node.folder.mounts(at: node.path("staging")) == 0)
            await eventually("the device of the deleted image is still attached") {
                loopDevices(in: node.pool).count == 1
            }
            try await node.unpublish(volume)
            try await node.unstage(volume)
            #expect(node.folder.mounts(at: node.path("other")) == 1)
            #expect(node.folder.mounts(at: node.path("other-target")) == 1)
        }
    }

    @Test("a name made again meets its predecessor's mount at the same path, and does not take it for its own")
    func predecessor() async throws {
        try await withNode { node in
            let old = try await node.create("same")
            try await node.stage(old)
            await node.kill()
            unlink(node.image(of: old))
            unlink(node.record(of: old))
            try await node.start()
            let new = try await node.create("same")
            #expect(new.id == old.id)
            await refused(.failedPrecondition, node.path("staging")) { try await node.stage(new) }
            await refused(.failedPrecondition) { try await node.publish(new) }
            // The path's own volume may be unstaged by that id, and then the new one comes in.
            try await node.unstage(new)
            try await node.stage(new)
            try await node.publish(new)
        }
    }

    @Test("what a kill left of a creation or a deletion is gone after the start")
    func unfinished() async throws {
        try await withNode { node in
            let kept = try await node.create("kept")
            let deleted = try await node.create("deleted")
            await node.kill()
            // A deletion that had begun, a creation that had not ended, and half a replacement of a record.
            let made = "pool/volumes/hf-0123456789012345678901234567890123456789"
            rename(node.record(of: deleted), "\(node.record(of: deleted)).deleted")
            node.folder.write("\(made).record.new", "half a rec")
            node.folder.write("\(made).image", "")
            truncate("\(node.folder.path)/\(made).image", 1 << 20)
            node.folder.write("pool/volumes/\(kept.id).record.new", "half a rec")
            try await node.start()
            #expect(node.poolFiles() == ["\(kept.id).image", "\(kept.id).record"])
            await refused(.notFound) { try await node.stage(deleted) }
        }
    }

    @Test("an image that holds data is kept, although its record is only prepared")
    func preparedRecordBesideData() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            try await node.unstage(volume)
            await node.kill()
            let before = try await digest(node.image(of: volume))
            rename(node.record(of: volume), "\(node.record(of: volume)).new")
            try await node.start()
            #expect(try await digest(node.image(of: volume)) == before)
            await refused(.notFound) { try await node.stage(volume) }
            await refused(.failedPrecondition, "without a record") { try await node.create() }
            #expect(try await digest(node.image(of: volume)) == before)
            await node.kill()
            rename("\(node.record(of: volume)).new", node.record(of: volume))
            try await node.start()
            try await node.stage(volume)
        }
    }

    @Test("an image whose record is lost is kept, told of, and not replaced by a volume of its name")
    func lostRecord() async throws {
        try await withNode { node in
            let volume = try await node.create("lost")
            try await node.stage(volume)
            try await node.unstage(volume)
            await node.kill()
            let record = try await read(node.record(of: volume), count: fileSize(node.record(of: volume)))
            unlink(node.record(of: volume))
            let before = try await digest(node.image(of: volume))
            try await node.start()
            #expect(node.logText.contains(node.image(of: volume)))
            await refused(.failedPrecondition, node.image(of: volume)) { try await node.create("lost") }
            #expect(try await digest(node.image(of: volume)) == before)
            // Its record, brought back from a backup, makes it whole.
            await node.kill()
            try await write(record, to: node.record(of: volume))
            try await node.start()
            try await node.stage(volume)
        }
    }
}

struct Leak: Sendable, CustomTestStringConvertible {
    let access: Access
    let restarts: Bool

    var testDescription: String { "\(access.rawValue), \(restarts ? "found after a restart" : "under a running node")" }

    static let all: [Leak] = Access.allCases.flatMap {
        [Leak(access: $0, restarts: false), Leak(access: $0, restarts: true)]
    }
}
