internal import JSON
internal import Kubernetes

/// Marks each claim and volume of the driver with its node. One process of the cluster does it, the Lease's holder.
struct AssignLoop: Sendable {
    let client: KubernetesClient
    let driver: String
    /// The topology key, which is the label's too.
    let key: String
    let election: LeaderElection
    /// All of the cluster, cut down to what a decision needs.
    let claims: Informer<PersistentVolumeClaim>
    let volumes: Informer<PersistentVolume>
    let classes: Informer<StorageClass>
    /// The loop of this process's own node, and how many nodes have the driver; nil where this one takes no part, or
    /// where that is unknown.
    let share: @Sendable () -> (provisioning: ProvisionLoop, nodes: Int)?

    func settle(claim name: ObjectKey) async throws -> Turn {
        guard let claim = claims.get(name), !claim.isBeingDeleted || claim.labels[key] != nil else { return .done }
        let storageClass = claim.storageClassName.flatMap { classes.get(ObjectKey(name: $0)) }
        guard let node = AssignDecision.node(of: claim, storageClass, driver: driver), claim.labels[key] != node else {
            return .done
        }
        guard node.isEmpty, claim.labels[key] == nil, let (provisioning, nodes) = share() else {
            return try await mark(claim, node)
        }
        try election.requireLeadership()
        if try await provisioning.takeShare(of: claim, nodes: nodes) { return .done }
        let turn = try await mark(claim, node)
        // Only now the others hear of it.
        if nodes > 1 { provisioning.leaveToOthers(claim) }
        return turn
    }

    func settle(volume name: ObjectKey) async throws -> Turn {
        guard let volume = volumes.get(name),
            let node = AssignDecision.node(of: volume, driver: driver, key: key)
        else { return .done }
        if volume.labels[key] != node {
            let turn = try await mark(volume, node)
            if turn != .done { return turn }
        }
        guard let reference = volume.claimRef, let claim = claims.get(reference.key), claim.uid == reference.uid,
            claim.labels[key] != node
        else { return .done }
        return try await mark(claim, node)
    }

    private func mark<Object: KubernetesObject>(_ object: Object, _ node: String) async throws -> Turn {
        try election.requireLeadership()
        do throws(KubernetesError) {
            _ = try await client.mergePatch(
                Object.self, object.name, namespace: object.namespace,
                [
                    "metadata": [
                        "uid": .string(object.uid), "resourceVersion": .string(object.resourceVersion ?? ""),
                        "labels": [key: .string(node)],
                    ]
                ])
            return .done
        } catch {
            // It has changed since, perhaps by the node itself, and comes again.
            if error.isNotFound || error.isConflict { return .done }
            throw error
        }
    }
}
