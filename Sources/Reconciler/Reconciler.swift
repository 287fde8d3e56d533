public import CSI
internal import Diagnostics
public import Kubernetes
internal import RPC
internal import Synchronization
internal import Syscalls

/// What can be switched on and off by itself.
public enum LoopKind: String, Sendable, CaseIterable {
    /// Makes volumes for claims, and deletes those that nobody was told of.
    case provision
    /// Deletes the volumes of released PersistentVolumes.
    case delete
    /// Makes volumes larger.
    case expand
    /// Tells the scheduler how much room there is.
    case capacity
    /// Takes the start-up taint away, and tells of volumes whose node is gone.
    case node
}

/// What a reconciler does, and as whom.
public struct ReconcilerSettings: Sendable {
    /// The node's name in the cluster.
    public var node: String
    public var loops: Set<LoopKind>
    /// The namespace of the Lease and of the capacity objects: the pod's own.
    public var namespace: String
    /// The pod's name, by which the owner of the capacity objects is found; nil outside of a pod.
    public var pod: String?
    /// Seconds that a volume which nobody was told of is left alone, because whoever makes it may not have told yet; and those
    /// after which a node that has left the cluster counts as gone.
    public var orphanGrace: Double

    public init(
        node: String, loops: Set<LoopKind> = Set(LoopKind.allCases), namespace: String, pod: String? = nil,
        orphanGrace: Double = 60
    ) {
        self.orphanGrace = orphanGrace
        self.node = node
        self.loops = loops
        self.namespace = namespace
        self.pod = pod
    }
}

/// Keeps claims and volumes of one node true to each other, through the node's CSI socket alone.
public final class Reconciler: Sendable {
    let client: KubernetesClient
    private let plugin: CSIClient
    let settings: ReconcilerSettings
    let state = Mutex(State())

    struct State {
        var cluster: Cluster?
        var loops: [Loop] = []
        var election: LeaderElection?
        /// Why nothing is done yet; nil once the loops run.
        var waitsFor: String? = "the first look at the node"
    }

    public init(client: KubernetesClient, plugin: CSIClient, settings: ReconcilerSettings) {
        self.client = client
        self.plugin = plugin
        self.settings = settings
    }

    /// Why work is not being done, a sentence each; empty when it is.
    public var troubles: [String] {
        let (cluster, waitsFor) = state.withLock { ($0.cluster, $0.waitsFor) }
        var troubles = waitsFor.map { ["waits for \($0)"] } ?? []
        if let cluster { troubles += cluster.troubles }
        return troubles
    }

    private func wait(for what: String?) { state.withLock { $0.waitsFor = what } }

    /// Works until the task is cancelled. A node or an API server that is not there is waited for.
    public func run() async {
        guard let (node, identity) = await findNode() else { return }
        let key = identity.segments.first { $0.value == identity.node }?.key ?? "topology.holdfast.dev/node"
        let cluster = Cluster(
            client: client, node: node, identity: identity,
            events: Telling(EventRecorder(client, component: identity.driver, host: identity.node)),
            claims: Informer(PersistentVolumeClaim.self, client, labelSelector: "\(key) in (\(identity.node),)"),
            volumes: Informer(
                PersistentVolume.self, client, labelSelector: "\(key)=\(identity.node)",
                indexes: [Cluster.handleIndex: { $0.csi.map { [$0.volumeHandle] } ?? [] }]),
            classes: Informer(StorageClass.self, client))
        Log.shared.info(
            "reconciling",
            [
                "version": Version.current, "driver": identity.driver, "node": identity.node,
                "loops": settings.loops.map(\.rawValue).sorted().joined(separator: ","),
            ])
        // By the node's name alone: who starts again after a crash goes on leading at once, where a stranger would wait for the
        // lease's end. Should two ever run on one node, they write the same labels twice.
        let election = LeaderElection(
            client, namespace: settings.namespace,
            name: "holdfast-\(String(identity.driver.map { $0 == "." ? "-" : $0 }))",
            identity: identity.node)
        let loops = NodeLoops(cluster: cluster, settings: settings)
        let leader = LeaderWork(
            client: client, identity: identity, key: key, election: election, events: cluster.events,
            settings: settings, provisioning: loops.provisioning)
        state.withLock { ($0.cluster, $0.loops, $0.election) = (cluster, loops.running, election) }
        loops.listen()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await cluster.classes.run() }
            group.addTask { await cluster.volumes.run() }
            group.addTask { await cluster.claims.run() }
            group.addTask { await cluster.events.recorder.run() }
            group.addTask { await leader.run() }
            if settings.loops.contains(.node) {
                let taint = TaintLoop(client: client, identity: identity, events: cluster.events)
                group.addTask { await taint.run() }
            }
            group.addTask {
                self.wait(for: "the first list of classes, volumes and claims")
                await cluster.classes.waitForSync()
                await cluster.volumes.waitForSync()
                await cluster.claims.waitForSync()
                self.wait(for: nil)
                await loops.run()
            }
        }
    }

    /// Asks the plugin who it is until it answers; nil when the task is cancelled before.
    private func findNode() async -> (NodePort, NodeIdentity)? {
        var failures = 0
        var told = ""
        while !Task.isCancelled {
            do throws(RPCStatus) {
                let info = try await plugin.call(CSIMethod.getPluginInfo, GetPluginInfoRequest())
                let node = try await plugin.call(CSIMethod.nodeGetInfo, NodeGetInfoRequest())
                let port = try await NodePort(plugin)
                let segments = node.accessibleTopology?.segments ?? [:]
                return (port, NodeIdentity(driver: info.name, node: settings.node, segments: segments))
            } catch {
                failures += 1
                wait(for: "the node: \(error.message)")
                if told != "\(error)" { Log.shared.warning("the node does not answer", ["error": "\(error)"]) }
                told = "\(error)"
                try? await Task.sleep(for: .seconds(Backoff(first: 0.2, cap: 10).delay(after: failures)))
            }
        }
        return nil
    }
}

extension Cluster {
    /// What is not up to date, a sentence each.
    fileprivate var troubles: [String] {
        let all: [(String, KubernetesError?)] = [
            ("claims", claims.status.error), ("volumes", volumes.status.error), ("classes", classes.status.error),
        ]
        return all.compactMap { name, error in error.map { "\(name) are not up to date: \($0)" } }
    }
}
