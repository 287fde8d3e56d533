internal import Diagnostics
internal import JSON
internal import Kubernetes

/// Tells of volumes on nodes that are no longer in the cluster, gives them up on an operator's word, and gives claims that
/// wait for such a node back to the scheduler. The node's own reconciler has gone with it, so the Lease's holder does it.
struct GoneLoop: Sendable {
    let client: KubernetesClient
    let identity: NodeIdentity
    /// The topology key, which is the label's too.
    let key: String
    let election: LeaderElection
    let events: Telling
    /// All of the cluster, cut down to what a decision needs.
    let nodes: Informer<Node>
    let claims: Informer<PersistentVolumeClaim>
    let volumes: Informer<PersistentVolume>

    func settle(volume name: ObjectKey) async throws -> Turn {
        guard let known = volumes.get(name),
            let node = AssignDecision.node(of: known, driver: identity.driver, key: key)
        else { return .done }
        let isThere = try await isThere(node)
        switch decide(known, node, isThere) {
        case .nothing: events.forget(known, ["NodeGone"])
        case .tell(let sentence): tell(known, node, isThere, sentence)
        case .release: return try await release(known, node)
        }
        return .done
    }

    func settle(claim name: ObjectKey) async throws -> Turn {
        guard let claim = claims.get(name), claim.provisioner == identity.driver else { return .done }
        if claim.isBeingDeleted { return try await letGo(claim) }
        guard claim.volumeName == nil, let node = claim.annotations[ClusterNames.selectedNode], !node.isEmpty,
            try await !isThere(node)
        else { return .done }
        try election.requireLeadership()
        do throws(KubernetesError) {
            _ = try await client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: claim.namespace,
                [
                    "metadata": [
                        "uid": .string(claim.uid), "resourceVersion": .string(claim.resourceVersion ?? ""),
                        "annotations": [ClusterNames.selectedNode: .null],
                    ]
                ])
        } catch {
            // It has changed since, and comes again.
            if error.isNotFound || error.isConflict { return .done }
            throw error
        }
        events.warning(
            claim, "NodeGone",
            "node \(node), which was to have the volume, is no longer in the cluster; another one is to be chosen")
        return .done
    }

    /// A claim that a copy was being made of is kept by a finalizer, which the node takes away that it lies on.
    private func letGo(_ claim: PersistentVolumeClaim) async throws -> Turn {
        guard claim.isHeldAsSource, let node = claim.labels[key], !node.isEmpty, try await !isThere(node) else {
            return .done
        }
        try election.requireLeadership()
        let left = claim.finalizers.filter { $0 != ClusterNames.cloneFinalizer }
        do throws(KubernetesError) {
            _ = try await client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: claim.namespace,
                [
                    "metadata": [
                        "uid": .string(claim.uid), "resourceVersion": .string(claim.resourceVersion ?? ""),
                        "finalizers": .array(left.map { .string($0) }),
                    ]
                ])
        } catch {
            if error.isNotFound || error.isConflict { return .done }
            throw error
        }
        return .done
    }

    private func decide(_ volume: PersistentVolume, _ node: String, _ isThere: Bool) -> GoneDecision {
        GoneDecision.decide(volume, node: node, isThere: isThere, driver: identity.driver, label: key)
    }

    /// What was merely not seen is asked for.
    private func isThere(_ node: String) async throws(KubernetesError) -> Bool {
        if nodes.get(ObjectKey(name: node)) != nil { return true }
        do throws(KubernetesError) {
            _ = try await client.get(Node.self, node)
            return true
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }

    private func tell(_ volume: PersistentVolume, _ node: String, _ isThere: Bool, _ sentence: String) {
        events.warning(volume, "NodeGone", sentence)
        guard !isThere, let reference = volume.claimRef, let claim = claims.get(reference.key),
            claim.uid == reference.uid
        else { return }
        events.warning(
            claim, "NodeGone",
            "node \(node), where the volume lies, is no longer in the cluster; the data is out of reach until it is back"
        )
    }

    private func release(_ known: PersistentVolume, _ node: String) async throws -> Turn {
        // What we know may be old: its claim may have come back to it, or the word may have been taken back.
        let volume: PersistentVolume
        do throws(KubernetesError) {
            volume = try await client.get(PersistentVolume.self, known.name)
        } catch {
            guard error.isNotFound else { throw error }
            return .done
        }
        guard volume.uid == known.uid, decide(volume, node, try await isThere(node)) == .release else { return .done }
        try election.requireLeadership()
        do throws(KubernetesError) {
            // The object first, while the finalizer still holds it: cut off between the two, it is one that is being deleted,
            // which is released as well.
            if !volume.isBeingDeleted {
                try await client.delete(
                    PersistentVolume.self, volume.name,
                    preconditions: Preconditions(uid: volume.uid, resourceVersion: volume.resourceVersion))
            }
            let left = try await client.get(PersistentVolume.self, volume.name)
            guard left.uid == volume.uid, left.finalizers.contains(ClusterNames.volumeFinalizer) else { return .done }
            _ = try await client.mergePatch(
                PersistentVolume.self, left.name,
                [
                    "metadata": [
                        "uid": .string(left.uid), "resourceVersion": .string(left.resourceVersion ?? ""),
                        "finalizers": .array(
                            left.finalizers.filter { $0 != ClusterNames.volumeFinalizer }.map { .string($0) }),
                    ]
                ])
        } catch {
            if error.isNotFound { return .done }
            if error.isConflict { return .retry }
            throw error
        }
        Log.shared.info("gave up a volume of a node that is gone", ["volume": volume.name, "node": node])
        return .done
    }
}

extension PersistentVolumeClaim {
    /// Whether a finalizer keeps it because something is copied from it.
    var isHeldAsSource: Bool { finalizers.contains(ClusterNames.cloneFinalizer) }
}
