internal import CSI
internal import Glibc
internal import RPC
internal import Testing

/// Every request that has secrets, with secrets in it: in calls that succeed, and in calls that fail at each stage.
struct SecretCalls {
    let node: NodeUnderTest
    let planted: PlantedSecrets
    let refused = Refused()

    /// The life of a volume, its snapshots and its groups. What it makes is known to the node's ledger or deleted.
    func makeAll() async throws {
        let volume = try await createVolumes()
        try await failToFormat()
        try await attach(volume)
        try await use(volume)
        try await snapshots(volume)
        try await groups(volume)
        try await deleteVolumes()
    }

    private func send<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.Unary<Request, Response>, _ request: Request
    ) async -> StatusCode {
        await refused.call { () async throws(RPCStatus) in try await node.call(method, request) }
    }

    private func createVolumes() async throws -> TestVolume {
        func request(_ parameters: [String: String] = [:], size: Int64 = 16 * mebibyte) -> CreateVolumeRequest {
            CreateVolumeRequest(
                name: "volume-\(planted.control)", capacityRange: CapacityRange(requiredBytes: size),
                volumeCapabilities: [.mount()], parameters: parameters,
                secrets: planted.secrets(CreateVolumeRequest.self))
        }
        #expect(await send(CSIMethod.createVolume, request([planted.control: "x"])) == .invalidArgument)
        #expect(await send(CSIMethod.createVolume, request(size: .max)) != .ok)
        let volume = try await node.create(request())
        #expect(await send(CSIMethod.createVolume, request(size: 32 * mebibyte)) == .alreadyExists)
        let secrets = planted.secrets(ValidateVolumeCapabilitiesRequest.self)
        for (id, code) in [(volume.id, StatusCode.ok), ("none", .notFound)] {
            let request = ValidateVolumeCapabilitiesRequest(
                volumeID: id, volumeCapabilities: [.mount()], secrets: secrets)
            #expect(await send(CSIMethod.validateVolumeCapabilities, request) == code)
        }
        for (parameters, code) in [(["readAheadKiB": "512"], StatusCode.ok), (["other": "1"], .invalidArgument)] {
            let request = ControllerModifyVolumeRequest(
                volumeID: volume.id, secrets: planted.secrets(ControllerModifyVolumeRequest.self),
                mutableParameters: parameters)
            #expect(await send(CSIMethod.controllerModifyVolume, request) == code)
        }
        return volume
    }

    /// mkfs refuses a journal that is larger than the volume.
    private func failToFormat() async throws {
        let volume = try await node.create(
            "unformatted", size: 16 * mebibyte, parameters: ["mkfsOptions": "-L \(planted.control) -J size=1024"])
        #expect(await stage(volume) == .internalError)
        try await node.delete(volume)
    }

    private func stage(_ volume: TestVolume, at name: String = "staging", flags: [String] = []) async -> StatusCode {
        // The staging folder is the orchestrator's to make (CSI, NodeStageVolume).
        mkdir(node.path(name), 0o750)
        return await send(
            CSIMethod.nodeStageVolume,
            NodeStageVolumeRequest(
                volumeID: volume.id, stagingTargetPath: node.path(name),
                volumeCapability: .mount(flags: flags), secrets: planted.secrets(NodeStageVolumeRequest.self)))
    }

    private func attach(_ volume: TestVolume) async throws {
        for (id, code) in [("none", StatusCode.notFound), (volume.id, .ok)] {
            let publish = ControllerPublishVolumeRequest(
                volumeID: id, nodeID: NodeUnderTest.nodeID, volumeCapability: .mount(),
                secrets: planted.secrets(ControllerPublishVolumeRequest.self))
            #expect(await send(CSIMethod.controllerPublishVolume, publish) == code)
        }
        for node in ["elsewhere", NodeUnderTest.nodeID] {
            let unpublish = ControllerUnpublishVolumeRequest(
                volumeID: volume.id, nodeID: node, secrets: planted.secrets(ControllerUnpublishVolumeRequest.self))
            _ = await send(CSIMethod.controllerUnpublishVolume, unpublish)
        }
    }

    private func use(_ volume: TestVolume) async throws {
        #expect(await stage(volume, flags: ["nonsense=\(planted.control)"]) != .ok)
        #expect(await stage(volume, at: "../pool") == .invalidArgument)
        #expect(await stage(volume) == .ok)
        for (target, code) in [
            ("../pool", StatusCode.invalidArgument), ("target", .ok), ("second", .failedPrecondition),
        ] {
            let request = NodePublishVolumeRequest(
                volumeID: volume.id, stagingTargetPath: node.path("staging"), targetPath: node.path(target),
                volumeCapability: .mount(), secrets: planted.secrets(NodePublishVolumeRequest.self))
            #expect(await send(CSIMethod.nodePublishVolume, request) == code)
        }
        for (id, code) in [("none", StatusCode.notFound), (volume.id, .ok)] {
            let range = CapacityRange(requiredBytes: 16 * mebibyte)
            let controller = ControllerExpandVolumeRequest(
                volumeID: id, capacityRange: range, secrets: planted.secrets(ControllerExpandVolumeRequest.self))
            #expect(await send(CSIMethod.controllerExpandVolume, controller) == code)
            let expand = NodeExpandVolumeRequest(
                volumeID: id, volumePath: node.path("target"), capacityRange: range,
                secrets: planted.secrets(NodeExpandVolumeRequest.self))
            #expect(await send(CSIMethod.nodeExpandVolume, expand) == code)
        }
        try await node.unpublish(volume)
        try await node.unstage(volume)
    }

    private func snapshots(_ volume: TestVolume) async throws {
        var ids: [String] = []
        for source in [volume.id, volume.id, "none"] {
            let request = CreateSnapshotRequest(
                sourceVolumeID: source, name: "snapshot-\(ids.count)",
                secrets: planted.secrets(CreateSnapshotRequest.self))
            _ = await refused.call { () async throws(RPCStatus) in
                ids.append(try await node.call(CSIMethod.createSnapshot, request).snapshot?.snapshotID ?? "")
            }
        }
        try #require(ids.count == 2)
        for id in ids + ["none"] {
            let get = GetSnapshotRequest(snapshotID: id, secrets: planted.secrets(GetSnapshotRequest.self))
            #expect(await send(CSIMethod.getSnapshot, get) == (id == "none" ? .notFound : .ok))
            let list = ListSnapshotsRequest(
                startingToken: id == "none" ? id : "", secrets: planted.secrets(ListSnapshotsRequest.self))
            #expect(await send(CSIMethod.listSnapshots, list) == (id == "none" ? .aborted : .ok))
            await stream(id, base: ids[0])
        }
        for id in ids + ["none"] {
            let delete = DeleteSnapshotRequest(snapshotID: id, secrets: planted.secrets(DeleteSnapshotRequest.self))
            #expect(await send(CSIMethod.deleteSnapshot, delete) == .ok)
        }
    }

    private func stream(_ id: String, base: String) async {
        let allocated = GetMetadataAllocatedRequest(
            snapshotID: id, secrets: planted.secrets(GetMetadataAllocatedRequest.self))
        let delta = GetMetadataDeltaRequest(
            baseSnapshotID: base, targetSnapshotID: id, secrets: planted.secrets(GetMetadataDeltaRequest.self))
        let client = RPCClient(socket: node.socket)
        for (path, bytes) in [
            (CSIMethod.getMetadataAllocated.path, allocated.wireBytes()),
            (CSIMethod.getMetadataDelta.path, delta.wireBytes()),
        ] {
            let code = await refused.call { () async throws(RPCStatus) in
                for try await _ in client.serverStream(path, bytes, timeout: 60) {}
            }
            #expect(code == (id == "none" ? .notFound : .ok))
        }
        client.close()
    }

    private func groups(_ volume: TestVolume) async throws {
        var made: VolumeGroupSnapshot?
        for source in ["none", volume.id] {
            let create = CreateVolumeGroupSnapshotRequest(
                name: "group", sourceVolumeIDs: [source],
                secrets: planted.secrets(CreateVolumeGroupSnapshotRequest.self))
            _ = await refused.call { () async throws(RPCStatus) in
                made = try await node.call(CSIMethod.createVolumeGroupSnapshot, create).groupSnapshot
            }
        }
        let group = try #require(made)
        for id in ["none", group.groupSnapshotID] {
            let get = GetVolumeGroupSnapshotRequest(
                groupSnapshotID: id, snapshotIDs: group.snapshots.map(\.snapshotID),
                secrets: planted.secrets(GetVolumeGroupSnapshotRequest.self))
            #expect(await send(CSIMethod.getVolumeGroupSnapshot, get) == (id == "none" ? .notFound : .ok))
            let delete = DeleteVolumeGroupSnapshotRequest(
                groupSnapshotID: id, snapshotIDs: id == "none" ? [] : group.snapshots.map(\.snapshotID),
                secrets: planted.secrets(DeleteVolumeGroupSnapshotRequest.self))
            #expect(await send(CSIMethod.deleteVolumeGroupSnapshot, delete) == .ok)
        }
    }

    /// The first volume stays: its record is a control.
    private func deleteVolumes() async throws {
        let other = try await node.create("other", size: 16 * mebibyte)
        for id in ["none", other.id, other.id] {
            let delete = DeleteVolumeRequest(volumeID: id, secrets: planted.secrets(DeleteVolumeRequest.self))
            #expect(await send(CSIMethod.deleteVolume, delete) == .ok)
        }
        _ = try? await node.delete(other)
    }
}
