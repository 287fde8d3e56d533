internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Syscalls

/// One volume's life, step by step, as kubelet and the sidecars would ask for it.
struct DemoLife {
    let folder: DemoFolder
    let filesystem: String
    let steps: DemoSteps

    private let node = "demo-node"
    private let bytes: Int64 = 512 << 20
    private var staging: String { "\(folder.kubelet)/staging/demo" }
    private var firstTarget: String { "\(folder.kubelet)/pods/first" }
    private var secondTarget: String { "\(folder.kubelet)/pods/second" }
    private var capability: VolumeCapability {
        VolumeCapability(access: .mount(.init(fsType: filesystem)), accessMode: .singleNodeMultiWriter)
    }

    func walk() async throws {
        let client = CSIClient(socket: folder.socket, timeout: 60)
        defer { client.close() }
        var daemon: Daemon?
        try await steps.step("start a node") {
            daemon = try start()
            return try await ready(client, daemon)
        }
        guard let daemon else { return }
        do {
            try await live(client)
        } catch {
            await tidyUp(client)
            daemon.end(within: 10)
            throw error
        }
        try await steps.step("stop the node") {
            let status = daemon.end(within: 30)
            guard status == 0 else { throw CommandError(description: "the node ended with wait status \(status)") }
            return "it finished what ran and removed its socket"
        }
    }

