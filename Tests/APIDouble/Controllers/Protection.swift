internal import JSON

/// Lets go of claims and volumes that are being deleted and not in use.
struct Protection {
    let double: APIDouble

    func run() {
        for claim in double.objects("persistentvolumeclaims") where claim.isBeingDeleted && !isUsed(claim) {
            remove("kubernetes.io/pvc-protection", from: claim, "persistentvolumeclaims")
        }
        for volume in double.objects("persistentvolumes") where volume.isBeingDeleted && volume.phase != "Bound" {
            remove("kubernetes.io/pv-protection", from: volume, "persistentvolumes")
        }
    }

    /// Whether a pod that is on a node names the claim.
    private func isUsed(_ claim: JSON) -> Bool {
        double.objects("pods").contains { pod in
            pod.namespace == claim.namespace && !pod.text(at: "spec.nodeName").isEmpty
                && !["Succeeded", "Failed"].contains(pod.phase)
                && (pod[at: "spec.volumes"]?.array ?? []).contains {
                    $0[at: "persistentVolumeClaim.claimName"]?.string == claim.name
                }
        }
    }

    private func remove(_ finalizer: String, from object: JSON, _ resource: String) {
        guard object.finalizers.contains(finalizer) else { return }
        _ = try? double.change(resource, object.name, in: object.namespace) { found in
            guard found.uid == object.uid else { return }
            found[at: "metadata.finalizers"] = .array(found.finalizers.filter { $0 != finalizer }.map { .string($0) })
        }
    }
}
