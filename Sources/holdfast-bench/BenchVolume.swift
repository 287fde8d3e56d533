internal import CSI
internal import RPC

/// A volume of the benchmark's own, driven as an orchestrator would.
struct BenchVolume {
    let id: String
    let context: [String: String]
    let capability: VolumeCapability
    private let client: CSIClient
    private let staging: String
    let target: String

    init(
        _ client: CSIClient, _ bench: NodeBench, _ name: String, pool: String, bytes: Int64,
        access: VolumeCapability.Access = .mount(.init(fsType: "ext4")), source: VolumeContentSource? = nil
    ) async throws {
        capability = VolumeCapability(access: access, accessMode: .singleNodeWriter)
        let answer = try await client.call(
            CSIMethod.createVolume,
            CreateVolumeRequest(
                name: name, capacityRange: CapacityRange(requiredBytes: bytes), volumeCapabilities: [capability],
                parameters: ["pool": pool], volumeContentSource: source))
        guard let volume = answer.volume else { throw BenchError(description: "CreateVolume gave no volume") }
        id = volume.volumeID
        context = volume.volumeContext
        self.client = client
        staging = "\(bench.path)/kubelet/staging/\(name)"
        target = "\(bench.path)/kubelet/pods/\(name)"
    }

    func use() async throws {
        _ = try await client.call(
            CSIMethod.nodeStageVolume,
            NodeStageVolumeRequest(
                volumeID: id, stagingTargetPath: staging, volumeCapability: capability, volumeContext: context))
        _ = try await client.call(
            CSIMethod.nodePublishVolume,
            NodePublishVolumeRequest(
                volumeID: id, stagingTargetPath: staging, targetPath: target, volumeCapability: capability,
                volumeContext: context))
    }

    func stopUsing() async throws {
        _ = try await client.call(
            CSIMethod.nodeUnpublishVolume, NodeUnpublishVolumeRequest(volumeID: id, targetPath: target))
        _ = try await client.call(
            CSIMethod.nodeUnstageVolume, NodeUnstageVolumeRequest(volumeID: id, stagingTargetPath: staging))
    }

    func delete() async throws {
        _ = try await client.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
    }

    /// Takes a snapshot and returns its id.
    func snapshot(_ name: String) async throws -> String {
        let request = CreateSnapshotRequest(sourceVolumeID: id, name: name)
        guard let snapshot = try await client.call(CSIMethod.createSnapshot, request).snapshot else {
            throw BenchError(description: "CreateSnapshot gave no snapshot")
        }
        return snapshot.snapshotID
    }

    func expand(to bytes: Int64) async throws {
        let request = ControllerExpandVolumeRequest(
            volumeID: id, capacityRange: CapacityRange(requiredBytes: bytes), volumeCapability: capability)
        let answer = try await client.call(CSIMethod.controllerExpandVolume, request)
        guard answer.capacityBytes == bytes && !answer.nodeExpansionRequired else {
            throw BenchError(description: "the volume did not grow to \(bytes) bytes at once")
        }
    }
}
