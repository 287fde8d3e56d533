internal import Diagnostics
internal import Kubernetes
internal import RPC
internal import Syscalls

/// The loops of one node, and what wakes them.
struct NodeLoops: Sendable {
    private let cluster: Cluster
    private let settings: ReconcilerSettings
    let provisioning: ProvisionLoop
    private let provision: Loop
    private let delete: Loop
    private let expand: Loop
    private let chores: WorkQueue<Chore>
    private let sweep: OrphanSweep

    /// Work that is not about one object.
    private enum Chore: Hashable {
        case capacity, sweep
    }

    /// Seconds between two looks at all of the node.
    private static let choreInterval = 60.0

    init(cluster: Cluster, settings: ReconcilerSettings) {
        self.cluster = cluster
        self.settings = settings
        let chores = WorkQueue<Chore>(backoff: Backoff(first: 2, cap: 60))
        self.chores = chores
        // What is made or deleted changes how much room there is; several of them count as one.
        let hasCapacity = settings.loops.contains(.capacity)
        let changes = cluster.node.changes
        let noteRoom: @Sendable (Int) -> Void = { before in
            if hasCapacity, changes.value != before { chores.add(.capacity, after: 1) }
        }
        let sweep = OrphanSweep(cluster: cluster, grace: settings.orphanGrace)
        self.sweep = sweep
        let provisioning = ProvisionLoop(cluster, grace: max(1, min(30, settings.orphanGrace)), sweep: sweep)
        self.provisioning = provisioning
        let deletion = DeleteLoop(cluster: cluster)
        provision = Loop("provision", workers: 32) { key in
            let before = changes.value
            defer { noteRoom(before) }
            return try await provisioning.settle(key)
        }
        delete = Loop("delete", workers: 16) { key in
            let before = changes.value
            defer { noteRoom(before) }
            return try await deletion.settle(key)
        }
        expand = Loop("expand", workers: 8, settle: ExpandLoop(cluster: cluster).settle)
    }

    /// The loops that are on.
    var running: [Loop] {
        let all: [(LoopKind, Loop)] = [(.provision, provision), (.delete, delete), (.expand, expand)]
        return all.filter { settings.loops.contains($0.0) }.map(\.1)
    }

    /// Has the changes of objects wake the loops that are on.
    func listen() {
        let loops = settings.loops
        let (provision, delete, expand, chores, claims) = (provision, delete, expand, chores, cluster.claims)
        let grace = settings.orphanGrace
        cluster.claims.onChange { change in
            if loops.contains(.provision) {
                provision.queue.add(change.object.key)
                // Its volume may have been made before it went.
                if change.current == nil { chores.add(.sweep, after: grace + 1) }
                // What it was to be filled from may have waited for it.
                if change.object.isBeingDeleted || change.current == nil,
                    case .claim(let source)? = try? ClaimSource(change.object)
                {
                    provision.queue.add(source, after: grace + 2)
                }
            }
            if loops.contains(.expand), change.current?.volumeName != nil { expand.queue.add(change.object.key) }
        }
        cluster.volumes.onChange { change in
            guard let volume = change.current else {
                // A claim that was not bound to it yet gets another one.
                if loops.contains(.provision), let claim = change.object.claimRef { provision.queue.add(claim.key) }
                return
            }
            if loops.contains(.delete) { delete.queue.add(volume.key) }
            if loops.contains(.expand), let claim = volume.claimRef { expand.queue.add(claim.key) }
        }
        cluster.classes.onChange { change in
            if loops.contains(.capacity) { chores.add(.capacity) }
            guard loops.contains(.provision), let storageClass = change.current else { return }
            for claim in claims.all where claim.volumeName == nil && claim.storageClassName == storageClass.name {
                provision.queue.add(claim.key)
            }
        }
    }

    /// Works until the task is cancelled.
    func run() async {
        let owner = await findOwner()
        let capacity = CapacityLoop(cluster: cluster, namespace: settings.namespace, owner: owner)
        await withTaskGroup(of: Void.self) { group in
            if settings.loops.contains(.provision) {
                group.addTask { await provision.run() }
                chores.add(.sweep)
            }
            if settings.loops.contains(.delete) { group.addTask { await delete.run() } }
            if settings.loops.contains(.expand) { group.addTask { await expand.run() } }
            if settings.loops.contains(.capacity) { chores.add(.capacity) }
            group.addTask {
                await chores.run(workers: 2) { chore in
                    do {
                        switch chore {
                        case .capacity: try await capacity.refresh()
                        case .sweep: try await sweep.sweep()
                        }
                        chores.forget(chore)
                        chores.add(chore, after: Self.choreInterval)
                    } catch {
                        if (error as? KubernetesError)?.isCancelled == true { return }
                        Log.shared.warning(
                            "a chore has failed and comes again", ["chore": "\(chore)", "error": "\(error)"])
                        chores.retry(chore)
                    }
                }
            }
        }
    }

    /// What the capacity objects go with: what the pod belongs to, or the pod. Nil outside of a pod, and when it cannot be read:
    /// objects without an owner are better than none.
    private func findOwner() async -> OwnerReference? {
        guard settings.loops.contains(.capacity), let name = settings.pod else { return nil }
        for attempt in 1...5 {
            do throws(KubernetesError) {
                let pod = try await cluster.client.get(Pod.self, name, namespace: settings.namespace)
                guard let owner = pod.ownerReferences.first(where: { $0.isController }) else {
                    return OwnerReference(to: pod)
                }
                // Without blockOwnerDeletion, which some clusters allow to those alone who may finalize the owner.
                return OwnerReference(
                    apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid)
            } catch {
                if error.isCancelled { return nil }
                Log.shared.warning("the pod could not be read", ["pod": name, "error": "\(error)"])
                if error.isNotFound || error.isForbidden { return nil }
                try? await Task.sleep(for: .seconds(Backoff().delay(after: attempt)))
            }
        }
        return nil
    }
}
