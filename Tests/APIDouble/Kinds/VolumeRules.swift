internal import JSON
internal import Syscalls

/// PersistentVolume, by the server's strategy and validation.
enum VolumeRules {
    static let rules = Rules(
        fill: { volume in
            if volume[at: "spec.persistentVolumeReclaimPolicy"] == nil {
                volume[at: "spec.persistentVolumeReclaimPolicy"] = "Retain"
            }
            if volume[at: "spec.volumeMode"] == nil { volume[at: "spec.volumeMode"] = "Filesystem" }
        },
        admit: { volume, _ in
            volume[at: "status.lastPhaseTransitionTime"] = .string(timestamp(wallClockSeconds()))
            addFinalizer("kubernetes.io/pv-protection", to: &volume)
        },
        check: check, checkChange: checkChange, amounts: ["spec.capacity"])

    /// The members of a specification that are not where the data is.
    private static let notSources: Set<String> = [
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions",
        "volumeMode", "nodeAffinity", "volumeAttributesClassName",
    ]

    static func source(of volume: JSON) -> [String: JSON] {
        volume["spec"]?.object?.filter { !notSources.contains($0.key) } ?? [:]
    }

    private static func check(_ volume: JSON) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        causes += AccessModes.problems(volume[at: "spec.accessModes"], "spec.accessModes", missing: "")
        let capacity = volume[at: "spec.capacity"]?.object ?? [:]
        if capacity.isEmpty {
            causes.append(.required("spec.capacity"))
        } else if capacity["storage"] == nil || capacity.count > 1 {
            causes.append(.unsupported("spec.capacity", capacity.keys.sorted().joined(separator: ","), ["storage"]))
        } else if let amount = capacity["storage"]?.string.flatMap(Amount.init), amount.thousandths <= 0 {
            let text = capacity["storage"]?.string ?? ""
            causes.append(.invalid("spec.capacity[storage]", text, "must be greater than zero"))
        }
        let policy = volume.text(at: "spec.persistentVolumeReclaimPolicy")
        if !["Delete", "Recycle", "Retain"].contains(policy) {
            causes.append(.unsupported("spec.persistentVolumeReclaimPolicy", policy, ["Delete", "Recycle", "Retain"]))
        }
        let mode = volume.text(at: "spec.volumeMode")
        if !["Block", "Filesystem"].contains(mode) {
            causes.append(.unsupported("spec.volumeMode", mode, ["Block", "Filesystem"]))
        }
        let sources = source(of: volume)
        if sources.isEmpty {
            causes.append(.required("spec", "must specify a volume type"))
        } else if sources.count > 1 {
            causes.append(
                .forbidden("spec.\(sources.keys.sorted().last ?? "")", "may not specify more than 1 volume type"))
        }
        if let csi = sources["csi"] {
            if csi["driver"]?.string?.isEmpty ?? true { causes.append(.required("spec.csi.driver")) }
            if csi["volumeHandle"]?.string?.isEmpty ?? true { causes.append(.required("spec.csi.volumeHandle")) }
        }
        if sources["local"] != nil, volume[at: "spec.nodeAffinity"] == nil {
            causes.append(.required("spec.nodeAffinity", "Local volume requires node affinity"))
        }
        return causes
    }

    private static func checkChange(_ new: JSON, _ old: JSON) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        let was = source(of: old)
        var now = source(of: new)
        // A secret for expansion may be named once.
        if was["csi"]?["controllerExpandSecretRef"] == nil { now["csi"]?["controllerExpandSecretRef"] = nil }
        if was != now {
            causes.append(
                .forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation\n"))
        }
        if old[at: "spec.volumeMode"] != new[at: "spec.volumeMode"] {
            causes.append(.invalid("volumeMode", new.text(at: "spec.volumeMode"), "field is immutable"))
        }
        if let affinity = old[at: "spec.nodeAffinity"], affinity != new[at: "spec.nodeAffinity"] {
            causes.append(
                .invalid("nodeAffinity", "", "field is immutable, except for updating from beta label to GA"))
        }
        if old[at: "spec.volumeAttributesClassName"] != nil && new[at: "spec.volumeAttributesClassName"] == nil {
            causes.append(.forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden"))
        }
        return causes
    }
}

/// What PersistentVolumes and claims say of how they are used.
enum AccessModes {
    private static let known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]

    static func problems(_ value: JSON?, _ field: String, missing: String) -> [APIStatus.Cause] {
        let modes = value?.array?.map { $0.string ?? "" } ?? []
        if modes.isEmpty { return [.required(field, missing)] }
        var causes = modes.filter { !known.contains($0) }.map { APIStatus.Cause.unsupported(field, $0, known) }
        if modes.contains("ReadWriteOncePod"), modes.contains(where: { $0 != "ReadWriteOncePod" }) {
            causes.append(.forbidden(field, "may not use ReadWriteOncePod with other access modes"))
        }
        return causes
    }
}

/// Adds a finalizer that admission adds, behind those that are there.
func addFinalizer(_ name: String, to object: inout JSON) {
    if object.finalizers.contains(name) { return }
    object[at: "metadata.finalizers"] = .array((object.finalizers + [name]).map { .string($0) })
}
