internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Groups of snapshots", .needsRoot)
struct GroupTests {
    private static let unknown = "hfg-0123456789012345678901234567890123456789"

    private func get(
        _ node: NodeUnderTest, _ group: VolumeGroupSnapshot, _ members: [String]? = nil
    ) async throws(RPCStatus) -> VolumeGroupSnapshot? {
        let request = GetVolumeGroupSnapshotRequest(
            groupSnapshotID: group.groupSnapshotID, snapshotIDs: members ?? group.snapshots.map(\.snapshotID))
        return try await node.call(CSIMethod.getVolumeGroupSnapshot, request).groupSnapshot
    }

    private func list(_ node: NodeUnderTest) async throws(RPCStatus) -> [Snapshot] {
        try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries.compactMap(\.snapshot)
    }

    /// Three volumes in two pools: one that is written to in each, and an idle one.
    private func threeVolumes(_ node: NodeUnderTest) async throws -> [TestVolume] {
        let two = ["pool": "two"]
        let volumes = [
            try await node.createInUse("a"), try await node.createInUse("b", parameters: two),
            try await node.create("c", parameters: two),
        ]
        for name in ["a", "b"] { try await write(Array(name.utf8), to: node.path("\(name)/file")) }
        return volumes
    }

    @Test("one across two pools is told of alike by all calls, survives a kill, and goes as a whole")
    func life() async throws {
        try await withNode(on: .xfs, and: .btrfs) { node in
            let volumes = try await threeVolumes(node)
            let group = try await node.group(volumes)
            #expect(group.readyToUse && group.snapshots.count == 3)
            #expect(Set(group.snapshots.map(\.sourceVolumeID)) == Set(volumes.map(\.id)))
            for snapshot in group.snapshots {
                #expect(snapshot.groupSnapshotID == group.groupSnapshotID && snapshot.readyToUse)
                #expect(snapshot.creationTime == group.creationTime)
            }
            for _ in 0..<2 {
                #expect(try await get(node, group) == group)
                #expect(try await node.group(volumes.reversed()) == group, "by name it is the same")
                #expect(try await list(node) == group.snapshots.sorted { $0.snapshotID < $1.snapshotID })
                try await node.restart()
            }
            for (name, number) in [("a", 0), ("b", 1)] {
                let member = try #require(group.snapshots.first(where: { $0.sourceVolumeID == volumes[number].id }))
                let restored = try await node.restore(
                    member, "restored \(name)", parameters: number == 0 ? [:] : ["pool": "two"])
                try await node.use(restored, as: "restored-\(name)")
                #expect(try await read(node.path("restored-\(name)/file"), count: 1) == Array(name.utf8))
            }
            await refused(.invalidArgument, group.groupSnapshotID) {
                try await node.delete(snapshot: group.snapshots[0])
            }
            #expect(try await get(node, group) == group)
            let copy = group
            try await node.delete(group: group)
            try await node.delete(group: copy)
            #expect(try await list(node).isEmpty)
            await refused(.notFound, group.groupSnapshotID) { try await get(node, group) }
        }
    }

    @Test("what is missing, unknown or wrong in a request is refused, and leaves nothing")
    func badRequests() async throws {
        try await withNode { node in
            let volumes = [try await node.create("a"), try await node.create("b"), try await node.create("c")]
            let group = try await node.group(Array(volumes[..<2]))
            let members = group.snapshots.map(\.snapshotID)
            let files = node.poolFiles()
            let create = CSIMethod.createVolumeGroupSnapshot
            await refused(.invalidArgument, "name") {
                try await node.call(create, CreateVolumeGroupSnapshotRequest(sourceVolumeIDs: [volumes[0].id]))
            }
            await refused(.invalidArgument, "source_volume_ids") {
                try await node.call(create, CreateVolumeGroupSnapshotRequest(name: "g"))
            }
            await refused(.invalidArgument, "twice") { try await node.group([volumes[0], volumes[0]], "g") }
            for other in [[volumes[0]], volumes, [volumes[0], volumes[2]]] {
                await refused(.alreadyExists, "group", volumes[0].id) { try await node.group(other) }
            }
            let unknown = "hf-0123456789012345678901234567890123456789"
            for sources in [[volumes[0].id, unknown], [unknown, volumes[0].id], [volumes[0].id, "../x"]] {
                await refused(.notFound, "there is no volume") {
                    try await node.call(create, CreateVolumeGroupSnapshotRequest(name: "g", sourceVolumeIDs: sources))
                }
            }
            for wrong in [[], [members[0]], members + ["hfs-x"], [members[0], members[0]], [members[0], "x"]] {
                await refused(.invalidArgument, "snapshot_ids", members[1], what: "get \(wrong)") {
                    try await get(node, group, wrong)
                }
                await refused(.invalidArgument, "snapshot_ids", members[1], what: "delete \(wrong)") {
                    try await node.call(
                        CSIMethod.deleteVolumeGroupSnapshot,
                        DeleteVolumeGroupSnapshotRequest(groupSnapshotID: group.groupSnapshotID, snapshotIDs: wrong))
                }
            }
            await refused(.invalidArgument, "group_snapshot_id") {
                try await node.call(CSIMethod.getVolumeGroupSnapshot, GetVolumeGroupSnapshotRequest())
            }
            await refused(.invalidArgument, "group_snapshot_id") {
                try await node.call(CSIMethod.deleteVolumeGroupSnapshot, DeleteVolumeGroupSnapshotRequest())
            }
            for id in [Self.unknown, "../x", members[0]] {
                await refused(.notFound, id) {
                    try await node.call(
                        CSIMethod.getVolumeGroupSnapshot,
                        GetVolumeGroupSnapshotRequest(groupSnapshotID: id, snapshotIDs: members))
                }
                _ = try await node.call(
                    CSIMethod.deleteVolumeGroupSnapshot,
                    DeleteVolumeGroupSnapshotRequest(groupSnapshotID: id, snapshotIDs: members))
            }
            #expect(node.poolFiles() == files)
        }
    }

