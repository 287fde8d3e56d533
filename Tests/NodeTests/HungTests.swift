internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// A call that never comes back, because the disk beneath its volume's image does not answer.
struct HungCall: Sendable, CustomTestStringConvertible {
    let label: String
    var capability = VolumeCapability.mount("ext4")
    var parameters: [String: String] = [:]
    /// What the volume is told to be waiting for: for which operation, and at which step.
    let words: [String]
    /// The call, where that is not the operation: a copy of a volume is begun as a snapshot of it.
    var method: String?
    /// What the client is told; its deadline comes before anything that the node itself would give up at.
    var code = StatusCode.deadlineExceeded
    /// Done while the disk is well.
    var prepare: @Sendable (NodeUnderTest, TestVolume) async throws -> Void = { _, _ in }
    let order: @Sendable (FaultyDisk) -> Void
    let call: @Sendable (NodeUnderTest, TestVolume) async throws(RPCStatus) -> Void
    /// Where the volume is afterwards, so that its life is brought to its end.
    var isStagedAfterwards = true

    var testDescription: String { label }

    private static func useOnce(_ node: NodeUnderTest, _ volume: TestVolume) async throws {
        try await node.stage(volume)
        try await node.unstage(volume)
        await eventually("the device is still attached") { loopDevice(of: node.image(of: volume)) == nil }
    }

    private static let stage: @Sendable (NodeUnderTest, TestVolume) async throws(RPCStatus) -> Void = {
        (node, volume) async throws(RPCStatus) in try await node.stage(volume)
    }

    private static let unstage: @Sendable (NodeUnderTest, TestVolume) async throws(RPCStatus) -> Void = {
        (node, volume) async throws(RPCStatus) in try await node.unstage(volume)
    }

    static let all: [HungCall] = [
        HungCall(
            label: "a read of what the device holds", words: ["NodeStageVolume", "reading /dev/loop"],
            order: { $0.hang(.read) }, call: stage),
        HungCall(
            label: "mkfs", words: ["NodeStageVolume", "making ext4"], order: { $0.hang(.write) }, call: stage),
        HungCall(
            label: "an attachment", words: ["NodeStageVolume", "attaching the device"], order: { $0.hang(.sync) },
            call: stage),
        HungCall(
            label: "fsck", words: ["NodeStageVolume", "checking the ext4"],
            prepare: { node, volume in
                try await useOnce(node, volume)
                // A wrong count, and the bit that says 'with errors', for fsck to correct.
                try await run("debugfs", "-w", "-R", "set_super_value free_blocks_count 7", node.image(of: volume))
                try await run("debugfs", "-w", "-R", "set_super_value state 2", node.image(of: volume))
            }, order: { $0.hang(.write) }, call: stage),
        HungCall(
            label: "mount", parameters: ["fsck": "off"], words: ["NodeStageVolume", "mounting /dev/loop"],
            prepare: useOnce, order: { $0.hang(.write) }, call: stage),
        HungCall(
            label: "umount", words: ["NodeUnstageVolume", "unmounting"],
            prepare: { node, volume in
                try await node.stage(volume)
                try await write([1, 2, 3], to: node.path("staging/file"))
            }, order: { $0.hang(.write, .sync) }, call: unstage, isStagedAfterwards: false),
        HungCall(
            label: "freeze", words: ["CreateSnapshot", "freezing"],
            prepare: { node, volume in
                try await node.stage(volume)
                try await write([1, 2, 3], to: node.path("staging/file"))
            }, order: { $0.hang(.write, .sync) },
            call: { (node, volume) async throws(RPCStatus) in
                _ = try await node.snapshot(volume, "hung", parameters: ["maxFreeze": "5s"])
            }),
        HungCall(
            label: "a copy of the image", words: ["CreateSnapshot", "copying"], method: "CreateVolume",
            prepare: { node, volume in
                try await useOnce(node, volume)
            }, order: { $0.hang(.read) },
            call: { (node, volume) async throws(RPCStatus) in _ = try await node.clone(volume) },
            isStagedAfterwards: false),
    ]
}

@Suite("Calls that hang", .needsRoot)
struct HungTests {
    @Test(
        "one holds its own volume alone, which says what it waits for; released, it is whole", arguments: HungCall.all)
    func hangs(row: HungCall) async throws {
        try await withNode { node in
            let volume = try await node.create("v", row.capability, size: 128 * mebibyte, parameters: row.parameters)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            try await row.prepare(node, volume)
            row.order(disk)
            let hung = node.impatient(seconds: 2)
            await refused(row.code, what: row.label) { try await row.call(hung, volume) }
            hung.client.close()
            #expect(disk.hanging > 0)

            let others: [(String, () async throws -> Void)] = [
                ("stage", { try await node.stage(volume) }), ("unstage", { try await node.unstage(volume) }),
                ("publish", { try await node.publish(volume) }), ("delete", { try await node.delete(volume) }),
                ("attach", { try await node.attach(volume) }),
                ("expand", { _ = try await node.expand(volume, to: 256 * mebibyte) }),
                ("snapshot", { _ = try await node.snapshot(volume) }),
            ]
            for (what, call) in others {
                await expectRefusal(.aborted, [volume.id, "has been running for"] + row.words, what) {
                    try await call()
                }
            }
            #expect(try await node.call(CSIMethod.probe, ProbeRequest()).ready == true)
            #expect(try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.count == 1)
            try await node.liveOnce("other")
            // The order of events is the proof: all this came to its end while the one call had not.
            #expect(disk.hanging > 0)

            disk.heal()
            await eventually("the volume is still being worked on") {
                await outcome { () async throws(RPCStatus) in try await node.attach(volume) } == .ok
            }
            try await node.detach(volume)
            // A copy goes on although its client has given up.
            for entry in try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries {
                guard let id = entry.volume?.volumeID, id != volume.id else { continue }
                _ = try await node.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
            }
            for entry in try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries {
                guard let id = entry.snapshot?.snapshotID else { continue }
                _ = try await node.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: id))
            }
            await eventually("a tool still runs") { await node.children().isEmpty }
            if row.isStagedAfterwards {
                // Whoever else looks at all devices of the host may have this one for a moment.
                await eventually("the volume is not staged") {
                    await outcome { () async throws(RPCStatus) in try await node.stage(volume) } == .ok
                }
                try await node.unstage(volume)
            }
            try await node.use(volume, as: "again")
            try await node.stopUsing(volume, as: "again")
            await eventually("a device is still attached") { loopDevices(in: node.pool).isEmpty }
            _ = consume disk
            try await node.delete(volume)
        }
    }
}

extension NodeUnderTest {
    /// The process ids of the tools that the node runs.
    func children() async -> [String] {
        let found = try? await attempt("pgrep", "-P", "\(daemon.processID)")
        return found?.output.split(separator: "\n").map(String.init) ?? []
    }

    /// A volume's whole life.
    func liveOnce(_ name: String, parameters: [String: String] = [:]) async throws {
        let volume = try await create(name, size: 16 * mebibyte, parameters: parameters)
        try await use(volume, as: name)
        try await write([1], to: path("\(name)/file"))
        try await stopUsing(volume, as: name)
        try await delete(volume)
    }
}
