internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// A call that copies much.
enum LongCopy: String, CaseIterable, CustomTestStringConvertible {
    case snapshot
    case restored = "volume from a snapshot"
    case clone
    case heldSnapshot = "snapshot of a volume in use"

    var testDescription: String { rawValue }
}

@Suite("Copies that are cut off", .needsRoot)
struct CopyCutOffTests {
    /// MiB that take their time to be copied.
    private static let much = 128

    /// A volume with much in it, and what the copy is made of.
    private struct Source {
        let volume: TestVolume
        let snapshot: Snapshot?
        let copy: LongCopy
        /// Everything that is in the pool before the copy.
        let files: [String]

        init(_ node: NodeUnderTest, _ copy: LongCopy, megabytes: Int = CopyCutOffTests.much) async throws {
            self.copy = copy
            let count = "count=\(megabytes)"
            let access: VolumeCapability = copy == .heldSnapshot ? .mount() : .block()
            volume = try await node.create("source", access, size: Int64(megabytes + 32) * mebibyte)
            if copy == .heldSnapshot {
                try await node.use(volume, as: "source")
                try await run(
                    "dd", "if=/dev/zero", "of=\(node.path("source/large"))", "bs=1M", count, "conv=fsync")
            } else {
                try await run(
                    "dd", "if=/dev/zero", "of=\(node.image(of: volume))", "bs=1M", count, "conv=notrunc,fsync")
            }
            snapshot = copy == .restored ? try await node.snapshot(volume, "made before") : nil
            files = node.poolFiles()
        }

        func make(_ node: NodeUnderTest, _ client: CSIClient? = nil) async throws(RPCStatus) {
            let client = client ?? node.client
            switch copy {
            case .snapshot, .heldSnapshot:
                let parameters = copy == .heldSnapshot ? ["maxFreeze": "60s"] : [:]
                let answer = try await client.call(
                    CSIMethod.createSnapshot,
                    CreateSnapshotRequest(sourceVolumeID: volume.id, name: "copy", parameters: parameters))
                if let id = answer.snapshot?.snapshotID { node.ledger.withLock { _ = $0.snapshots.insert(id) } }
            case .restored, .clone:
                let source: VolumeContentSource.Source =
                    snapshot.map { .snapshot(id: $0.snapshotID) } ?? .volume(id: volume.id)
                let answer = try await client.call(
                    CSIMethod.createVolume,
                    CreateVolumeRequest(
                        name: "copy", volumeCapabilities: [.block()], volumeContentSource: VolumeContentSource(source)))
                if let id = answer.volume?.volumeID { node.ledger.withLock { _ = $0.volumes.insert(id) } }
            }
        }

