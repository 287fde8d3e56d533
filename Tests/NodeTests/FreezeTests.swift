internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Snapshots where blocks are not shared, and freezes", .needsRoot)
struct FreezeTests {
    private func files(of volumes: TestVolume...) -> [String] {
        volumes.flatMap { ["\($0.id).image", "\($0.id).record"] }.sorted()
    }

    @Test(
        "a volume in use is not copied unless the class allows to hold its writers", arguments: VolumeKind.filesystems)
    func inUse(_ kind: VolumeKind) async throws {
        try await withNode(on: .ext4) { node in
            let volume = try await node.createInUse("v", kind.capability, size: kind.size)
            try await write([1], to: node.path("v/file"))
            await refused(.failedPrecondition, "maxFreeze", node.path("v")) { try await node.snapshot(volume) }
            await refused(.failedPrecondition, "maxFreeze") { try await node.clone(volume) }
            await refused(.failedPrecondition, "maxFreeze") { try await node.group([volume]) }
            #expect(node.poolFiles() == files(of: volume))
            _ = try await node.snapshot(volume, parameters: ["maxFreeze": "60s"])
            try await write([2], to: node.path("v/file"))
            // Staged alone it is still mounted.
            try await node.unpublish(volume, at: "v")
            await refused(.failedPrecondition, "maxFreeze") { try await node.snapshot(volume, "second") }
            try await node.unstage(volume, at: "v.staging")
            _ = try await node.snapshot(volume, "second")
        }
    }

    @Test("one that could not be thawed once is thawed by the next snapshot, and its note is not lost")
    func leftFrozen() async throws {
        try await withNode(on: .xfs) { node in
            let volume = try await node.createInUse("v")
            // As a refused thaw leaves it: frozen, with a note of this boot.
            let note = "\(node.pool)/volumes/\(volume.id).frozen"
            try await run("cp", "/proc/sys/kernel/random/boot_id", note)
            try await run("fsfreeze", "--freeze", node.path("v"))
            _ = try await node.snapshot(volume)
            #expect(try await !isFrozen(node.path("v")))
            #expect(access(note, F_OK) != 0)
            try await write([1], to: node.path("v/file"))
        }
    }

    @Test("a thick volume is copied as one in a pool that shares nothing")
    func thick() async throws {
        try await withNode(on: .xfs) { node in
            let volume = try await node.createInUse("v", parameters: ["provisioning": "thick"])
            try await write([1], to: node.path("v/file"))
            await refused(.failedPrecondition, "thick", "maxFreeze") { try await node.snapshot(volume) }
            let snapshot = try await node.snapshot(volume, parameters: ["maxFreeze": "60s"])
            let extents = try await run("filefrag", "-v", node.image(of: volume))
            #expect(!extents.contains("shared"), "\(extents)")
            try await node.use(try await node.restore(snapshot), as: "restored")
            #expect(try await read(node.path("restored/file"), count: 1) == [1])
        }
    }

    @Test("a copy that takes longer than writers may be held is dropped, and they go on")
    func tooLong() async throws {
        try await withNode(on: .ext4) { node in
            let volume = try await node.createInUse("v", size: 192 * mebibyte)
            try await run("dd", "if=/dev/zero", "of=\(node.path("v/large"))", "bs=1M", "count=128", "conv=fsync")
            for name in ["snapshot", "snapshot again"] {
                await refused(.failedPrecondition, "maxFreeze", what: name) {
                    try await node.snapshot(volume, name, parameters: ["maxFreeze": "1ms"])
                }
                // A freeze that came too late is thawed when it comes, and forgotten then.
                try await write([1], to: node.path("v/file"))
                await eventually("something is left") { node.poolFiles() == files(of: volume) }
                await eventually("it is left frozen") { (try? await isFrozen(node.path("v"))) == false }
                await eventually("the volume is still claimed") {
                    // Deleting what is in use is refused, but for that reason only when nobody has the claim.
                    await outcome { () async throws(RPCStatus) in try await node.delete(volume) } == .failedPrecondition
                }
            }
            _ = try await node.snapshot(volume, parameters: ["maxFreeze": "60s"])
        }
    }

