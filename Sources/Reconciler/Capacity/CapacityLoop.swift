internal import CSI
internal import JSON
internal import Kubernetes
internal import RPC

/// Keeps the cluster's CSIStorageCapacity objects of this node true to what its pools can still give.
struct CapacityLoop: Sendable {
    let cluster: Cluster
    /// The namespace that the objects are in: the pod's own.
    let namespace: String
    /// With what they go: the pod's controller, or the pod.
    let owner: OwnerReference?

    static let driverLabel = "csi.storage.k8s.io/drivername"
    static let managerLabel = "csi.storage.k8s.io/managed-by"

    /// The standard provisioner's own word in its mode of one process a node, so that either goes on with the other's objects.
    private var manager: String { "external-provisioner-\(cluster.identity.node)" }

    /// One look at all classes. What cannot be asked of the plugin now is left as it is.
    func refresh() async throws {
        var capacities: [ClassCapacity] = []
        let classes = cluster.classes.all.filter {
            $0.provisioner == cluster.identity.driver && $0.allows(cluster.identity.segments)
        }
        for storageClass in classes.sorted(by: { $0.name < $1.name }) {
            if let capacity = try await capacity(of: storageClass) { capacities.append(capacity) }
        }
        let selector = "\(Self.driverLabel)=\(cluster.identity.driver),\(Self.managerLabel)=\(manager)"
        let existing = try await cluster.client.list(
            CSIStorageCapacity.self, namespace: namespace, labelSelector: selector
        ).items
        try await carryOut(CapacityDecision.decide(capacities, existing, cluster.identity), existing)
    }

    /// Nil for a class that the plugin refuses: nothing can be had of it, and no object says so best.
    private func capacity(of storageClass: StorageClass) async throws(RPCStatus) -> ClassCapacity? {
        var parameters: [String: String] = [:]
        for (key, value) in storageClass.parameters
        where !key.hasPrefix(ClusterNames.parameterPrefix) && key.lowercased() != ParameterKeys.olderFilesystem {
            parameters[key] = value
        }
        do throws(RPCStatus) {
            let answer = try await cluster.node.capacity([], parameters, cluster.identity.segments)
            return ClassCapacity(
                storageClass: storageClass.name, available: answer.availableCapacity, largest: answer.maximumVolumeSize)
        } catch {
            guard error.code == .invalidArgument else { throw error }
            return nil
        }
    }

    private func carryOut(_ decision: CapacityDecision, _ existing: [CSIStorageCapacity]) async throws {
        for name in decision.delete {
            try await ignoringGone { () async throws(KubernetesError) in
                try await cluster.client.delete(CSIStorageCapacity.self, name, namespace: namespace)
            }
        }
        for capacity in decision.create {
            try await ignoringGone { () async throws(KubernetesError) in
                _ = try await cluster.client.create(object(capacity))
            }
        }
        for (name, capacity) in decision.update.sorted(by: { $0.key < $1.key }) {
            guard var object = existing.first(where: { $0.name == name }) else { continue }
            object.capacity = Quantity(bytes: capacity.available)
            object.maximumVolumeSize = capacity.largest.map { Quantity(bytes: $0) }
            if let owner { object.ownerReferences = [owner] }
            let changed = object
            try await ignoringGone { () async throws(KubernetesError) in
                _ = try await cluster.client.update(changed)
            }
        }
    }

    /// What was changed or removed meanwhile is seen in the next look.
    private func ignoringGone(_ write: () async throws(KubernetesError) -> Void) async throws(KubernetesError) {
        do throws(KubernetesError) {
            try await write()
        } catch {
            if !error.isNotFound, !error.isConflict, !error.isAlreadyExists { throw error }
        }
    }

    private func object(_ capacity: ClassCapacity) -> CSIStorageCapacity {
        var object = CSIStorageCapacity(name: "", namespace: namespace)
        object.json["metadata", "name"] = nil
        object.json["metadata", "generateName"] = "csisc-"
        object.labels = [Self.driverLabel: cluster.identity.driver, Self.managerLabel: manager]
        if let owner { object.ownerReferences = [owner] }
        object.storageClassName = capacity.storageClass
        object.nodeTopology = cluster.identity.segments
        object.capacity = Quantity(bytes: capacity.available)
        object.maximumVolumeSize = capacity.largest.map { Quantity(bytes: $0) }
        return object
    }
}
