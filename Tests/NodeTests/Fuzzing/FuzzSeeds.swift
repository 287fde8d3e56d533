internal import CSI
internal import RPC

/// A request that the node would grant, or nearly, in bytes.
struct FuzzSeed: Sendable {
    let path: String
    let isStream: Bool
    let bytes: [UInt8]

    init<Request: WireMessage, Response: WireMessage>(_ method: CSIMethod.Unary<Request, Response>, _ request: Request)
    {
        path = method.path
        isStream = false
        bytes = request.wireBytes()
    }

    init<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.ServerStream<Request, Response>, _ request: Request
    ) {
        path = method.path
        isStream = true
        bytes = request.wireBytes()
    }
}

extension FuzzVolumes {
    /// Requests of every method about these volumes.
    func seeds(_ node: NodeUnderTest) -> [FuzzSeed] {
        queries(node) + hostCalls() + controllerCalls() + snapshotCalls() + nodeCalls(node)
    }

    private static let secrets: Secrets = ["name": "secret", "other": "secret"]
    private static let range = CapacityRange(requiredBytes: 16 * mebibyte, limitBytes: 64 * mebibyte)

    private func queries(_ node: NodeUnderTest) -> [FuzzSeed] {
        [
            FuzzSeed(CSIMethod.getPluginInfo, .init()), FuzzSeed(CSIMethod.getPluginCapabilities, .init()),
            FuzzSeed(CSIMethod.probe, .init()), FuzzSeed(CSIMethod.controllerGetCapabilities, .init()),
            FuzzSeed(CSIMethod.groupControllerGetCapabilities, .init()),
            FuzzSeed(CSIMethod.nodeGetCapabilities, .init()), FuzzSeed(CSIMethod.nodeGetInfo, .init()),
            FuzzSeed(CSIMethod.listVolumes, .init(maxEntries: 3)),
            FuzzSeed(
                CSIMethod.getCapacity,
                .init(
                    volumeCapabilities: [.mount("xfs")], parameters: ["provisioning": "thick"],
                    accessibleTopology: Topology(segments: ["topology.holdfast.dev/node": NodeUnderTest.nodeID]))),
            FuzzSeed(CSIMethod.controllerGetVolume, .init(volumeID: plain.id)),
            FuzzSeed(
                CSIMethod.validateVolumeCapabilities,
                .init(
                    volumeID: plain.id, volumeContext: plain.context, volumeCapabilities: [.mount("ext4")],
                    secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.nodeGetVolumeStats,
                .init(
                    volumeID: plain.id, volumePath: node.path("plain"), stagingTargetPath: node.path("plain.staging"))),
        ]
    }

    private func hostCalls() -> [FuzzSeed] {
        [
            FuzzSeed(Host.listVolumes, .init(maxEntries: 3, pool: "default", inUse: true)),
            FuzzSeed(Host.listVolumes, .init(volumeID: plain.id)), FuzzSeed(Host.listOperations, .init()),
            FuzzSeed(Host.getHealth, .init()), FuzzSeed(Host.getMetrics, .init()),
        ]
    }

    private func controllerCalls() -> [FuzzSeed] {
        let here = Topology(segments: ["topology.holdfast.dev/node": NodeUnderTest.nodeID])
        return ["new", "plain", "other"].map { name in
            FuzzSeed(
                CSIMethod.createVolume,
                CreateVolumeRequest(
                    name: name, capacityRange: Self.range, volumeCapabilities: [.mount("ext4", flags: ["noatime"])],
                    parameters: ["fsck": "auto", "mkfsOptions": "-m 1"], secrets: Self.secrets,
                    volumeContentSource: name == "other" ? VolumeContentSource(.volume(id: idle.id)) : nil,
                    accessibilityRequirements: TopologyRequirement(requisite: [here], preferred: [here]),
                    mutableParameters: ["readAheadKiB": "256"]))
        } + [
            FuzzSeed(CSIMethod.deleteVolume, .init(volumeID: idle.id, secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.controllerPublishVolume,
                .init(
                    volumeID: plain.id, nodeID: NodeUnderTest.nodeID, volumeCapability: .mount(),
                    secrets: Self.secrets, volumeContext: plain.context)),
            FuzzSeed(
                CSIMethod.controllerUnpublishVolume,
                .init(volumeID: plain.id, nodeID: NodeUnderTest.nodeID, secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.controllerExpandVolume,
                .init(
                    volumeID: idle.id, capacityRange: Self.range, secrets: Self.secrets, volumeCapability: .mount())),
            FuzzSeed(
                CSIMethod.controllerModifyVolume,
                .init(volumeID: plain.id, secrets: Self.secrets, mutableParameters: ["readAheadKiB": "512"])),
        ]
    }

    private func snapshotCalls() -> [FuzzSeed] {
        let members = group.snapshots.map(\.snapshotID)
        return [
            FuzzSeed(
                CSIMethod.createSnapshot,
                .init(
                    sourceVolumeID: idle.id, name: "three", secrets: Self.secrets, parameters: ["maxFreeze": "500ms"])),
            FuzzSeed(CSIMethod.deleteSnapshot, .init(snapshotID: otherSnapshot.snapshotID, secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.listSnapshots,
                .init(
                    maxEntries: 2, startingToken: "", sourceVolumeID: plain.id, snapshotID: "", secrets: Self.secrets)),
            FuzzSeed(CSIMethod.getSnapshot, .init(snapshotID: snapshot.snapshotID, secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.createVolumeGroupSnapshot,
                .init(
                    name: "group", sourceVolumeIDs: [plain.id, idle.id], secrets: Self.secrets,
                    parameters: ["maxFreeze": "1s"])),
            FuzzSeed(
                CSIMethod.deleteVolumeGroupSnapshot,
                .init(groupSnapshotID: group.groupSnapshotID, snapshotIDs: members, secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.getVolumeGroupSnapshot,
                .init(groupSnapshotID: group.groupSnapshotID, snapshotIDs: members, secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.getMetadataAllocated,
                .init(
                    snapshotID: snapshot.snapshotID, startingOffset: 65_536, maxResults: 16, secrets: Self.secrets)),
            FuzzSeed(
                CSIMethod.getMetadataDelta,
                .init(
                    baseSnapshotID: snapshot.snapshotID, targetSnapshotID: otherSnapshot.snapshotID,
                    startingOffset: 1, maxResults: 1, secrets: Self.secrets)),
        ]
    }

    private func nodeCalls(_ node: NodeUnderTest) -> [FuzzSeed] {
        [(plain, "plain"), (block, "block"), (staged, "staged"), (idle, "idle")].flatMap { volume, name in
            [
                FuzzSeed(
                    CSIMethod.nodeStageVolume,
                    .init(
                        volumeID: volume.id, publishContext: ["key": "value"],
                        stagingTargetPath: node.path("\(name).staging"), volumeCapability: volume.capability,
                        secrets: Self.secrets, volumeContext: volume.context)),
                FuzzSeed(
                    CSIMethod.nodeUnstageVolume,
                    .init(volumeID: volume.id, stagingTargetPath: node.path("\(name).staging"))),
                FuzzSeed(
                    CSIMethod.nodePublishVolume,
                    .init(
                        volumeID: volume.id, publishContext: ["key": "value"],
                        stagingTargetPath: node.path("\(name).staging"), targetPath: node.path(name),
                        volumeCapability: volume.capability, readonly: name == "staged", secrets: Self.secrets,
                        volumeContext: volume.context)),
                FuzzSeed(
                    CSIMethod.nodeUnpublishVolume, .init(volumeID: volume.id, targetPath: node.path(name))),
                FuzzSeed(
                    CSIMethod.nodeExpandVolume,
                    .init(
                        volumeID: volume.id, volumePath: node.path(name), capacityRange: Self.range,
                        stagingTargetPath: node.path("\(name).staging"), volumeCapability: volume.capability,
                        secrets: Self.secrets)),
            ]
        } + [
            FuzzSeed(
                CSIMethod.nodePublishVolume,
                .init(
                    volumeID: "csi-ephemeral", targetPath: node.path("ephemeral"), volumeCapability: .mount(),
                    volumeContext: ["csi.storage.k8s.io/ephemeral": "true", "size": "16Mi"]))
        ]
    }

    /// Texts that mean something to the node: its ids, names, paths, keys and values, and paths that it must not follow.
    func texts(_ node: NodeUnderTest, decoy: String) -> [[UInt8]] {
        let ids =
            [plain.id, block.id, staged.id, idle.id, snapshot.snapshotID, otherSnapshot.snapshotID]
            + [group.groupSnapshotID, NodeUnderTest.nodeID, "default"]
        let paths = Self.names.flatMap { [node.path($0), node.path("\($0).staging")] }
        let root = node.kubeletRoot
        let outside = [
            decoy, "\(decoy)/target", "\(decoy)/empty", node.pool, "\(node.pool)/volumes", "/", "/etc", "/dev/null",
            "/dev/loop0", "/proc/self/root\(decoy)/target", "\(root)/../decoy/target", "\(root)/link/target", root,
            "\(root)/plain/inside", "\(root)/proc/self/root/x", "\(root)/magic\(decoy)/empty", "\(root)/new",
            "\(root)//a/./b",
        ]
        let context = plain.context.flatMap { [$0.key, $0.value] }
        return (ids + paths + outside + context + Self.words).map { Array($0.utf8) }
    }

    private static let words = [
        "", "0", "1", "-1", "true", "false", "node", "pod", "auto", "force", "off", "thin", "thick", "none", "discard",
        "luks2", "ext4", "xfs", "btrfs", "vfat", "ext2", "pool", "provisioning", "singleWriter", "fsck", "mkfsOptions",
        "wipe", "encryption", "readAheadKiB", "maxFreeze", "size", "1Gi", "16Mi", "1e30", "500ms", "5s", "-5s", "99h",
        "csi.storage.k8s.io/fstype", "csi.storage.k8s.io/ephemeral", "topology.holdfast.dev/node", "ro", "rw", "bind",
        "remount", "loop", "noatime", "nosuid", "dev", "exec", "context=system_u", "discard", "data=journal",
        "usrquota",
        "errors=panic", "subvol=/", "uid=0", "-L label", "-m 1", "-O ^64bit", "-E offset=1", "-d /etc", "-U clear",
        "-b 4096", "-N 99999999", "plain", "new", "one", "group", "\u{0}",
    ]
}
