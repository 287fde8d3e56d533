internal import JSON
internal import Kubernetes

/// Watches which nodes are in the cluster, and has `GoneLoop` look at what lay on those that are not.
struct NodeWatch: Sendable {
    private let nodes: Informer<Node>
    private let claims: Informer<PersistentVolumeClaim>
    private let volumes: Informer<PersistentVolume>
    private let volumeLoop: Loop
    private let claimLoop: Loop
    private let capacities: CapacityRelease

    /// Begins to listen; the informers run from somewhere else.
    init(
        _ work: LeaderWork, claims: Informer<PersistentVolumeClaim>, volumes: Informer<PersistentVolume>, grace: Double
    ) {
        let nodes = Informer(Node.self, work.client, trim: Self.trimNode)
        let gone = GoneLoop(
            client: work.client, identity: work.identity, key: work.key, election: work.election, events: work.events,
            nodes: nodes, claims: claims, volumes: volumes)
        let volumeLoop = Loop("gone nodes' volumes", workers: 2, settle: gone.settle(volume:))
        let claimLoop = Loop("gone nodes' claims", workers: 2, settle: gone.settle(claim:))
        (self.nodes, self.claims, self.volumes) = (nodes, claims, volumes)
        (self.volumeLoop, self.claimLoop) = (volumeLoop, claimLoop)
        let (driver, key) = (work.identity.driver, work.key)
        capacities = CapacityRelease(
            client: work.client, driver: driver, key: key, namespace: work.settings.namespace, election: work.election,
            nodes: nodes, interval: max(grace * 10, 1))
        // One that is there is looked at as well where an operator has said otherwise.
        volumes.onChange { change in
            guard let volume = change.current, let node = AssignDecision.node(of: volume, driver: driver, key: key)
            else { return }
            let isThere = nodes.get(ObjectKey(name: node)) != nil
            if !isThere || volume.annotations[ClusterNames.nodeGone(driver)] != nil { volumeLoop.queue.add(volume.key) }
        }
        claims.onChange { change in
            guard let claim = change.current, claim.volumeName == nil || claim.isBeingDeleted && claim.isHeldAsSource,
                let node = claim.annotations[ClusterNames.selectedNode] ?? claim.labels[key], !node.isEmpty,
                nodes.get(ObjectKey(name: node)) == nil
            else { return }
            // A node that is at work although it has no object, by whatever mistake, has it done by then.
            claimLoop.queue.add(claim.key, after: grace)
        }
        nodes.onChange { change in
            let delay: Double
            switch change {
            case .updated: return
            // In the first list all of them are new; what lies on none of them is found by the volumes and claims.
            case .added:
                guard nodes.status.hasSynced else { return }
                delay = 0
            // Kubelet makes the object anew at once when somebody has deleted it by mistake.
            case .deleted: delay = grace
            }
            let name = change.object.name
            for volume in volumes.all where AssignDecision.node(of: volume, driver: driver, key: key) == name {
                volumeLoop.queue.add(volume.key, after: delay)
            }
            for claim in claims.all
            where claim.annotations[ClusterNames.selectedNode] == name || claim.labels[key] == name {
                claimLoop.queue.add(claim.key, after: delay)
            }
        }
    }

    /// Works until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await nodes.run() }
            group.addTask { await capacities.run() }
            group.addTask {
                // Until then every node seems to be gone.
                await nodes.waitForSync()
                await volumes.waitForSync()
                await claims.waitForSync()
                await withTaskGroup(of: Void.self) { loops in
                    loops.addTask { await volumeLoop.run() }
                    loops.addTask { await claimLoop.run() }
                }
            }
        }
    }

    /// Its name is all that counts.
    @Sendable private static func trimNode(_ json: inout JSON) {
        json["metadata", "managedFields"] = nil
        json["metadata", "labels"] = nil
        json["metadata", "annotations"] = nil
        json["spec"] = nil
        json["status"] = nil
    }
}
