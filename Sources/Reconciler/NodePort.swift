internal import CSI
internal import Diagnostics
internal import Kubernetes
internal import RPC
internal import Synchronization
internal import Syscalls

/// The node's socket, with the calls that the loops make.
struct NodePort: Sendable {
    private let client: CSIClient
    /// How many calls have changed what the node holds.
    let changes = CallCount()
    /// Whether the plugin tells several writers of one node apart (SINGLE_NODE_MULTI_WRITER).
    let hasMultiWriter: Bool

    /// Asks the plugin what it can do. It waits for a plugin that is not there yet.
    init(_ client: CSIClient) async throws(RPCStatus) {
        self.client = client
        let answer = try await client.call(
            CSIMethod.controllerGetCapabilities, ControllerGetCapabilitiesRequest())
        hasMultiWriter = answer.capabilities.contains { $0.rpc == .singleNodeMultiWriter }
    }

    func create(_ request: CreateVolumeRequest) async throws(RPCStatus) -> Volume {
        guard let volume = try await change(CSIMethod.createVolume, request).volume, !volume.volumeID.isEmpty else {
            throw RPCStatus(.internalError, "the plugin's answer to CreateVolume names no volume")
        }
        return volume
    }

    func delete(_ id: String, secrets: Secrets) async throws(RPCStatus) {
        _ = try await change(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id, secrets: secrets))
    }

    /// Bytes that volumes of that kind can have here, and the largest that one can have.
    func capacity(
        _ capabilities: [VolumeCapability], _ parameters: [String: String], _ segments: [String: String],
        within seconds: Double = .infinity
    ) async throws(RPCStatus) -> GetCapacityResponse {
        try await client.call(
            CSIMethod.getCapacity,
            GetCapacityRequest(
                volumeCapabilities: capabilities, parameters: parameters,
                accessibleTopology: Topology(segments: segments)), within: seconds)
    }

    /// Whether the volume was never staged; false when the node does not know.
    func isUntouched(_ id: String) async throws(RPCStatus) -> Bool {
        let found = try await client.call(Host.listVolumes, Host.ListVolumesRequest(volumeID: id)).volumes
        return found.first?.isUntouched ?? false
    }

    /// Every volume that the node has and can tell of.
    func volumes() async throws(RPCStatus) -> [HeldVolume] {
        var held: [HeldVolume] = []
        var token = ""
        repeat {
            let page = try await client.call(Host.listVolumes, Host.ListVolumesRequest(startingToken: token))
            held += page.volumes.filter { $0.state == .ready }.map(HeldVolume.init)
            token = page.nextToken
        } while !token.isEmpty
        return held
    }

    func expand(_ request: ControllerExpandVolumeRequest) async throws(RPCStatus) -> ControllerExpandVolumeResponse {
        try await change(CSIMethod.controllerExpandVolume, request)
    }

    /// A call that changes what the node holds: a durable step.
    private func change<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.Unary<Request, Response>, _ request: Request
    ) async throws(RPCStatus) -> Response {
        defer { changes.add() }
        guard FaultPoints.isOn else { return try await client.call(method, request) }
        if FaultPoints.pass(.before, "call", method.path) != nil {
            throw RPCStatus(.unavailable, "a fault was asked for")
        }
        let answer = try await client.call(method, request)
        _ = FaultPoints.pass(.after, "call", method.path)
        return answer
    }
}

/// A number that only grows.
final class CallCount: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
}

/// A volume of the node, and the claim that the plugin was told it is for.
struct HeldVolume: Sendable {
    let known: KnownVolume
    let claim: ObjectKey?
    /// What it was copied from, as the plugin knows it; nil for one that began empty.
    let source: Source?

    enum Source: Sendable {
        case volume(String)
        case snapshot(String)
    }

    init(_ volume: Host.Volume) {
        known = KnownVolume(
            id: volume.volumeID, name: volume.name, isUnused: volume.isUntouched,
            age: max(0, Double(wallClockSeconds() - (volume.created?.seconds ?? wallClockSeconds()))))
        claim = volume.claim[ParameterKeys.claimName].map {
            ObjectKey(namespace: volume.claim[ParameterKeys.claimNamespace], name: $0)
        }
        source =
            if !volume.sourceVolumeID.isEmpty {
                .volume(volume.sourceVolumeID)
            } else if !volume.sourceSnapshotID.isEmpty { .snapshot(volume.sourceSnapshotID) } else { nil }
    }
}
