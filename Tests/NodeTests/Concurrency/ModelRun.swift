internal import CSI
internal import Glibc
internal import RPC
internal import Synchronization
internal import TestSupport
internal import Testing

/// Clients that call a node at random, all at once, and what each of them saw.
final class ModelRun: Sendable {
    typealias Call = VolumeModel.Call

    /// A call on one of the volumes.
    struct Seen: Sendable {
        let volume: Int
        let event: Event<VolumeModel>
        let code: StatusCode
        let message: String
    }

    static let volumes = 32
    private static let clients = 64
    private static let connections = 8
    /// Seconds within which every call ends.
    private static let patience = 60.0

    private let node: NodeUnderTest
    private let seed: UInt64
    private let plugins: [CSIClient]
    private let clock = Atomic<Int>(0)
    private let seen = Mutex<[Seen]>([])
    /// The ids that the volumes and snapshots of each name have, whenever they exist.
    private let ids: [String]
    private let snapshots: [[String]]

    /// Finds out the ids by making each thing once.
    init(_ node: NodeUnderTest, seed: UInt64) async throws {
        self.node = node
        self.seed = seed
        plugins = (0..<Self.connections).map { _ in CSIClient(socket: node.socket, timeout: Self.patience) }
        var ids: [String] = []
        var snapshots: [[String]] = []
        for number in 0..<Self.volumes {
            let volume = try await node.create("volume-\(number)", size: 16 * mebibyte)
            var its: [String] = []
            for number in 0..<2 {
                let snapshot = try await node.snapshot(volume, "snapshot-\(ids.count)-\(number)")
                its.append(snapshot.snapshotID)
                try await node.delete(snapshot: snapshot)
            }
            try await node.delete(volume)
            ids.append(volume.id)
            snapshots.append(its)
            mkdir(node.path("staging-\(number)"), 0o750)
        }
        self.ids = ids
        self.snapshots = snapshots
    }

    func close() { for plugin in plugins { plugin.close() } }