    @Test("a raw device that somebody may write to is not copied; one that is only staged is")
    func block() async throws {
        try await withNode(on: .ext4) { node in
            let volume = try await node.createInUse("v", .block())
            try await write([1, 2, 3], to: node.path("v"), at: 4_096)
            for parameters in [[:], ["maxFreeze": "60s"]] {
                await refused(.failedPrecondition, node.path("v"), "xfs") {
                    try await node.snapshot(volume, parameters: parameters)
                }
            }
            await refused(.failedPrecondition, node.path("v")) { try await node.clone(volume) }
            #expect(node.poolFiles() == files(of: volume))
            try await node.unpublish(volume, at: "v")
            let snapshot = try await node.snapshot(volume)
            let clone = try await node.clone(volume)
            let restored = try await node.restore(snapshot, "restored", .block())
            for (volume, name) in [(clone, "clone"), (restored, "restored")] {
                try await node.use(volume, as: name)
                #expect(try await read(node.path(name), at: 4_096, count: 3) == [1, 2, 3], "\(name)")
            }
        }
    }

    @Test("what somebody else has frozen is refused, and stays frozen", arguments: PoolGround.allCases)
    func frozenByAnother(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            let volume = try await node.createInUse("v")
            let other = try await node.createInUse("other")
            try await write([1], to: node.path("v/file"))
            try await run("fsfreeze", "--freeze", node.path("v"))
            let parameters = ["maxFreeze": "60s"]
            await refused(.failedPrecondition, node.path("v"), "froze") {
                try await node.snapshot(volume, parameters: parameters)
            }
            await refused(.failedPrecondition, node.path("v")) {
                try await node.group([other, volume], parameters: parameters)
            }
            #expect(try await isFrozen(node.path("v")), "it was thawed")
            #expect(try await !isFrozen(node.path("other")), "it was left frozen")
            #expect(node.poolFiles() == files(of: volume, other))
            // Nor does a start thaw what it has no note of.
            try await node.restart()
            #expect(try await isFrozen(node.path("v")), "it was thawed by the start")
            try await run("fsfreeze", "--unfreeze", node.path("v"))
            _ = try await node.snapshot(volume, parameters: parameters)
        }
    }

    /// What the process before has noted of a freeze.
    struct Note: Sendable, CustomTestStringConvertible {
        let label: String
        /// Nil is no note; BOOT stands for this boot's id.
        let text: String?
        let isThawed: Bool
        var testDescription: String { label }

        static let all = [
            Note(label: "a note of this boot", text: "BOOT", isThawed: true),
            Note(
                label: "a note of another boot", text: "01234567-89ab-cdef-0123-456789abcdef\n", isThawed: false),
            Note(label: "a note that was just being written", text: "", isThawed: false),
            Note(label: "no note", text: nil, isThawed: false),
        ]
    }

    @Test("after a kill between freeze and thaw: what was noted is thawed, and nothing else", arguments: Note.all)
    func killedWhileFrozen(_ note: Note) async throws {
        try await withNode(on: .xfs) { node in
            let volume = try await node.createInUse("v")
            try await write([1], to: node.path("v/file"))
            // What the node leaves of a snapshot that it was killed in.
            let file = "\(node.pool)/volumes/\(volume.id).frozen"
            let snapshot = try await node.snapshot(volume, "cut off")
            await node.kill()
            rename(node.record(of: snapshot), "\(node.record(of: snapshot)).making")
            let boot = try Files.read("/proc/sys/kernel/random/boot_id", limit: 64)
            if let text = note.text { try await write(text == "BOOT" ? boot : Array(text.utf8), to: file) }
            try await run("fsfreeze", "--freeze", node.path("v"))
            try await node.start()
            #expect(try await isFrozen(node.path("v")) == !note.isThawed)
            if !note.isThawed { try await run("fsfreeze", "--unfreeze", node.path("v")) }
            try await write([2], to: node.path("v/file"))
            #expect(node.poolFiles() == files(of: volume))
            let again = try await node.snapshot(volume, "cut off")
            #expect(again.snapshotID == snapshot.snapshotID)
        }
    }

    @Test("notes of freezes of volumes that nobody has mounted, or that are gone, are dropped")
    func strayNotes() async throws {
        try await withNode { node in
            let volume = try await node.create()
            await node.kill()
            let boot = try Files.read("/proc/sys/kernel/random/boot_id", limit: 64)
            for id in [volume.id, "hf-0123456789012345678901234567890123456789"] {
                try await write(boot, to: "\(node.pool)/volumes/\(id).frozen")
            }
            try await node.start()
            #expect(node.poolFiles() == files(of: volume))
        }
    }

    @Test(
        "a note of a freeze that cannot be read is told of, and keeps no node from starting",
        arguments: ["large", "link"])
    func unreadableNotes(_ what: String) async throws {
        try await withNode { node in
            let volume = try await node.create()
            await node.kill()
            let note = "\(node.pool)/volumes/\(volume.id).frozen"
            if what == "large" {
                try await write([UInt8](repeating: 0x61, count: 8_192), to: note)
            } else {
                symlink("/etc/passwd", note)
            }
            try await node.start()
            #expect(node.logText.contains(volume.id) && node.logText.contains("left frozen could not be read"))
            try await node.use(volume, as: "v")
            unlink(note)
        }
    }

    @Test("a raw device in use whose blocks cannot be shared is refused, not copied while it is written")
    func unsharedRawDevice() async throws {
        try await withNode(on: .btrfs) { node in
            // As is usual for images of machines, and what keeps btrfs from sharing them with others.
            try await run("chattr", "+C", "\(node.pool)/volumes")
            let volume = try await node.createInUse("v", .block())
            try await write([1, 2, 3], to: node.path("v"))
            await refused(.failedPrecondition, "cannot be shared", "unpublish") { try await node.snapshot(volume) }
            await refused(.failedPrecondition, "cannot be shared") { try await node.clone(volume) }
            #expect(node.poolFiles() == files(of: volume))
            // Nobody writes to it then.
            try await node.unpublish(volume, at: "v")
            let snapshot = try await node.snapshot(volume)
            #expect(try await read(node.image(of: snapshot), count: 3) == [1, 2, 3])
        }
    }

    @Test(
        "a filesystem that only another mount namespace shows is not taken for unused",
        arguments: [PoolGround.ext4, .xfs])
    func hiddenMount(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            let volume = try await node.createInUse("v")
            let ready = node.folder.at("ready")
            // It keeps the mounts that it had when it was started, whoever unmounts here.
            let script = "touch '\(ready)'; exec sleep 600"
            let keeper = try Daemon(
                "/usr/bin/unshare", ["--mount", "--propagation", "private", "/bin/sh", "-c", script],
                log: node.folder.at("keeper.log"))
            await eventually("the namespace is not there") { access(ready, F_OK) == 0 }
            try await node.stopUsing(volume, as: "v")
            await refused(.failedPrecondition, "another mount namespace") { try await node.snapshot(volume) }
            await refused(.failedPrecondition, "another mount namespace") { try await node.clone(volume) }
            await refused(.failedPrecondition, "another mount namespace") { try await node.delete(volume) }
            #expect(node.poolFiles() == files(of: volume))
            _ = await HostThread.run { keeper.end(within: 0) }
            await eventually("the device is still held") {
                (try? await node.snapshot(volume, parameters: ["maxFreeze": "60s"])) != nil
            }
        }
    }
}
