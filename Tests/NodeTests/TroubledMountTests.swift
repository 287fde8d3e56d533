internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

@Suite("Mounts in trouble", .needsRoot)
struct TroubledMountTests {
    @Test("a filesystem that has shut down is unpublished and unstaged")
    func shutDown() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("xfs"), size: 300 * mebibyte)
            try await node.stage(volume)
            try await node.publish(volume)
            try await run("xfs_io", "-x", "-c", "shutdown", node.path("staging"))
            try await node.unpublish(volume)
            try await node.unstage(volume)
            #expect(node.folder.mounts(at: node.path("target")) == 0)
            #expect(node.folder.mounts(at: node.path("staging")) == 0)
            // Its log is replayed by the next mount.
            try await node.stage(volume)
        }
    }

    @Test("a writer whose target is covered by another mount is still the writer")
    func covered() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            try await node.publish(volume, at: "first")
            try await run("mount", "-t", "tmpfs", "cover", node.path("first"))
            await refused(.failedPrecondition, "/first", "strategy: Recreate") {
                try await node.publish(volume, at: "second")
            }
            await refused(.failedPrecondition, "/first") { try await node.unstage(volume) }
            try await run("umount", node.path("first"))
            await refused(.failedPrecondition, "/first") { try await node.publish(volume, at: "second") }
        }
    }

    @Test("a writer whose folder was renamed is still the writer", arguments: [false, true])
    func renamed(block: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create("v", block ? .block() : .mount())
            mkdir(node.path("pod"), 0o750)
            try await node.stage(volume)
            try await node.publish(volume, at: "pod/target")
            rename(node.path("pod"), node.path("moved-pod"))
            await refused(.failedPrecondition, "moved-pod") { try await node.publish(volume, at: "second") }
            await refused(.failedPrecondition, "moved-pod") { try await node.unstage(volume) }
            rename(node.path("moved-pod"), node.path("pod"))
            try await node.unpublish(volume, at: "pod/target")
            rmdir(node.path("pod"))
        }
    }

    @Test("behind a symlinked kubelet folder mounts are found again after a restart")
    func linkedRoot() async throws {
        try await withNode(linkedRoot: true) { node in
            let volume = try await node.create()
            try await node.stage(volume)
            try await node.publish(volume)
            await node.kill()
            try await node.start()
            await refused(.failedPrecondition, "strategy: Recreate") { try await node.publish(volume, at: "second") }
            await refused(.failedPrecondition, "target") { try await node.unstage(volume) }
            try await node.unpublish(volume)
            try await node.unstage(volume)
        }
    }

    @Test("an image that somebody else attached is not used, and that device stays")
    func attachedElsewhere() async throws {
        try await withNode { node in
            let volume = try await node.create()
            let device =
                try await run("losetup", "--find", "--show", node.image(of: volume))
                .split(separator: "\n").first.map(String.init) ?? ""
            await refused(.failedPrecondition, device, "losetup -d") { try await node.stage(volume) }
            try await run("losetup", "-d", device)
            try await node.stage(volume)
        }
    }
}
