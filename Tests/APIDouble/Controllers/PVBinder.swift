internal import JSON
internal import Synchronization

/// The PV binder of kube-controller-manager, as far as volumes that a CSI driver makes meet it: it binds claims to volumes
/// that are reserved for them or fit, tells provisioners, keeps phases, and releases.
///
/// Each look reads everything, and writes what differs; a write that meets another one is left to the next look.
struct PVBinder {
    let double: APIDouble

    private static let bindCompleted = "pv.kubernetes.io/bind-completed"
    private static let boundByController = "pv.kubernetes.io/bound-by-controller"
    private static let selectedNode = "volume.kubernetes.io/selected-node"
    private static let provisioner = "volume.kubernetes.io/storage-provisioner"
    private static let provisionerBeta = "volume.beta.kubernetes.io/storage-provisioner"

    func run() {
        for claim in double.objects("persistentvolumeclaims") { sync(claim: claim) }
        for volume in double.objects("persistentvolumes") { sync(volume: volume) }
    }

    // MARK: Claims

    private func sync(claim: JSON) {
        let wanted = claim.text(at: "spec.volumeName")
        let isBoundOnce = claim.annotations[Self.bindCompleted] != nil
        let volume = wanted.isEmpty ? nil : double.object("persistentvolumes", wanted)
        if isBoundOnce { return syncBound(claim, volume) }
        if wanted.isEmpty {
            if let match = match(for: claim) { return bind(claim, match) }
            return syncUnmatched(claim)
        }
        guard let volume else { return setPhase(of: claim, "Pending") }
        if volume[at: "spec.claimRef"] == nil {
            if satisfies(volume, claim) { bind(claim, volume) } else { setPhase(of: claim, "Pending") }
        } else if isReserved(volume, for: claim) {
            bind(claim, volume)
        } else {
            setPhase(of: claim, "Pending")
        }
    }

    /// A claim that was bound once: it is repaired, or lost.
    private func syncBound(_ claim: JSON, _ volume: JSON?) {
        guard let volume else { return setPhase(of: claim, "Lost") }
        let owner = volume.text(at: "spec.claimRef.uid")
        if volume[at: "spec.claimRef"] == nil || owner == claim.uid { return bind(claim, volume) }
        setPhase(of: claim, "Lost")
    }

    private func syncUnmatched(_ claim: JSON) {
        guard let name = claim[at: "spec.storageClassName"]?.string, !name.isEmpty,
            let storageClass = double.object("storageclasses", name)
        else { return setPhase(of: claim, "Pending") }
        let waits = storageClass.text(at: "volumeBindingMode") == "WaitForFirstConsumer"
        if waits && claim.annotations[Self.selectedNode] == nil { return setPhase(of: claim, "Pending") }
        let maker = storageClass.text(at: "provisioner")
        if maker == "kubernetes.io/no-provisioner" || claim.annotations[Self.provisioner] == maker { return }
        change("persistentvolumeclaims", claim) { claim in
            claim[path: ["metadata", "annotations", Self.provisioner]] = .string(maker)
            claim[path: ["metadata", "annotations", Self.provisionerBeta]] = .string(maker)
        }
    }

    private func setPhase(of claim: JSON, _ phase: String) {
        if claim.phase == phase { return }
        change("persistentvolumeclaims", claim, subresource: "status") { claim in
            claim["status"] = ["phase": .string(phase)]
        }
    }

    // MARK: Matching

    private func isReserved(_ volume: JSON, for claim: JSON) -> Bool {
        let owner = volume.text(at: "spec.claimRef.uid")
        return volume.text(at: "spec.claimRef.name") == claim.name
            && volume.text(at: "spec.claimRef.namespace") == claim.namespace && (owner.isEmpty || owner == claim.uid)
    }

    private func satisfies(_ volume: JSON, _ claim: JSON) -> Bool {
        let size = volume[path: ["spec", "capacity", "storage"]]?.string.flatMap(Amount.init)
        let wanted = claim[path: ["spec", "resources", "requests", "storage"]]?.string.flatMap(Amount.init)
        guard let size, let wanted, size >= wanted, !volume.isBeingDeleted else { return false }
        let modes = volume[at: "spec.accessModes"]?.array ?? []
        let needed = claim[at: "spec.accessModes"]?.array ?? []
        return volume.text(at: "spec.storageClassName") == claim.text(at: "spec.storageClassName")
            && volume.text(at: "spec.volumeAttributesClassName") == claim.text(at: "spec.volumeAttributesClassName")
            && volume.text(at: "spec.volumeMode") == claim.text(at: "spec.volumeMode")
            && needed.allSatisfy(modes.contains)
    }