    /// Makes so many calls, and returns what came of them.
    func make(_ calls: Int) async -> [Seen] {
        seen.withLock { $0 = [] }
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<Self.clients {
                group.addTask { [self] in
                    var random = SeededGenerator(seed: seed, index: client)
                    for _ in 0..<(calls / Self.clients) {
                        await make(Self.choose(&random), on: random.below(Self.volumes), client, &random)
                    }
                }
            }
        }
        return seen.withLock { $0 }
    }

    private func tick() -> Int { clock.add(1, ordering: .sequentiallyConsistent).newValue }

    private static func choose(_ random: inout SeededGenerator) -> Call? {
        switch random.below(64) {
        case 0...9: .create(size: random.once(in: 8) ? 24 : 16)
        case 10...15: .delete
        case 16...18: .attach
        case 19...22: .detach
        case 23...31: .stage
        case 32...36: .unstage
        case 37...43: .publish(random.below(2))
        case 44...48: .unpublish(random.below(2))
        case 49: .expand(to: 24)
        case 50...51: .snapshot(random.below(2))
        case 52...53: .deleteSnapshot(random.below(2))
        case 54...56: .stats(random.below(2))
        case 57...59: .condition
        case 60: .getSnapshot(random.below(2))
        case 61: .invalid
        // A listing, which tells of all volumes.
        default: nil
        }
    }

    private func make(_ call: Call?, on volume: Int, _ client: Int, _ random: inout SeededGenerator) async {
        let plugin = plugins[client % plugins.count]
        let began = tick()
        guard let call else { return await list(plugin, began) }
        // The client of one call in fifty goes away.
        let leaves = random.once(in: 50) ? random.below(5_000) : nil
        let task = Task { [self] in await send(call, volume, plugin) }
        if let leaves {
            try? await Task.sleep(for: .microseconds(leaves))
            task.cancel()
        }
        let (answer, message) = await task.value
        let isKnown = answer.code != .cancelled
        record(
            Seen(
                volume: volume,
                event: Event(call: call, answer: isKnown ? answer : nil, began: began, ended: tick()),
                code: answer.code,
                message: message))
    }

    private func record(_ one: Seen) { seen.withLock { $0.append(one) } }

    private func list(_ plugin: CSIClient, _ began: Int) async {
        var sizes: [String: Int64] = [:]
        var refusal: RPCStatus?
        do throws(RPCStatus) {
            for volume in try await plugin.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.compactMap(
                \.volume)
            {
                sizes[volume.volumeID] = volume.capacityBytes / mebibyte
            }
        } catch { refusal = error }
        let ended = tick()
        for (number, id) in ids.enumerated() {
            let code = refusal?.code ?? .ok
            let event = Event<VolumeModel>(
                call: .listed, answer: .init(code: code, size: sizes[id]), began: began, ended: ended)
            record(Seen(volume: number, event: event, code: code, message: refusal?.message ?? ""))
        }
    }

    private func send(_ call: Call, _ number: Int, _ plugin: CSIClient) async -> (VolumeModel.Answer, String) {
        do throws(RPCStatus) { return (try await answer(call, number, plugin), "") } catch {
            return (.init(code: error.code), error.message)
        }
    }

    private func answer(_ call: Call, _ number: Int, _ plugin: CSIClient) async throws(RPCStatus) -> VolumeModel.Answer
    {
        let id = ids[number]
        func path(_ target: Int) -> String { node.path("target-\(number)-\(target)") }
        let staging = node.path("staging-\(number)")
        switch call {
        case .create(let size):
            let range = CapacityRange(requiredBytes: size * mebibyte, limitBytes: size * mebibyte)
            let request = CreateVolumeRequest(
                name: "volume-\(number)", capacityRange: range, volumeCapabilities: [.mount()])
            let volume = try await plugin.call(CSIMethod.createVolume, request).volume
            return .init(code: .ok, size: volume.map { $0.capacityBytes / mebibyte })
        case .delete: _ = try await plugin.call(CSIMethod.deleteVolume, .init(volumeID: id))
        case .attach:
            let request = ControllerPublishVolumeRequest(
                volumeID: id, nodeID: NodeUnderTest.nodeID, volumeCapability: .mount())
            _ = try await plugin.call(CSIMethod.controllerPublishVolume, request)
        case .detach:
            let request = ControllerUnpublishVolumeRequest(volumeID: id, nodeID: NodeUnderTest.nodeID)
            _ = try await plugin.call(CSIMethod.controllerUnpublishVolume, request)
        case .stage:
            let request = NodeStageVolumeRequest(
                volumeID: id, stagingTargetPath: staging, volumeCapability: .mount())
            _ = try await plugin.call(CSIMethod.nodeStageVolume, request)
        case .unstage:
            _ = try await plugin.call(CSIMethod.nodeUnstageVolume, .init(volumeID: id, stagingTargetPath: staging))
        case .publish(let target):
            let request = NodePublishVolumeRequest(
                volumeID: id, stagingTargetPath: staging, targetPath: path(target), volumeCapability: .mount())
            _ = try await plugin.call(CSIMethod.nodePublishVolume, request)
        case .invalid:
            let request = NodePublishVolumeRequest(volumeID: id, stagingTargetPath: staging, targetPath: path(0))
            _ = try await plugin.call(CSIMethod.nodePublishVolume, request)
        case .unpublish(let target):
            _ = try await plugin.call(CSIMethod.nodeUnpublishVolume, .init(volumeID: id, targetPath: path(target)))
        case .expand(let size):
            let request = ControllerExpandVolumeRequest(
                volumeID: id, capacityRange: CapacityRange(requiredBytes: size * mebibyte))
            let answer = try await plugin.call(CSIMethod.controllerExpandVolume, request)
            return .init(code: .ok, size: answer.capacityBytes / mebibyte)
        case .snapshot(let snapshot):
            let request = CreateSnapshotRequest(sourceVolumeID: id, name: "snapshot-\(number)-\(snapshot)")
            _ = try await plugin.call(CSIMethod.createSnapshot, request)
        case .deleteSnapshot(let snapshot):
            _ = try await plugin.call(CSIMethod.deleteSnapshot, .init(snapshotID: snapshots[number][snapshot]))
        case .getSnapshot(let snapshot):
            _ = try await plugin.call(CSIMethod.getSnapshot, .init(snapshotID: snapshots[number][snapshot]))
        case .stats(let target):
            _ = try await plugin.call(CSIMethod.nodeGetVolumeStats, .init(volumeID: id, volumePath: path(target)))
        case .condition:
            let answer = try await plugin.call(CSIMethod.controllerGetVolume, .init(volumeID: id))
            return .init(
                code: .ok, size: answer.volume.map { $0.capacityBytes / mebibyte },
                isAttached: answer.status?.publishedNodeIDs.isEmpty == false)
        case .listed: preconditionFailure("a listing is of all volumes")
        }
        return .init(code: .ok)
    }

    /// Undoes everything, as an orchestrator does that asks again where a call of a client that has gone still runs.
    func removeAll() async throws {
        for (number, id) in ids.enumerated() {
            for target in 0..<2 {
                let path = node.path("target-\(number)-\(target)")
                try await settled(CSIMethod.nodeUnpublishVolume, .init(volumeID: id, targetPath: path))
            }
            let staging = node.path("staging-\(number)")
            try await settled(CSIMethod.nodeUnstageVolume, .init(volumeID: id, stagingTargetPath: staging))
            try await settled(CSIMethod.controllerUnpublishVolume, .init(volumeID: id))
            for snapshot in snapshots[number] {
                try await settled(CSIMethod.deleteSnapshot, .init(snapshotID: snapshot))
            }
            try await settled(CSIMethod.deleteVolume, .init(volumeID: id))
        }
    }

    private func settled<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.Unary<Request, Response>, _ request: Request
    ) async throws(RPCStatus) {
        for _ in 0..<1_000 {
            do throws(RPCStatus) {
                _ = try await node.call(method, request)
                return
            } catch {
                guard error.code == .aborted else { throw error }
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        throw RPCStatus(.aborted, "\(method.path) was refused a thousand times")
    }
}
