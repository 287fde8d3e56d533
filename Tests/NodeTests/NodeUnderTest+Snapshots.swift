internal import CSI
internal import RPC
internal import Testing

// Snapshots, groups and growth as an orchestrator drives them.
extension NodeUnderTest {
    func snapshot(
        _ volume: TestVolume, _ name: String = "snapshot", parameters: [String: String] = [:]
    ) async throws(RPCStatus) -> Snapshot {
        let request = CreateSnapshotRequest(sourceVolumeID: volume.id, name: name, parameters: parameters)
        guard let snapshot = try await call(CSIMethod.createSnapshot, request).snapshot else {
            throw RPCStatus(.internalError, "CreateSnapshot answered without a snapshot")
        }
        ledger.withLock { _ = $0.snapshots.insert(snapshot.snapshotID) }
        return snapshot
    }

    func delete(snapshot: Snapshot) async throws(RPCStatus) {
        _ = try await call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: snapshot.snapshotID))
        ledger.withLock { _ = $0.snapshots.remove(snapshot.snapshotID) }
    }

    func group(
        _ volumes: [TestVolume], _ name: String = "group", parameters: [String: String] = [:]
    ) async throws(RPCStatus) -> VolumeGroupSnapshot {
        let request = CreateVolumeGroupSnapshotRequest(
            name: name, sourceVolumeIDs: volumes.map(\.id), parameters: parameters)
        guard let group = try await call(CSIMethod.createVolumeGroupSnapshot, request).groupSnapshot else {
            throw RPCStatus(.internalError, "CreateVolumeGroupSnapshot answered without a group")
        }
        ledger.withLock { $0.groups[group.groupSnapshotID] = group.snapshots.map(\.snapshotID) }
        return group
    }

    func delete(group: VolumeGroupSnapshot) async throws(RPCStatus) {
        let request = DeleteVolumeGroupSnapshotRequest(
            groupSnapshotID: group.groupSnapshotID, snapshotIDs: group.snapshots.map(\.snapshotID))
        _ = try await call(CSIMethod.deleteVolumeGroupSnapshot, request)
        ledger.withLock { _ = $0.groups.removeValue(forKey: group.groupSnapshotID) }
    }

    func create(
        _ name: String, from source: VolumeContentSource, _ capability: VolumeCapability = .mount(),
        size: Int64? = nil, parameters: [String: String] = [:]
    ) async throws(RPCStatus) -> TestVolume {
        try await create(
            CreateVolumeRequest(
                name: name, capacityRange: size.map { CapacityRange(requiredBytes: $0) },
                volumeCapabilities: [capability], parameters: parameters, volumeContentSource: source))
    }

    func restore(
        _ snapshot: Snapshot, _ name: String = "restored", _ capability: VolumeCapability = .mount(),
        size: Int64? = nil, parameters: [String: String] = [:]
    ) async throws(RPCStatus) -> TestVolume {
        try await create(
            name, from: VolumeContentSource(.snapshot(id: snapshot.snapshotID)), capability, size: size,
            parameters: parameters)
    }

    func clone(
        _ volume: TestVolume, _ name: String = "clone", size: Int64? = nil, parameters: [String: String] = [:]
    ) async throws(RPCStatus) -> TestVolume {
        try await create(
            name, from: VolumeContentSource(.volume(id: volume.id)), volume.capability, size: size,
            parameters: parameters)
    }

    func expand(_ volume: TestVolume, to size: Int64, limit: Int64 = 0) async throws(RPCStatus) -> (
        size: Int64, isPending: Bool
    ) {
        let request = ControllerExpandVolumeRequest(
            volumeID: volume.id, capacityRange: CapacityRange(requiredBytes: size, limitBytes: limit),
            volumeCapability: volume.capability)
        let answer = try await call(CSIMethod.controllerExpandVolume, request)
        return (answer.capacityBytes, answer.nodeExpansionRequired)
    }

    func expand(_ volume: TestVolume, to size: Int64 = 0, at name: String) async throws(RPCStatus) -> Int64 {
        let request = NodeExpandVolumeRequest(
            volumeID: volume.id, volumePath: path(name), capacityRange: CapacityRange(requiredBytes: size),
            volumeCapability: volume.capability)
        return try await call(CSIMethod.nodeExpandVolume, request).capacityBytes
    }

    func modify(_ volume: TestVolume, _ parameters: [String: String]) async throws(RPCStatus) {
        let request = ControllerModifyVolumeRequest(volumeID: volume.id, mutableParameters: parameters)
        _ = try await call(CSIMethod.controllerModifyVolume, request)
    }

    func condition(_ volume: TestVolume) async throws(RPCStatus) -> VolumeCondition? {
        try await call(CSIMethod.controllerGetVolume, ControllerGetVolumeRequest(volumeID: volume.id)).status?
            .volumeCondition
    }

    /// Stages and publishes at `NAME.staging` and `NAME`, and returns the target's path.
    @discardableResult
    func use(_ volume: TestVolume, as name: String) async throws(RPCStatus) -> String {
        try await stage(volume, at: "\(name).staging")
        try await publish(volume, at: name, from: "\(name).staging")
        return path(name)
    }

    func stopUsing(_ volume: TestVolume, as name: String) async throws(RPCStatus) {
        try await unpublish(volume, at: name)
        try await unstage(volume, at: "\(name).staging")
    }
}
