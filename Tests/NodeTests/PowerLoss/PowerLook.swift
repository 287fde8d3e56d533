internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// What a look at a disk after the power came back has found.
struct PowerFindings: Sendable {
    var checks = 0
    var losses: [String] = []
    /// Files gone that nobody had flushed.
    var looseLost = 0
    /// What the disk was told until the node was ready.
    var recovery: [DiskLog.Entry] = []

    mutating func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
        checks += 1
        if !holds { losses.append(what()) }
    }
}

/// Starts a node on what a disk holds, and compares that with what its clients know.
struct PowerLook {
    private let node: NodeUnderTest
    private(set) var findings = PowerFindings()

    private init(_ node: NodeUnderTest) { self.node = node }

    /// Mounts a disk of these entries, which replays its journal, and looks. What cannot even be mounted or started is a
    /// loss too.
    static func look(
        at entries: [DiskLog.Entry], _ world: PowerWorld, inFlight: PowerRun.Step? = nil, retries: Bool = true
    ) async -> PowerFindings {
        var findings = PowerFindings()
        let folder = TemporaryFolder("cut")
        let point = folder.makeFolder("pool")
        do {
            let disk = try FaultyDisk(folder.makeImage("backing", bytes: PowerRun.size), at: folder.at("disk"))
            defer { withExtendedLifetime(disk) {} }
            try DiskLog.lay(entries, onto: folder.at("backing"))
            disk.startLog()
            // Direct, so that the disk sees each flush behind the writes that it is for.
            let device = try await run("losetup", "--direct-io=on", "--show", "-f", disk.path).prefix { $0 != "\n" }
            try await run("mount", String(device), point)
            // It goes with its mount: once the disk is gone nothing would tell whose it was.
            try await run("losetup", "-d", String(device))
            try await withNode(in: folder, pool: point) { node in
                var look = PowerLook(node)
                look.findings.recovery = disk.log.entries
                do {
                    try await look.compare(world, inFlight, retries)
                } catch {
                    look.findings.losses.append("\(error)")
                }
                findings = look.findings
            }
        } catch {
            findings.losses.append("\(error)")
        }
        await removeLeftovers(in: folder)
        return findings
    }

    private mutating func compare(_ world: PowerWorld, _ inFlight: PowerRun.Step?, _ retries: Bool) async throws {
        for line in node.logText.split(separator: "\n") where line.contains(" WARNING ") || line.contains(" ERROR ") {
            findings.expect(false, "the node could not decide: \(line)")
        }
        try await compareLists(world, inFlight?.world ?? world)
        var world = world
        if let inFlight {
            let given = retries ? nil : try await inFlight.deed.giveUp(in: world, after: inFlight.world, on: node)
            if let given { world = given } else { world = try await inFlight.deed.perform(in: world, on: node) }
            findings.checks += 1
        }
        try await compareLists(world, world)
        for (name, member) in world.volumes.sorted(by: { $0.key < $1.key }) { await compare(member, name) }
        for (name, kept) in world.allSnapshots { await compare(kept, "look-\(name)") }
        await deleteEverything()
    }

    /// What exists both before and after the call that got no answer is there, and nothing that exists in neither.
    private mutating func compareLists(_ before: PowerWorld, _ after: PowerWorld) async throws {
        let volumes = try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.compactMap(\.volume)
        compare(
            "volume", Set(volumes.map(\.volumeID)), Set(before.volumes.values.map(\.volume.id)),
            Set(after.volumes.values.map(\.volume.id)))
        let snapshots = try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries
        compare(
            "snapshot", Set(snapshots.compactMap { $0.snapshot?.snapshotID }),
            Set(before.allSnapshots.map(\.kept.snapshot.snapshotID)),
            Set(after.allSnapshots.map(\.kept.snapshot.snapshotID)))
        for (name, member) in before.volumes {
            guard let size = volumes.first(where: { $0.volumeID == member.volume.id })?.capacityBytes else { continue }
            let sizes = member.sizes.union(after.volumes[name]?.sizes ?? [])
            findings.expect(sizes.contains(size), "volume \(name) has \(size) bytes and not one of \(sizes)")
        }
        for (name, group) in before.groups where after.groups[name] != nil {
            let request = GetVolumeGroupSnapshotRequest(
                groupSnapshotID: group.group.groupSnapshotID, snapshotIDs: group.group.snapshots.map(\.snapshotID))
            let found = try await node.call(CSIMethod.getVolumeGroupSnapshot, request).groupSnapshot
            findings.expect(found == group.group, "group \(name) has changed")
        }
    }