    /// A volume that is reserved for the claim, else the smallest free one that fits.
    private func match(for claim: JSON) -> JSON? {
        let volumes = double.objects("persistentvolumes")
        if let reserved = volumes.first(where: { isReserved($0, for: claim) && !$0.isBeingDeleted }) { return reserved }
        let waits =
            double.object("storageclasses", claim.text(at: "spec.storageClassName"))?.text(at: "volumeBindingMode")
            == "WaitForFirstConsumer"
        if waits { return nil }
        let labels = claim[at: "spec.selector.matchLabels"]?.object ?? [:]
        let fitting = volumes.filter { volume in
            volume[at: "spec.claimRef"] == nil && volume.phase == "Available" && satisfies(volume, claim)
                && labels.allSatisfy { volume.labels[$0.key] == $0.value.string }
        }
        return fitting.min { left, right in
            let path = ["spec", "capacity", "storage"]
            guard let first = left[path: path]?.string.flatMap(Amount.init),
                let second = right[path: path]?.string.flatMap(Amount.init)
            else { return false }
            return first == second ? left.name < right.name : first < second
        }
    }

    // MARK: Binding

    /// Four writes, in this order; whatever is there already is left, and the first that fails ends it.
    private func bind(_ claim: JSON, _ volume: JSON) {
        guard let volume = reserve(volume, for: claim), setPhase(of: volume, volume: "Bound"),
            let claim = point(claim, at: volume), claim.phase != "Bound"
        else { return }
        change("persistentvolumeclaims", claim, subresource: "status") { claim in
            claim[at: "status.phase"] = "Bound"
            claim[at: "status.accessModes"] = volume[at: "spec.accessModes"]
            claim[at: "status.capacity"] = volume[at: "spec.capacity"]
            claim[at: "status.currentVolumeAttributesClassName"] = volume[at: "spec.volumeAttributesClassName"]
        }
    }

    private func reserve(_ volume: JSON, for claim: JSON) -> JSON? {
        if volume.text(at: "spec.claimRef.uid") == claim.uid { return volume }
        let wasReserved = volume[at: "spec.claimRef"] != nil
        return change("persistentvolumes", volume) { volume in
            volume[at: "spec.claimRef"] = [
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": .string(claim.namespace),
                "name": .string(claim.name), "uid": .string(claim.uid),
                "resourceVersion": .string(claim.resourceVersion),
            ]
            if !wasReserved { volume[path: ["metadata", "annotations", Self.boundByController]] = "yes" }
        }
    }

    private func point(_ claim: JSON, at volume: JSON) -> JSON? {
        let pointed = claim.text(at: "spec.volumeName") == volume.name
        if pointed && claim.annotations[Self.bindCompleted] != nil { return claim }
        return change("persistentvolumeclaims", claim) { claim in
            if !pointed {
                claim[at: "spec.volumeName"] = .string(volume.name)
                claim[path: ["metadata", "annotations", Self.boundByController]] = "yes"
            }
            claim[path: ["metadata", "annotations", Self.bindCompleted]] = "yes"
        }
    }

    // MARK: Volumes

    private func sync(volume: JSON) {
        let reference = volume[at: "spec.claimRef"]
        guard let reference, let owner = reference["uid"]?.string, !owner.isEmpty else {
            setPhase(of: volume, volume: "Available")
            return
        }
        let claim = double.object(
            "persistentvolumeclaims", reference["name"]?.string ?? "", in: reference["namespace"]?.string ?? "")
        guard let claim, claim.uid == owner else {
            if volume.phase != "Released" && volume.phase != "Failed" { setPhase(of: volume, volume: "Released") }
            return
        }
        let points = claim.text(at: "spec.volumeName")
        if points == volume.name { setPhase(of: volume, volume: "Bound") }
    }

    @discardableResult
    private func setPhase(of volume: JSON, volume phase: String) -> Bool {
        if volume.phase == phase { return true }
        let written = change("persistentvolumes", volume, subresource: "status") { volume in
            volume[at: "status.phase"] = .string(phase)
            volume[at: "status.message"] = nil
        }
        return written != nil
    }

    /// Writes what was seen, changed; nil when the object is another one meanwhile.
    @discardableResult
    private func change(
        _ resource: String, _ object: JSON, subresource: String = "", _ change: (inout JSON) -> Void
    ) -> JSON? {
        try? double.change(resource, object.name, in: object.namespace, subresource: subresource) { found in
            // The server refuses the version that was seen, if it is not the newest any more.
            found[at: "metadata.resourceVersion"] = object[at: "metadata.resourceVersion"]
            change(&found)
        }
    }
}
