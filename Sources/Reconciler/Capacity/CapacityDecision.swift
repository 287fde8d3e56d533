internal import JSON
internal import Kubernetes

/// What one class can give on this node, as the plugin told it (GetCapacity).
struct ClassCapacity: Equatable {
    let storageClass: String
    /// Bytes.
    let available: Int64
    /// The largest volume that can be had, in bytes; nil where the plugin does not say.
    let largest: Int64?
}

/// What is to be written so that the cluster's capacity objects say what the node has.
struct CapacityDecision: Equatable {
    var create: [ClassCapacity] = []
    /// With the name of the object that says something else.
    var update: [String: ClassCapacity] = [:]
    /// Names of objects that speak of a class that there is not, or say again what another one says.
    var delete: [String] = []

    /// - Parameter existing: this node's objects, as the labels have it.
    static func decide(
        _ capacities: [ClassCapacity], _ existing: [CSIStorageCapacity], _ identity: NodeIdentity
    ) -> CapacityDecision {
        var decision = CapacityDecision()
        var rest = Dictionary(grouping: existing.sorted { $0.name < $1.name }, by: \.storageClassName)
        for capacity in capacities {
            var objects = rest.removeValue(forKey: capacity.storageClass) ?? []
            // The topology of an object never changes.
            guard let first = objects.firstIndex(where: { $0.nodeTopology == identity.segments }) else {
                decision.create.append(capacity)
                decision.delete += objects.map(\.name)
                continue
            }
            let kept = objects.remove(at: first)
            decision.delete += objects.map(\.name)
            if kept.capacity?.bytes != capacity.available || kept.maximumVolumeSize?.bytes != capacity.largest {
                decision.update[kept.name] = capacity
            }
        }
        decision.delete += rest.values.flatMap { $0.map(\.name) }
        decision.delete.sort()
        return decision
    }
}