    @Test("one member that cannot be had, and there is no group and no snapshot")
    func oneCannot() async throws {
        try await withNode(on: .xfs, and: .ext4) { node in
            let volumes = [
                try await node.createInUse("shared"), try await node.createInUse("copied", parameters: ["pool": "two"]),
            ]
            for name in ["shared", "copied"] { try await write([1], to: node.path("\(name)/file")) }
            await refused(.failedPrecondition, volumes[1].id, "maxFreeze") { try await node.group(volumes) }
            #expect(node.poolFiles(in: "one").count == 2 && node.poolFiles(in: "two").count == 2)
            for name in ["shared", "copied"] { #expect(try await !isFrozen(node.path(name)), "\(name)") }
            _ = try await node.group(volumes, parameters: ["maxFreeze": "60s"])
        }
    }

    @Test("an unused volume that has to be copied takes none of the time for which others are frozen")
    func idleMember() async throws {
        try await withNode(on: .xfs, and: .ext4) { node in
            let used = try await node.createInUse("used")
            try await write([1], to: node.path("used/file"))
            let idle = try await node.create("idle", .block(), parameters: ["pool": "two"])
            let thick = try await node.create("thick", parameters: ["provisioning": "thick"])
            _ = try await node.group([used, idle, thick])
        }
    }

    /// Two volumes that are written to in lockstep.
    struct Pair: Sendable, CustomTestStringConvertible {
        let first: VolumeKind
        let second: VolumeKind
        var testDescription: String { "\(first.name), then \(second.name)" }

        static let all = [
            Pair(first: .ext4, second: .ext4), Pair(first: .btrfs, second: .block), Pair(first: .block, second: .ext4),
        ]
    }

    @Test("what depends on another volume's content is never ahead of it", arguments: Pair.all)
    func lockstep(_ pair: Pair) async throws {
        try await withNode(on: .xfs, and: .btrfs) { node in
            let first = try await node.createInUse("first", pair.first.capability, size: pair.first.size)
            let second = try await node.createInUse(
                "second", pair.second.capability, size: pair.second.size, parameters: ["pool": "two"])
            let chronicle = Chronicle(
                pair.first.file(node.path("first")), pair.second.file(node.path("second")))
            for round in 1...3 {
                await chronicle.waitForMore()
                let before = chronicle.count
                let group = try await node.group([first, second], "group \(round)")
                var lengths: [Int] = []
                for (volume, kind, parameters) in [
                    (first, pair.first, [:]), (second, pair.second, ["pool": "two"]),
                ] {
                    let member = try #require(group.snapshots.first(where: { $0.sourceVolumeID == volume.id }))
                    let restored = try await node.restore(
                        member, "\(round) \(volume.id)", kind.capability, parameters: parameters)
                    try await node.use(restored, as: "restored")
                    lengths.append(try await Chronicle.length(kind.file(node.path("restored"))))
                    try await node.stopUsing(restored, as: "restored")
                    try await node.delete(restored)
                }
                #expect(
                    lengths[1] >= before && (lengths[0] - lengths[1] == 0 || lengths[0] - lengths[1] == 1), "\(lengths)"
                )
                try await node.delete(group: group)
            }
            await chronicle.stop()
        }
    }

    @Test("two raw devices that may be written to cannot be had at one moment, and that is said")
    func twoRawDevices() async throws {
        try await withNode(on: .xfs) { node in
            let volumes = [
                try await node.createInUse("first", .block()), try await node.createInUse("second", .block()),
            ]
            await refused(.failedPrecondition, "raw block", node.path("first"), node.path("second")) {
                try await node.group(volumes)
            }
            #expect(node.poolFiles().count == 4)
            try await node.unpublish(volumes[0], at: "first")
            _ = try await node.group(volumes)
        }
    }

