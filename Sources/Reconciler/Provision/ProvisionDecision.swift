internal import Kubernetes

/// What is to be done about a claim.
enum ProvisionDecision: Equatable {
    /// It is not for us, or nothing is left to do.
    case nothing
    /// It waits for a volume of ours and has no node yet: the nodes race for it.
    case race
    /// Its volume is to be made here.
    case provision
    /// It can never have a volume as it is: its owner is told.
    case refuse(String)
    /// It has to wait for something else, which its owner is told of.
    case wait(String)

    /// - Parameter storageClass: the class that the claim names, if there is such a one.
    static func decide(
        _ claim: PersistentVolumeClaim, _ storageClass: StorageClass?, _ identity: NodeIdentity
    ) -> ProvisionDecision {
        guard claim.volumeName == nil, !claim.isBeingDeleted, claim.provisioner == identity.driver else {
            return .nothing
        }
        guard let name = claim.storageClassName, !name.isEmpty else { return .nothing }
        let selected = claim.annotations[ClusterNames.selectedNode] ?? ""
        if !selected.isEmpty, selected != identity.node { return .nothing }
        guard let storageClass else {
            // Told by the one node that is meant; without one, by nobody: every node would say the same.
            return selected.isEmpty ? .nothing : .wait("storage class \"\(name)\" does not exist; create it")
        }
        guard storageClass.provisioner == identity.driver else { return .nothing }
        if selected.isEmpty {
            guard storageClass.volumeBindingMode == "Immediate" else { return .nothing }
            return storageClass.allows(identity.segments) ? .race : .nothing
        }
        guard storageClass.allows(identity.segments) else {
            return .refuse(
                "node \(identity.node) is outside of the allowedTopologies of storage class \"\(name)\"; "
                    + "choose another node for the pod, or another class")
        }
        return .provision
    }
}

extension PersistentVolumeClaim {
    /// The driver that is to make its volume; nil while the binder has not said.
    var provisioner: String? { ClusterNames.provisionerAnnotations.lazy.compactMap { annotations[$0] }.first }
}

extension StorageClass {
    /// Whether its volumes may be made in a place of those segments: one of the terms has to fit, if there are any.
    func allows(_ segments: [String: String]) -> Bool {
        allowedTopologies.isEmpty
            || allowedTopologies.contains { term in
                term.allSatisfy { key, values in segments[key].map(values.contains) ?? false }
            }
    }
}
