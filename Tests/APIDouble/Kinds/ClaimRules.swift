internal import JSON

/// PersistentVolumeClaim, by the server's strategy and validation.
enum ClaimRules {
    static let rules = Rules(
        fill: { claim in
            if claim[at: "spec.volumeMode"] == nil { claim[at: "spec.volumeMode"] = "Filesystem" }
            normalizeSources(&claim)
        },
        admit: { claim, state in
            addFinalizer("kubernetes.io/pvc-protection", to: &claim)
            setDefaultClass(&claim, state)
        },
        check: check, checkChange: checkChange, refuse: refuse,
        amounts: ["spec.resources.requests", "spec.resources.limits", "status.capacity", "status.allocatedResources"])

    /// dataSource and dataSourceRef say the same, where the kind of source allows both.
    private static func normalizeSources(_ claim: inout JSON) {
        let (old, new) = (claim[at: "spec.dataSource"], claim[at: "spec.dataSourceRef"])
        if let old, new == nil {
            let group = old["apiGroup"]?.string ?? ""
            let isKnown =
                (old["kind"] == "PersistentVolumeClaim" && group.isEmpty)
                || (old["kind"] == "VolumeSnapshot" && group == "snapshot.storage.k8s.io")
            if isKnown { claim[at: "spec.dataSourceRef"] = old } else { claim[at: "spec.dataSource"] = nil }
        } else if let new, old == nil, new["namespace"] == nil {
            claim[at: "spec.dataSource"] = new
        }
    }

    /// What the admission plug-in DefaultStorageClass does: the newest of the default classes.
    private static func setDefaultClass(_ claim: inout JSON, _ state: borrowing StoreState) {
        guard claim[at: "spec.storageClassName"] == nil,
            claim.annotations["volume.beta.kubernetes.io/storage-class"] == nil
        else { return }
        let classes = (state.objects["storageclasses.storage.k8s.io"] ?? [:]).values.map(\.object)
        let defaults = classes.filter { $0.annotations["storageclass.kubernetes.io/is-default-class"] == "true" }
        let newest = defaults.sorted { left, right in
            let (first, second) = (
                left.text(at: "metadata.creationTimestamp"), right.text(at: "metadata.creationTimestamp")
            )
            return first == second ? left.name < right.name : first > second
        }
        if let name = newest.first?.name { claim[at: "spec.storageClassName"] = .string(name) }
    }

    /// What the admission plug-in PersistentVolumeClaimResize does.
    private static func refuse(_ new: JSON, _ old: JSON, _ state: borrowing StoreState) -> String? {
        let path = ["spec", "resources", "requests", "storage"]
        guard let before = old[path: path]?.string.flatMap(Amount.init),
            let after = new[path: path]?.string.flatMap(Amount.init), after > before
        else { return nil }
        if old.phase != "Bound" { return "Only bound persistent volume claims can be expanded" }
        let key = ObjectKey(namespace: "", name: new.text(at: "spec.storageClassName"))
        let storageClass = state.objects["storageclasses.storage.k8s.io"]?[key]?.object
        if storageClass?["allowVolumeExpansion"]?.bool == true { return nil }
        return
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
            + "resize"
    }

    private static func check(_ claim: JSON) -> [APIStatus.Cause] {
        var causes = AccessModes.problems(
            claim[at: "spec.accessModes"], "spec.accessModes", missing: "at least 1 access mode is required")
        let field = "spec.resources[storage]"
        if let request = claim[at: "spec.resources.requests"]?["storage"] {
            if let amount = request.string.flatMap(Amount.init), amount.thousandths > 0 {
            } else {
                causes.append(.invalid(field, request.string ?? "", "must be greater than zero"))
            }
        } else {
            causes.append(.required(field))
        }
        if let name = claim[at: "spec.storageClassName"]?.string, !name.isEmpty,
            let problem = Names.problem(with: name, .subdomain)
        {
            causes.append(.invalid("spec.storageClassName", name, problem))
        }
        let mode = claim.text(at: "spec.volumeMode")
        if !["Block", "Filesystem"].contains(mode) {
            causes.append(.unsupported("spec.volumeMode", mode, ["Block", "Filesystem"]))
        }
        for source in ["dataSource", "dataSourceRef"] {
            guard let value = claim[at: "spec.\(source)"] else { continue }
            if value["name"]?.string?.isEmpty ?? true { causes.append(.required("spec.\(source).name")) }
            if value["kind"]?.string?.isEmpty ?? true { causes.append(.required("spec.\(source).kind")) }
        }
        if let (old, new) = both(claim[at: "spec.dataSource"], claim[at: "spec.dataSourceRef"]), old != new {
            causes.append(.invalid("spec", "spec.dataSource", "must match dataSourceRef"))
        }
        return causes
    }

    private static func both(_ left: JSON?, _ right: JSON?) -> (JSON, JSON)? {
        if let left, let right { (left, right) } else { nil }
    }

    private static func checkChange(_ new: JSON, _ old: JSON) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let size = ["spec", "resources", "requests", "storage"]
        var (was, now) = (old, new)
        // The volume's name may be set once, by the binder.
        if old.text(at: "spec.volumeName").isEmpty { was[at: "spec.volumeName"] = now[at: "spec.volumeName"] }
        // A class may be set where none was said.
        if old[at: "spec.storageClassName"] == nil { now[at: "spec.storageClassName"] = nil }
        if new.phase == "Bound" {
            now[path: size] = was[path: size]
            now[at: "spec.volumeAttributesClassName"] = was[at: "spec.volumeAttributesClassName"]
        }
        if was["spec"] != now["spec"] {
            causes.append(
                .forbidden(
                    "spec",
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
                        + "claims\n"))
        }
        causes += shrinking(from: old, to: new, size)
        if old[at: "spec.volumeMode"] != new[at: "spec.volumeMode"] {
            causes.append(.invalid("volumeMode", new.text(at: "spec.volumeMode"), "field is immutable"))
        }
        if old[at: "status.currentVolumeAttributesClassName"] != nil,
            new.text(at: "spec.volumeAttributesClassName").isEmpty,
            old[at: "spec.volumeAttributesClassName"] != new[at: "spec.volumeAttributesClassName"]
        {
            let what = new[at: "spec.volumeAttributesClassName"] == nil ? "nil" : "empty string"
            causes.append(
                .forbidden(
                    "spec.volumeAttributesClassName",
                    "update to \(what) is forbidden when status.currentVolumeAttributesClassName is not nil"))
        }
        return causes
    }

    /// A request may go back to recover from an expansion that failed, but stays above what the volume has.
    private static func shrinking(from old: JSON, to new: JSON, _ path: [String]) -> [APIStatus.Cause] {
        guard let before = old[path: path]?.string.flatMap(Amount.init),
            let after = new[path: path]?.string.flatMap(Amount.init), after < before
        else { return [] }
        let has = old[at: "status.capacity"]?["storage"]?.string.flatMap(Amount.init)
        if let has, after > has { return [] }
        if has == nil && after.thousandths > 0 { return [] }
        return [.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")]
    }
}