    /// How far the deletion or the creation of a group had come when the node was killed.
    struct Cut: Sendable, CustomTestStringConvertible {
        let label: String
        /// What stands behind the group record's name; nil is no record.
        let group: String?
        /// The same of the two members' records; nil is no member.
        let members: [String?]
        let isWhole: Bool
        /// Whether the group's record lies in the pool that is read second.
        var isHomeSecond: Bool { members.first == ".making" || label.contains("noted") }
        var testDescription: String { label }

        static let all = [
            Cut(label: "begun", group: nil, members: [".making", ".making"], isWhole: false),
            Cut(label: "recorded", group: "", members: [".making", ".making"], isWhole: true),
            Cut(label: "half committed", group: "", members: ["", ".making"], isWhole: true),
            Cut(label: "deletion noted", group: ".deleted", members: ["", ""], isWhole: false),
            Cut(label: "one member's deletion noted", group: ".deleted", members: [".deleted", ""], isWhole: false),
            Cut(label: "one member deleted", group: ".deleted", members: [nil, ""], isWhole: false),
            Cut(label: "all members deleted", group: ".deleted", members: [nil, nil], isWhole: false),
            Cut(
                label: "deletion noted of one that was half committed", group: ".deleted", members: ["", ".making"],
                isWhole: false),
        ]
    }

    @Test(
        "a kill anywhere: at the next start it is there as a whole, or not at all", arguments: Cut.all)
    func killed(_ cut: Cut) async throws {
        try await withNode(on: .xfs, and: .btrfs) { node in
            let one = try await node.create("one", .block(), size: mebibyte)
            let two = try await node.create("two", .block(), size: mebibyte, parameters: ["pool": "two"])
            let pools = [one.id: "\(node.pool)/one", two.id: "\(node.pool)/two"]
            for volume in [one, two] {
                try await write([1], to: "\(pools[volume.id]!)/volumes/\(volume.id).image")
            }
            // The group's record lies in the first volume's pool.
            let group = try await node.group(cut.isHomeSecond ? [two, one] : [one, two])
            await node.kill()
            let home = "\(node.pool)/\(cut.isHomeSecond ? "two" : "one")/groups/\(group.groupSnapshotID).record"
            try #require(access(home, F_OK) == 0)
            if let suffix = cut.group { rename(home, home + suffix) } else { unlink(home) }
            for (snapshot, suffix) in zip(group.snapshots, cut.members) {
                let record = "\(pools[snapshot.sourceVolumeID]!)/snapshots/\(snapshot.snapshotID).record"
                if let suffix {
                    rename(record, record + suffix)
                } else {
                    unlink(record)
                    unlink("\(record.dropLast(".record".count)).image")
                }
            }
            try await node.start()
            let found = try await list(node)
            if cut.isWhole {
                #expect(try await get(node, group) == group)
                #expect(found == group.snapshots.sorted { $0.snapshotID < $1.snapshotID })
            } else {
                #expect(found.isEmpty)
                #expect(node.poolFiles(in: "one").count == 2 && node.poolFiles(in: "two").count == 2)
                await refused(.notFound) { try await get(node, group) }
            }
            let again = try await node.group(cut.isHomeSecond ? [two, one] : [one, two])
            #expect(again.groupSnapshotID == group.groupSnapshotID)
        }
    }

    @Test("a group's record that is damaged blocks the group and decides nothing", arguments: ["", ".deleted"])
    func damagedRecord(_ suffix: String) async throws {
        try await withNode(on: .xfs) { node in
            let (one, two) = (try await node.create("one"), try await node.create("two"))
            let group = try await node.group([one, two])
            await node.kill()
            let record = "\(node.pool)/groups/\(group.groupSnapshotID).record"
            let bytes = try await read(record, count: fileSize(record))
            // One member was about to be committed.
            rename(node.record(of: group.snapshots[0]), node.record(of: group.snapshots[0]) + ".making")
            rename(record, record + suffix)
            truncate(record + suffix, off_t(bytes.count - 10))
            let files = node.poolFiles()
            try await node.start()
            #expect(node.logText.contains(record + suffix), "\(node.logText)")
            #expect(node.poolFiles() == files)
            await refused(.dataLoss, record) { try await get(node, group) }
            await refused(.dataLoss, record) { try await node.group([one, two]) }
            await refused(.dataLoss, record) { try await node.delete(group: group) }
            #expect(node.poolFiles() == files)
            let other = try await node.group([one, two], "another")
            try await node.delete(group: other)
            await node.kill()
            try await write(bytes, to: record + suffix)
            try await node.start()
            if suffix.isEmpty {
                #expect(try await get(node, group) == group)
            } else {
                await refused(.notFound) { try await get(node, group) }
                #expect(try await list(node).isEmpty)
            }
        }
    }
}
