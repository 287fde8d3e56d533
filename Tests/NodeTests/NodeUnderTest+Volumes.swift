internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import Testing

/// A volume as its creator knows it.
struct TestVolume: Sendable {
    let id: String
    let context: [String: String]
    let size: Int64
    let capability: VolumeCapability
}

/// What a test has made and not undone yet.
struct Ledger: Sendable {
    struct Place: Hashable, Sendable {
        let volume: String
        let path: String
    }

    var publications: Set<Place> = []
    var stagings: Set<Place> = []
    var attachments: Set<String> = []
    var volumes: Set<String> = []
    var snapshots: Set<String> = []
    /// Each with its snapshots.
    var groups: [String: [String]] = [:]
}

extension VolumeCapability {
    static func mount(
        _ type: String = "", _ mode: AccessMode = .singleNodeWriter, flags: [String] = []
    ) -> VolumeCapability {
        VolumeCapability(access: .mount(Mount(fsType: type, mountFlags: flags)), accessMode: mode)
    }

    static func block(_ mode: AccessMode = .singleNodeWriter) -> VolumeCapability {
        VolumeCapability(access: .block, accessMode: mode)
    }
}

/// The ways to use a volume that differ in the code: a filesystem with a device number of its own, one without, none.
enum Access: String, CaseIterable, CustomTestStringConvertible {
    case mounted, btrfs
    case rawBlock = "raw block"

    var capability: VolumeCapability {
        switch self {
        case .mounted: .mount()
        case .btrfs: .mount("btrfs")
        case .rawBlock: .block()
        }
    }

    var testDescription: String { rawValue }
}

/// Sizes in bytes.
let mebibyte: Int64 = 1 << 20

// The life of a volume as an orchestrator drives it. Each of these can be undone by `undoEverything`.
extension NodeUnderTest {
    /// Where a test stages and publishes.
    func path(_ name: String) -> String { "\(kubeletRoot)/\(name)" }

    func create(
        _ name: String = "volume", _ capability: VolumeCapability = .mount(), size: Int64? = 32 * mebibyte,
        limit: Int64 = 0, parameters: [String: String] = [:]
    ) async throws(RPCStatus) -> TestVolume {
        let range = size.map { CapacityRange(requiredBytes: $0, limitBytes: limit) }
        return try await create(
            CreateVolumeRequest(
                name: name, capacityRange: range, volumeCapabilities: [capability], parameters: parameters))
    }

    func create(_ request: CreateVolumeRequest) async throws(RPCStatus) -> TestVolume {
        guard let volume = try await call(CSIMethod.createVolume, request).volume else {
            throw RPCStatus(.internalError, "CreateVolume answered without a volume")
        }
        ledger.withLock { _ = $0.volumes.insert(volume.volumeID) }
        return TestVolume(
            id: volume.volumeID, context: volume.volumeContext, size: volume.capacityBytes,
            capability: request.volumeCapabilities.first ?? .mount())
    }

    func delete(_ volume: TestVolume) async throws(RPCStatus) {
        _ = try await call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: volume.id))
        ledger.withLock { _ = $0.volumes.remove(volume.id) }
    }

    func attach(_ volume: TestVolume, readonly: Bool = false) async throws(RPCStatus) {
        let request = ControllerPublishVolumeRequest(
            volumeID: volume.id, nodeID: Self.nodeID, volumeCapability: volume.capability, readonly: readonly,
            volumeContext: volume.context)
        _ = try await call(CSIMethod.controllerPublishVolume, request)
        ledger.withLock { _ = $0.attachments.insert(volume.id) }
    }

    func detach(_ volume: TestVolume) async throws(RPCStatus) {
        let request = ControllerUnpublishVolumeRequest(volumeID: volume.id, nodeID: Self.nodeID)
        _ = try await call(CSIMethod.controllerUnpublishVolume, request)
        ledger.withLock { _ = $0.attachments.remove(volume.id) }
    }

    func stage(
        _ volume: TestVolume, at name: String = "staging", as capability: VolumeCapability? = nil
    ) async throws(RPCStatus) {
        // The staging folder is the orchestrator's to make (CSI, NodeStageVolume).
        mkdir(path(name), 0o750)
        let request = NodeStageVolumeRequest(
            volumeID: volume.id, stagingTargetPath: path(name), volumeCapability: capability ?? volume.capability,
            volumeContext: volume.context)
        _ = try await call(CSIMethod.nodeStageVolume, request)
        ledger.withLock { _ = $0.stagings.insert(.init(volume: volume.id, path: path(name))) }
    }

    func unstage(_ volume: TestVolume, at name: String = "staging") async throws(RPCStatus) {
        let request = NodeUnstageVolumeRequest(volumeID: volume.id, stagingTargetPath: path(name))
        _ = try await call(CSIMethod.nodeUnstageVolume, request)
        ledger.withLock { _ = $0.stagings.remove(.init(volume: volume.id, path: path(name))) }
    }

    func publish(
        _ volume: TestVolume, at name: String = "target", from staging: String = "staging", readonly: Bool = false,
        as capability: VolumeCapability? = nil
    ) async throws(RPCStatus) {
        let request = NodePublishVolumeRequest(
            volumeID: volume.id, stagingTargetPath: path(staging), targetPath: path(name),
            volumeCapability: capability ?? volume.capability, readonly: readonly, volumeContext: volume.context)
        _ = try await call(CSIMethod.nodePublishVolume, request)
        ledger.withLock { _ = $0.publications.insert(.init(volume: volume.id, path: path(name))) }
    }

    func unpublish(_ volume: TestVolume, at name: String = "target") async throws(RPCStatus) {
        let request = NodeUnpublishVolumeRequest(volumeID: volume.id, targetPath: path(name))
        _ = try await call(CSIMethod.nodeUnpublishVolume, request)
        ledger.withLock { _ = $0.publications.remove(.init(volume: volume.id, path: path(name))) }
    }

    func stats(_ volume: TestVolume, at name: String) async throws(RPCStatus) -> [VolumeUsage] {
        let request = NodeGetVolumeStatsRequest(volumeID: volume.id, volumePath: path(name))
        return try await call(CSIMethod.nodeGetVolumeStats, request).usage
    }

    /// Undoes through the plugin what the test has left, and expects the pool to be as if nothing had ever been in it.
    func undoEverything(_ location: SourceLocation) async {
        let left = ledger.withLock { $0 }
        do throws(RPCStatus) {
            for place in left.publications {
                let request = NodeUnpublishVolumeRequest(volumeID: place.volume, targetPath: place.path)
                _ = try await call(CSIMethod.nodeUnpublishVolume, request)
            }
            for place in left.stagings {
                let request = NodeUnstageVolumeRequest(volumeID: place.volume, stagingTargetPath: place.path)
                _ = try await call(CSIMethod.nodeUnstageVolume, request)
            }
            for volume in left.attachments {
                _ = try await call(
                    CSIMethod.controllerUnpublishVolume, ControllerUnpublishVolumeRequest(volumeID: volume))
            }
            for (group, snapshots) in left.groups {
                let request = DeleteVolumeGroupSnapshotRequest(groupSnapshotID: group, snapshotIDs: snapshots)
                _ = try await call(CSIMethod.deleteVolumeGroupSnapshot, request)
            }
            for snapshot in left.snapshots {
                _ = try await call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: snapshot))
            }
            for volume in left.volumes {
                _ = try await call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: volume))
            }
        } catch {
            Issue.record("undoing what the test made failed with \(error)", sourceLocation: location)
        }
        #expect(poolFiles() == [], "files are left in the pool", sourceLocation: location)
    }
}
