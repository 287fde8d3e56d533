internal import CSI
internal import Glibc
internal import RPC
internal import Testing

/// Volumes and snapshots of a node in each state that a call may find one in. They are made again after each batch of
/// calls that may have changed anything about them.
struct FuzzVolumes: Sendable {
    /// Mounted at `plain.staging` and published at `plain`, likewise `block`; `staged` at `staged.staging` only; `idle` not.
    var plain: TestVolume
    var block: TestVolume
    var staged: TestVolume
    var idle: TestVolume
    var snapshot: Snapshot
    var otherSnapshot: Snapshot
    var group: VolumeGroupSnapshot

    static let names = ["plain", "block", "staged", "idle"]

    init(on node: NodeUnderTest) async throws {
        plain = try await node.create("plain", size: 16 * mebibyte)
        block = try await node.create("block", .block(), size: 16 * mebibyte)
        staged = try await node.create("staged", size: 16 * mebibyte)
        idle = try await node.create("idle", size: 16 * mebibyte)
        try await node.use(plain, as: "plain")
        try await node.use(block, as: "block")
        try await node.stage(staged, at: "staged.staging")
        snapshot = try await node.snapshot(plain, "one")
        otherSnapshot = try await node.snapshot(plain, "two")
        group = try await node.group([plain, idle])
    }

    /// Undoes whatever calls have made, by calls that an orchestrator would make, and makes everything anew.
    static func reset(_ node: NodeUnderTest) async throws -> FuzzVolumes {
        try await removeEverything(node)
        return try await FuzzVolumes(on: node)
    }

    static func removeEverything(_ node: NodeUnderTest) async throws {
        let volumes = try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.compactMap(\.volume)
        let mounts = node.folder.mountPoints.filter { $0.hasPrefix(node.kubeletRoot) }
        var refusals: [String] = []
        for volume in volumes {
            for path in Set(mounts + [node.path("none")]) {
                // Those that are not this volume's are refused, and stay.
                do throws(RPCStatus) {
                    _ = try await node.call(
                        CSIMethod.nodeUnpublishVolume, .init(volumeID: volume.volumeID, targetPath: path))
                } catch { refusals.append("\(error)") }
                do throws(RPCStatus) {
                    _ = try await node.call(
                        CSIMethod.nodeUnstageVolume, .init(volumeID: volume.volumeID, stagingTargetPath: path))
                } catch { refusals.append("\(error)") }
            }
            _ = try await node.call(CSIMethod.controllerUnpublishVolume, .init(volumeID: volume.volumeID))
        }
        let left = node.folder.mountPoints.filter { $0.hasPrefix(node.kubeletRoot) }
        let table = try await attempt("grep", "-F", node.kubeletRoot, "/proc/self/mountinfo").output
        try #require(left.isEmpty, "mounts cannot be undone through the node: \(table), \(refusals)")
        let snapshots = try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries
            .compactMap(\.snapshot)
        for (group, members) in Dictionary(grouping: snapshots, by: \.groupSnapshotID) where !group.isEmpty {
            let request = DeleteVolumeGroupSnapshotRequest(
                groupSnapshotID: group, snapshotIDs: members.map(\.snapshotID))
            _ = try await node.call(CSIMethod.deleteVolumeGroupSnapshot, request)
        }
        for snapshot in snapshots where snapshot.groupSnapshotID.isEmpty {
            _ = try await node.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: snapshot.snapshotID))
        }
        for volume in volumes {
            _ = try await node.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: volume.volumeID))
        }
        node.ledger.withLock { $0 = Ledger() }
        try #require(node.poolFiles() == [], "files are left in the pool")
    }
}