    /// Starts the node that was built beside this executable.
    private func start() throws -> Daemon {
        var room = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/exe", &room, room.count - 1)
        guard length > 0 else { throw SystemError.last("find", "/proc/self/exe") }
        let own = String(decoding: room[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        return try Daemon(
            "\(beside)/holdfast-node",
            [
                "--endpoint", "unix://\(folder.socket)", "--node-id", node, "--pool-dir", folder.pool, "--kubelet-root",
                folder.kubelet,
            ], log: folder.log)
    }

    /// Probes until the node is ready; it has ten seconds.
    private func ready(_ client: CSIClient, _ daemon: Daemon?) async throws -> String {
        let deadline = Moment.after(seconds: 10)
        while deadline.remainingMilliseconds > 0 {
            if daemon?.exitStatus != nil {
                throw CommandError(description: "the node did not start: \(folder.logTail)")
            }
            // A client that finds no socket backs off for long, so the socket is looked for first.
            if access(folder.socket, F_OK) == 0,
                let answer = try? await client.call(CSIMethod.probe, ProbeRequest()), answer.ready == true
            {
                let info = try await client.call(CSIMethod.getPluginInfo, GetPluginInfoRequest())
                return "\(info.name) \(info.vendorVersion) is ready, on an empty pool"
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw CommandError(description: "the node was not ready within 10 s: \(folder.logTail)")
    }

    private func live(_ client: CSIClient) async throws {
        var made: Volume?
        try await steps.step("create") {
            let request = CreateVolumeRequest(
                name: "demo", capacityRange: CapacityRange(requiredBytes: bytes), volumeCapabilities: [capability])
            made = try await client.call(CSIMethod.createVolume, request).volume
            return "volume \(made?.volumeID ?? "?") of \(size(made?.capacityBytes ?? 0))"
        }
        guard let volume = made else { throw CommandError(description: "the answer to CreateVolume holds no volume") }
        try await steps.step("attach") {
            _ = try await client.call(
                CSIMethod.controllerPublishVolume,
                ControllerPublishVolumeRequest(volumeID: volume.volumeID, nodeID: node, volumeCapability: capability))
            return "to node \(node)"
        }
        try await stage(client, volume, "stage", "proven blank, made \(filesystem), mounted")
        try await publish(client, volume, "publish")
        let written = randomBytes(16 << 20)
        try await steps.step("write") {
            try write(written)
            return "\(size(Int64(written.count))) of random data, flushed"
        }
        try await secondWriter(client, volume)
        try await unpublish(client, volume)
        try await unstage(client, volume)
        try await stage(client, volume, "stage again", filesystem == "ext4" ? "checked and mounted" : "mounted")
        try await publish(client, volume, "publish again")
        try await steps.step("read back") {
            let file = try Files.open("\(firstTarget)/data", O_RDONLY)
            let read = try Files.read(file, "\(firstTarget)/data", at: 0, count: written.count)
            guard read == written else {
                throw CommandError(description: "the data read back differs from what was written")
            }
            return "the same \(size(Int64(read.count)))"
        }
        try await stats(client, volume)
        try await unpublish(client, volume)
        try await unstage(client, volume)
        try await steps.step("detach") {
            _ = try await client.call(
                CSIMethod.controllerUnpublishVolume,
                ControllerUnpublishVolumeRequest(volumeID: volume.volumeID, nodeID: node))
            return "from node \(node)"
        }
        try await steps.step("delete") {
            _ = try await client.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: volume.volumeID))
            let left = try await VolumesCommand.all(client).count
            return "\(left) volumes are left"
        }
    }

    private func stage(_ client: CSIClient, _ volume: Volume, _ title: String, _ outcome: String) async throws {
        try await steps.step(title) {
            _ = try await client.call(
                CSIMethod.nodeStageVolume,
                NodeStageVolumeRequest(
                    volumeID: volume.volumeID, stagingTargetPath: staging, volumeCapability: capability,
                    volumeContext: volume.volumeContext))
            return outcome
        }
    }

    private func request(_ volume: Volume, target: String) -> NodePublishVolumeRequest {
        NodePublishVolumeRequest(
            volumeID: volume.volumeID, stagingTargetPath: staging, targetPath: target, volumeCapability: capability,
            volumeContext: volume.volumeContext)
    }

    private func publish(_ client: CSIClient, _ volume: Volume, _ title: String) async throws {
        try await steps.step(title) {
            _ = try await client.call(CSIMethod.nodePublishVolume, request(volume, target: firstTarget))
            return "for the first pod"
        }
    }

    private func secondWriter(_ client: CSIClient, _ volume: Volume) async throws {
        try await steps.step("publish a second time") {
            do throws(RPCStatus) {
                _ = try await client.call(CSIMethod.nodePublishVolume, request(volume, target: secondTarget))
            } catch {
                guard error.code == .failedPrecondition else { throw error }
                return "refused, as it should be\n      \(error.message)"
            }
            throw CommandError(description: "a second writer was let in")
        }
    }

    private func unpublish(_ client: CSIClient, _ volume: Volume) async throws {
        try await steps.step("unpublish") {
            _ = try await client.call(
                CSIMethod.nodeUnpublishVolume,
                NodeUnpublishVolumeRequest(volumeID: volume.volumeID, targetPath: firstTarget))
            return "the target is gone"
        }
    }

    private func unstage(_ client: CSIClient, _ volume: Volume) async throws {
        try await steps.step("unstage") {
            _ = try await client.call(
                CSIMethod.nodeUnstageVolume,
                NodeUnstageVolumeRequest(volumeID: volume.volumeID, stagingTargetPath: staging))
            return "unmounted, loop device detached"
        }
    }

    private func stats(_ client: CSIClient, _ volume: Volume) async throws {
        try await steps.step("stats") {
            let answer = try await client.call(
                CSIMethod.nodeGetVolumeStats,
                NodeGetVolumeStatsRequest(volumeID: volume.volumeID, volumePath: firstTarget))
            return answer.usage.map { usage in
                usage.unit == .bytes
                    ? "\(size(usage.used)) of \(size(usage.total)) used" : "\(usage.used) of \(usage.total) inodes"
            }.joined(separator: ", ")
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        let path = "\(firstTarget)/data"
        let file = try Files.open(path, O_WRONLY | O_CREAT | O_EXCL)
        try Files.write(bytes, to: file, path)
        try Files.sync(file, path)
    }

    /// After a failure: takes back whatever was done. Each call is harmless where there is nothing to take back.
    private func tidyUp(_ client: CSIClient) async {
        for view in (try? await VolumesCommand.all(client)) ?? [] {
            let id = view.volume.volumeID
            for target in [firstTarget, secondTarget] {
                _ = try? await client.call(
                    CSIMethod.nodeUnpublishVolume, NodeUnpublishVolumeRequest(volumeID: id, targetPath: target))
            }
            _ = try? await client.call(
                CSIMethod.nodeUnstageVolume, NodeUnstageVolumeRequest(volumeID: id, stagingTargetPath: staging))
            _ = try? await client.call(
                CSIMethod.controllerUnpublishVolume, ControllerUnpublishVolumeRequest(volumeID: id, nodeID: node))
            _ = try? await client.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
        }
    }
}
