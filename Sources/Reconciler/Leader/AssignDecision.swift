internal import JSON
internal import Kubernetes

/// Which node's an object is, as a label that a node's own watches select by: a node then hears of nothing but its own
/// objects, and the server's work grows with the volumes and not with nodes times volumes.
///
/// The label is the topology's key, with the node's name; an empty value marks a claim that the nodes race for.
enum AssignDecision {
    /// The value that the claim's label is to have; nil if the claim is none of ours, or its node is not known yet.
    static func node(
        of claim: PersistentVolumeClaim, _ storageClass: StorageClass?, driver: String
    ) -> String? {
        // That of one which has its volume follows from the volume.
        guard claim.provisioner == driver, claim.volumeName == nil else { return nil }
        if let node = claim.annotations[ClusterNames.selectedNode], !node.isEmpty { return node }
        guard let storageClass, storageClass.provisioner == driver,
            storageClass.volumeBindingMode == "Immediate"
        else { return nil }
        return ""
    }

    /// The value that the label of a PersistentVolume is to have, and that of the claim that it is bound to.
    static func node(of volume: PersistentVolume, driver: String, key: String) -> String? {
        guard volume.csi?.driver == driver else { return nil }
        let terms = volume.nodeAffinity?["required", "nodeSelectorTerms"]?.array ?? []
        let expressions = terms.flatMap { $0["matchExpressions"]?.array ?? [] }.filter { $0["key"]?.string == key }
        let values = Set(expressions.flatMap { $0["values"]?.array?.compactMap(\.string) ?? [] })
        return values.count == 1 ? values.first : nil
    }
}
