internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls

/// A 1 GiB ext4 volume from create to delete: over CSI, and in turn by the tools that an administrator would use.
struct CycleBench {
    let bench: NodeBench
    let cycles: Int

    func measure() async throws {
        let client = CSIClient(socket: bench.socket, timeout: 60)
        defer { client.close() }
        var volume: [Double] = []
        var raw: [Double] = []
        // The first of each warms the caches and is not counted.
        for index in 0...cycles {
            let first = Moment.now
            try await volumeCycle(client, "cycle-\(index)")
            let second = Moment.now
            try rawCycle()
            guard index > 0 else { continue }
            volume.append(Double(second.nanoseconds - first.nanoseconds) / 1e6)
            raw.append(second.age * 1_000)
        }
        report("volume_cycle_p50", median(volume), "ms")
        report("raw_cycle_p50", median(raw), "ms")
        report("volume_cycle_ratio", median(volume) / median(raw), "ratio")
    }

    private func volumeCycle(_ client: CSIClient, _ name: String) async throws {
        let capability = VolumeCapability(access: .mount(.init(fsType: "ext4")), accessMode: .singleNodeMultiWriter)
        let staging = "\(bench.path)/kubelet/staging/volume"
        let target = "\(bench.path)/kubelet/pods/volume"
        let answer = try await client.call(
            CSIMethod.createVolume,
            CreateVolumeRequest(
                name: name, capacityRange: CapacityRange(requiredBytes: 1 << 30), volumeCapabilities: [capability]))
        guard let volume = answer.volume else { throw BenchError(description: "CreateVolume gave no volume") }
        let id = volume.volumeID
        _ = try await client.call(
            CSIMethod.nodeStageVolume,
            NodeStageVolumeRequest(
                volumeID: id, stagingTargetPath: staging, volumeCapability: capability,
                volumeContext: volume.volumeContext))
        _ = try await client.call(
            CSIMethod.nodePublishVolume,
            NodePublishVolumeRequest(
                volumeID: id, stagingTargetPath: staging, targetPath: target, volumeCapability: capability,
                volumeContext: volume.volumeContext))
        _ = try await client.call(
            CSIMethod.nodeUnpublishVolume, NodeUnpublishVolumeRequest(volumeID: id, targetPath: target))
        _ = try await client.call(
            CSIMethod.nodeUnstageVolume, NodeUnstageVolumeRequest(volumeID: id, stagingTargetPath: staging))
        _ = try await client.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
    }

    private func rawCycle() throws {
        let image = "\(bench.path)/raw/image"
        let staging = "\(bench.path)/raw/staging"
        let target = "\(bench.path)/raw/target"
        try run("truncate", ["-s", "1G", image])
        let device =
            try run("losetup", ["--find", "--show", image]).split(separator: "\n").first.map(String.init) ?? ""
        // Exit status 2 is blkid's 'nothing found'.
        try run("blkid", ["-p", device], allowed: [2])
        try run("mkfs.ext4", ["-q", device])
        try run("fsck", ["-a", device])
        try run("mount", [device, staging])
        try run("mount", ["--bind", staging, target])
        try run("umount", [target])
        try run("umount", [staging])
        try run("losetup", ["-d", device])
        try run("rm", [image])
    }
}