    private mutating func compare(_ what: String, _ found: Set<String>, _ before: Set<String>, _ after: Set<String>) {
        for id in before.intersection(after) { findings.expect(found.contains(id), "\(what) \(id) is lost") }
        for id in found { findings.expect(before.union(after).contains(id), "\(what) \(id) should not be there") }
    }

    private mutating func compare(_ member: PowerWorld.Member, _ name: String) async {
        do {
            let request = ControllerGetVolumeRequest(volumeID: member.volume.id)
            let nodes = try await node.call(CSIMethod.controllerGetVolume, request).status?.publishedNodeIDs
            if let isAttached = member.isAttached {
                findings.expect(nodes == (isAttached ? [NodeUnderTest.nodeID] : []), "\(name) is at \(nodes ?? [])")
            }
            let target = try await node.use(member.volume, as: name)
            for (file, sample) in member.files {
                let found = await holds(target, file, sample, member.kind)
                findings.expect(found, "file \(file) of volume \(name) does not hold sample \(sample)")
            }
            // Nothing of a former volume of that name, nor of what was written since a snapshot.
            let found = Set(member.kind.isBlock ? [] : names(in: target)).subtracting(["lost+found"])
            let known = Set(member.files.keys).union(member.loose.keys)
            findings.expect(
                found.isSubset(of: known), "volume \(name) holds \(found), and nobody wrote more than \(known)")
            for (file, sample) in member.loose where await !holds(target, file, sample, member.kind) {
                findings.looseLost += 1
            }
            if let wanted = member.readAheadKiB, let device = loopDevice(of: node.image(of: member.volume)) {
                let path = "/sys/block/\(device.dropFirst(5))/queue/read_ahead_kb"
                let found = try await read(path, count: "\(wanted)".utf8.count)
                findings.expect(found == Array("\(wanted)".utf8), "volume \(name) has lost its readAheadKiB")
            }
            try await node.stopUsing(member.volume, as: name)
            if let (tool, arguments) = Self.checks[member.kind.name] {
                let result = try await attempt(tool, arguments + [node.image(of: member.volume)])
                findings.expect(result.status == 0, "\(tool) of volume \(name): \(result.summary)")
            }
        } catch {
            findings.expect(false, "volume \(name): \(error)")
        }
    }

    private func holds(_ target: String, _ file: String, _ sample: Int, _ kind: VolumeKind) async -> Bool {
        let offset = kind.isBlock ? Int64(file) ?? 0 : 0
        return (try? await read(kind.file(target, file), at: offset, count: Sample.length)) == Sample.bytes(sample)
    }

    /// A filesystem and the tool that reads all of it without changing it.
    private static let checks: [String: (tool: String, arguments: [String])] = [
        "ext4": ("e2fsck", ["-f", "-n"]), "xfs": ("xfs_repair", ["-n"]), "btrfs": ("btrfs", ["check", "--readonly"]),
    ]

    private mutating func compare(_ kept: PowerWorld.Kept, _ name: String) async {
        do {
            let volume = try await node.restore(kept.snapshot, name, kept.kind.capability)
            await compare(PowerWorld.Member(volume, kept.kind, files: kept.files, loose: kept.loose), name)
            try await node.delete(volume)
        } catch {
            findings.expect(false, "\(name): \(error)")
        }
    }

    private mutating func deleteEverything() async {
        do {
            let snapshots = try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries
                .compactMap(\.snapshot)
            for (group, members) in Dictionary(grouping: snapshots, by: \.groupSnapshotID) {
                if group.isEmpty {
                    for snapshot in members { try await node.delete(snapshot: snapshot) }
                } else {
                    try await node.delete(group: VolumeGroupSnapshot(groupSnapshotID: group, snapshots: members))
                }
            }
            for volume in try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.compactMap(\.volume)
            {
                let detach = ControllerUnpublishVolumeRequest(volumeID: volume.volumeID)
                _ = try await node.call(CSIMethod.controllerUnpublishVolume, detach)
                _ = try await node.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: volume.volumeID))
            }
        } catch {
            findings.losses.append("what there was could not be deleted: \(error)")
        }
        let left = node.poolFiles()
        findings.expect(left.isEmpty, "files are left in the pool: \(left)")
    }
}
