internal import CSI
internal import Glibc
internal import JSON
internal import Kubernetes
internal import Processes
internal import RPC
internal import Synchronization
internal import Syscalls

/// A node and its reconciler in a cluster: how fast claims are bound, and what they hold in memory. Everything is made under
/// names of its own, and deleted afterwards.
struct ClusterBench {
    private let kubeconfig: String
    /// A shell command that provisions in the reconciler's place; nil: the reconciler.
    private let peer: String?
    private let client: KubernetesClient
    private let path: String
    private let name: String
    private var driver: String { "\(name).holdfast.dev" }
    private var socket: String { "\(path)/csi.sock" }
    private static let port = 19_809
    private static let namespace = "default"

    init(kubeconfig: String, peer: String?) throws {
        (self.kubeconfig, self.peer) = (kubeconfig, peer)
        client = KubernetesClient(
            try .kubeconfig(path: kubeconfig), limits: RequestLimits(perSecond: 5_000, burst: 5_000))
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
        var template = Array("\(base)/holdfast-bench-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("make a folder in", base) }
        path = String(cString: made)
        name = "bench-\(getpid())"
        for folder in ["pool", "kubelet"] {
            guard mkdir("\(path)/\(folder)", 0o700) == 0 else { throw SystemError.last("make", folder) }
        }
    }

    func measureAll(claims: Int, objects: Int) async throws {
        let node = try Daemon(
            productBeside("holdfast-node"),
            [
                "--endpoint", "unix://\(socket)", "--node-id", name, "--pool-dir", "\(path)/pool", "--driver-name",
                driver, "--kubelet-root", "\(path)/kubelet", "--log-level", "warning",
            ], log: "\(path)/node.log")
        var failure: (any Error)?
        do { try await measure(node, claims, objects) } catch { failure = error }
        await tidy()
        node.end(within: 30)
        client.close()
        if let failure { throw failure }
        try run("rm", ["-rf", "--one-file-system", path])
    }

    private func measure(_ node: Daemon, _ claims: Int, _ objects: Int) async throws {
        var storageClass = StorageClass(name: name)
        storageClass.provisioner = driver
        storageClass.reclaimPolicy = "Delete"
        storageClass.json["volumeBindingMode"] = "Immediate"
        _ = try await client.create(storageClass)
        _ = try await client.create(Node(name: name))
        // As kubelet does.
        var registration = CSINode(name: name)
        registration.json["spec"] = [
            "drivers": [
                ["name": .string(driver), "nodeID": .string(name), "topologyKeys": ["topology.holdfast.dev/node"]]
            ]
        ]
        _ = try await client.create(registration)
        let watcher = Arrivals<PersistentVolumeClaim>(client, namespace: Self.namespace) {
            $0.phase == "Bound" ? $0.name : nil
        }
        let made = Arrivals<PersistentVolume>(client) { $0.claimRef?.name }
        let watching = [Task { await watcher.run() }, Task { await made.run() }]
        defer { for task in watching { task.cancel() } }

        let reconciler = try start("reconciler")
        try await waitUntilReady(reconciler)
        // The first claim has every path run once.
        try await bindOne("first", watcher)
        try await Task.sleep(for: .seconds(2))
        let idle = (try memory(of: reconciler), try memory(of: node))
        report("\(prefix)reconciler_idle_rss", idle.0.resident, "MiB")
        report("\(prefix)reconciler_idle_anonymous", idle.0.anonymous, "MiB")
        report("\(prefix)pod_rss", idle.0.resident + idle.1.resident, "MiB")

        var times: [Double] = []
        for number in 0..<min(100, claims) { times.append(try await bindOne("single-\(number)", watcher) * 1_000) }
        report("\(prefix)claim_to_bound_p50", percentile(times, 50), "ms")
        report("\(prefix)claim_to_bound_p99", percentile(times, 99), "ms")

        let begun = Moment.now
        try await each(claims, atMost: 32) { try await make("many-\($0)") }
        report("\(prefix)claims_created_rate", Double(claims) / begun.age, "/s")
        let bound = try await watcher.wait(for: claims, withPrefix: "\(name)-many-")
        let last = try await made.wait(for: claims, withPrefix: "\(name)-many-")
        // The rest is the binder's work.
        report("\(prefix)volumes_made_rate", Double(claims) / (begun.age - last.age), "/s")
        report("\(prefix)provision_rate", Double(claims) / (begun.age - bound.age), "/s")
        let loaded = (try memory(of: reconciler), try memory(of: node))
        report("\(prefix)pod_rss_with_\(claims)", loaded.0.resident + loaded.1.resident, "MiB")

        let deleting = Moment.now
        try await deleteClaims()
        try await waitUntilNoVolumes()
        report("\(prefix)delete_rate", Double(claims + times.count + 1) / deleting.age, "/s")
        reconciler.end(within: 30)
        if objects > 0, peer == nil { try await measureSync(objects) }
    }

    /// How long a process takes that begins in a cluster with so many claims and volumes of its node, and what it holds then.
    private func measureSync(_ count: Int) async throws {
        let labels = ["topology.holdfast.dev/node": name]
        try await each(count, atMost: 64) { number in
            var volume = PersistentVolume(name: "\(name)-\(number)")
            volume.labels = labels
            volume.capacity = Quantity("1Gi")
            volume.accessModes = ["ReadWriteOnce"]
            volume.storageClassName = name
            var source = CSISource(driver: "other.\(driver)", volumeHandle: "h-\(number)")
            source.volumeAttributes = ["pool": "default", "kind": "file"]
            volume.csi = source
            volume.claimRef = ObjectReference(json: [
                "kind": "PersistentVolumeClaim", "namespace": .string(Self.namespace),
                "name": .string("\(name)-waits-\(number)"),
            ])
            _ = try await client.create(volume)
            var claim = PersistentVolumeClaim(name: "\(name)-sync-\(number)", namespace: Self.namespace)
            claim.labels = labels
            claim.accessModes = ["ReadWriteOnce"]
            claim.requestedStorage = Quantity("1Gi")
            claim.storageClassName = ""
            claim.volumeName = "no-such-volume-\(number)"
            _ = try await client.create(claim)
        }
        let begun = Moment.now
        let reconciler = try start("sync")
        try await waitUntilReady(reconciler)
        report("sync_10k_time", begun.age * 1_000 * 10_000 / Double(count), "ms")
        try await Task.sleep(for: .seconds(2))
        report("sync_10k_rss", try memory(of: reconciler).resident, "MiB")
        reconciler.end(within: 30)
    }

    private var prefix: String { peer == nil ? "" : "peer_" }

    private func start(_ log: String) throws -> Daemon {
        if let peer {
            let words = [
                "SOCKET=\(socket)", "DRIVER=\(driver)", "NODE_NAME=\(name)", "KUBECONFIG=\(kubeconfig)",
                "NAMESPACE=\(Self.namespace)", "/bin/sh", "-c", "exec \(peer)",
            ]
            return try Daemon("/usr/bin/env", words, log: "\(path)/\(log).log")
        }
        return try Daemon(
            productBeside("holdfast-reconciler"),
            [
                "--csi-endpoint", "unix://\(socket)", "--node-id", name, "--kubeconfig", kubeconfig, "--namespace",
                Self.namespace, "--http", "127.0.0.1:\(Self.port)", "--log-level", "warning",
            ], log: "\(path)/\(log).log")
    }

    private func waitUntilReady(_ daemon: Daemon) async throws {
        // What the other one does until its first claim is bound is its own affair.
        if peer != nil { return }
        let url = "http://127.0.0.1:\(Self.port)/readyz"
        let limit = Moment.after(seconds: 120)
        while Moment.now < limit, daemon.exitStatus == nil {
            if (try? run("curl", ["-sf", "-m", "5", "--noproxy", "*", url])) != nil {
                // Another one may answer there.
                if daemon.exitStatus == nil { return }
                break
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw BenchError(description: "the reconciler was not ready within two minutes; see \(path)")
    }

    private func make(_ suffix: String) async throws(KubernetesError) {
        var claim = PersistentVolumeClaim(name: "\(name)-\(suffix)", namespace: Self.namespace)
        claim.accessModes = ["ReadWriteOnce"]
        claim.requestedStorage = Quantity("16Mi")
        claim.storageClassName = name
        _ = try await client.create(claim)
    }

    /// Seconds from the claim's creation to its volume.
    @discardableResult
    private func bindOne(_ suffix: String, _ watcher: Arrivals<PersistentVolumeClaim>) async throws -> Double {
        let begun = Moment.now
        try await make(suffix)
        try await watcher.wait(for: 1, withPrefix: "\(name)-\(suffix)")
        return begun.age
    }

    private func each(
        _ count: Int, atMost limit: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= limit { try await group.next() }
                group.addTask { try await body(number) }
            }
            try await group.waitForAll()
        }
    }

    private func deleteClaims() async throws {
        let all = try await client.list(PersistentVolumeClaim.self, namespace: Self.namespace).items
        let claims = all.filter { $0.name.hasPrefix("\(name)-") }
        try await each(claims.count, atMost: 32) { number in
            try await client.delete(PersistentVolumeClaim.self, claims[number].name, namespace: Self.namespace)
        }
    }

    private func waitUntilNoVolumes() async throws {
        let limit = Moment.after(seconds: 300)
        while try await client.list(PersistentVolume.self).items.contains(where: { $0.csi?.driver == driver }) {
            guard Moment.now < limit else {
                throw BenchError(description: "volumes were left after 5 minutes; see \(path)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Deletes what was made, also after a failure.
    private func tidy() async {
        try? await deleteClaims()
        try? await client.delete(StorageClass.self, name)
        try? await client.delete(Node.self, name)
        try? await client.delete(CSINode.self, name)
        let volumes = (try? await client.list(PersistentVolume.self).items) ?? []
        let ours = volumes.filter { $0.csi?.driver.hasSuffix(driver) == true }
        try? await each(ours.count, atMost: 64) { number in
            _ = try? await client.mergePatch(
                PersistentVolume.self, ours[number].name, ["metadata": ["finalizers": .null]])
            try? await client.delete(PersistentVolume.self, ours[number].name)
        }
        let capacities = (try? await client.list(CSIStorageCapacity.self, namespace: Self.namespace).items) ?? []
        for capacity in capacities where capacity.storageClassName == name {
            try? await client.delete(CSIStorageCapacity.self, capacity.name, namespace: Self.namespace)
        }
        try? await client.delete(
            Lease.self, "holdfast-\(name)-holdfast-dev", namespace: Self.namespace)
    }
}

/// Which objects of a kind have come as far as they are to. It takes part of the machine that it measures, so it keeps little
/// of each.
private final class Arrivals<Object: KubernetesObject>: Sendable {
    private let informer: Informer<Object>
    private let arrived = Mutex<[String: Moment]>([:])

    /// - Parameter name: by which an object that has arrived is counted; nil for one that has not.
    init(_ client: KubernetesClient, namespace: String? = nil, name: @escaping @Sendable (Object) -> String?) {
        informer = Informer(Object.self, client, namespace: namespace) { json in
            let metadata = json["metadata"]?.object ?? [:]
            json = [
                "metadata": .object(
                    metadata.filter { ["name", "namespace", "uid", "resourceVersion"].contains($0.key) }),
                "spec": ["claimRef": json["spec", "claimRef"] ?? .null],
                "status": ["phase": json["status", "phase"] ?? .null],
            ]
        }
        informer.onChange { [self] change in
            guard let object = change.current, let name = name(object) else { return }
            self.arrived.withLock { if $0[name] == nil { $0[name] = .now } }
        }
    }

    func run() async { await informer.run() }

    /// When the last of so many arrived whose names begin so.
    @discardableResult
    func wait(for count: Int, withPrefix prefix: String) async throws -> Moment {
        let limit = Moment.after(seconds: 600)
        while true {
            let times = arrived.withLock { $0.filter { $0.key.hasPrefix(prefix) }.values }
            if times.count >= count, let last = times.max() { return last }
            guard Moment.now < limit else {
                throw BenchError(description: "\(prefix): fewer than \(count) arrived within 10 minutes")
            }
            try await Task.sleep(for: .milliseconds(count == 1 ? 1 : 20))
        }
    }
}