        func delete(_ id: String, _ node: NodeUnderTest) async throws(RPCStatus) {
            if copy == .snapshot {
                _ = try await node.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: id))
            } else {
                _ = try await node.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
            }
        }

        /// Whether there is an image that is being made and holds something already.
        func isBeingMade(_ node: NodeUnderTest) -> Bool {
            for folder in ["volumes", "snapshots"] {
                for name in names(in: "\(node.pool)/\(folder)") where name.hasSuffix(".record.making") {
                    let image = "\(node.pool)/\(folder)/\(name.dropLast(".record.making".count)).image"
                    if let bytes = try? allocated(image), bytes > 0 { return true }
                }
            }
            return false
        }

        /// What is made in the end is whole.
        func expectWhole(_ node: NodeUnderTest) async throws {
            let new = Set(node.poolFiles()).subtracting(files).filter { $0.hasSuffix(".image") }
            #expect(new.count == 1)
            for name in new {
                let folder = name.hasPrefix("hfs-") ? "snapshots" : "volumes"
                let before = try await digest(node.image(of: volume))
                #expect(try await digest("\(node.pool)/\(folder)/\(name)") == before)
            }
        }
    }

    /// Runs `body` in the middle of a copy.
    private func inTheMiddle(
        _ node: NodeUnderTest, _ source: Source, _ client: CSIClient? = nil,
        _ body: (Task<StatusCode, Never>) async throws -> Void
    ) async throws {
        let running = Task { await outcome { () async throws(RPCStatus) in try await source.make(node, client) } }
        await eventually("no copy is being made") { source.isBeingMade(node) }
        try await body(running)
    }

    @Test(
        "a kill leaves nothing, and the same call succeeds after the start",
        arguments: [LongCopy.snapshot, .restored, .heldSnapshot])
    func killed(_ copy: LongCopy) async throws {
        try await withNode(on: .ext4) { node in
            let source = try await Source(node, copy)
            try await inTheMiddle(node, source) { running in
                await node.kill()
                #expect(await running.value != .ok)
            }
            #expect(Set(node.poolFiles()).subtracting(source.files).contains { $0.hasSuffix(".making") })
            try await node.start()
            #expect(node.poolFiles() == source.files)
            if copy == .heldSnapshot { try await write([1], to: node.path("source/file")) }
            try await source.make(node)
            if copy != .heldSnapshot { try await source.expectWhole(node) }
        }
    }

    @Test(
        "a client that takes its call back ends the copy",
        arguments: [LongCopy.snapshot, .clone, .heldSnapshot])
    func cancelled(_ copy: LongCopy) async throws {
        try await withNode(on: .ext4) { node in
            let source = try await Source(node, copy)
            try await inTheMiddle(node, source) { running in
                running.cancel()
                #expect(await running.value == .cancelled)
                await eventually("the copy goes on, or leaves something") { node.poolFiles() == source.files }
            }
            await eventually("the end is not told of") { node.logText.contains("the client has cancelled the call") }
            if copy == .heldSnapshot { try await write([1], to: node.path("source/file")) }
            try await source.make(node)
        }
    }

    @Test("a client that only stops waiting finds the copy made later", arguments: [LongCopy.snapshot, .clone])
    func deadline(_ copy: LongCopy) async throws {
        try await withNode(on: .ext4) { node in
            let source = try await Source(node, copy, megabytes: 4)
            // The pool stands still until the deadline has passed.
            try await run("fsfreeze", "--freeze", node.pool)
            let client = CSIClient(socket: node.socket, timeout: 0.5)
            let code = await outcome { () async throws(RPCStatus) in try await source.make(node, client) }
            #expect(code == .deadlineExceeded)
            let again = await outcome { () async throws(RPCStatus) in try await source.make(node) }
            #expect(again == .aborted)
            try await run("fsfreeze", "--unfreeze", node.pool)
            await eventually("the copy is not made") {
                await outcome { () async throws(RPCStatus) in try await source.make(node) } == .ok
            }
            try await source.expectWhole(node)
            #expect(!node.logText.contains("the client has cancelled"), "it was ended and begun anew")
            client.close()
        }
    }

    @Test("deleting what is being copied into existence gives it up", arguments: [LongCopy.snapshot, .clone])
    func deleted(_ copy: LongCopy) async throws {
        try await withNode(on: .ext4) { node in
            let source = try await Source(node, copy)
            // Its id is known from a first one of its name.
            try await source.make(node)
            let id = try #require(Set(node.poolFiles()).subtracting(source.files).first?.prefix { $0 != "." })
            try await source.delete(String(id), node)
            try await inTheMiddle(node, source) { running in
                await eventually("it is not given up") {
                    await outcome { () async throws(RPCStatus) in try await source.delete(String(id), node) } == .ok
                }
                #expect(await running.value == .aborted)
            }
            #expect(node.poolFiles() == source.files)
        }
    }

    @Test(
        "a pool that becomes full within a copy says so, and nothing is left",
        arguments: [LongCopy.snapshot, .restored, .heldSnapshot])
    func full(_ copy: LongCopy) async throws {
        // Two copies of the source do not fit.
        let room = (copy == .restored ? 144 : 96) * mebibyte
        try await withNode(on: .ext4, size: room) { node in
            let source = try await Source(node, copy, megabytes: 48)
            for _ in 0..<2 {
                await refused(.resourceExhausted, "default") { try await source.make(node) }
                #expect(node.poolFiles() == source.files)
            }
            if copy == .heldSnapshot { try await write([1], to: node.path("source/file")) }
            // What is there can still be used and deleted.
            try await node.restart()
        }
    }
}
