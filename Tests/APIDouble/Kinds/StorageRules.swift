internal import JSON

enum StorageClassRules {
    static let rules = Rules(
        fill: { storageClass in
            if storageClass["reclaimPolicy"] == nil { storageClass["reclaimPolicy"] = "Delete" }
            if storageClass["volumeBindingMode"] == nil { storageClass["volumeBindingMode"] = "Immediate" }
        },
        check: { storageClass in
            var causes: [APIStatus.Cause] = []
            if storageClass["provisioner"]?.string?.isEmpty ?? true { causes.append(.required("provisioner")) }
            let policy = storageClass.text(at: "reclaimPolicy")
            if !["Delete", "Retain"].contains(policy) {
                causes.append(.unsupported("reclaimPolicy", policy, ["Delete", "Retain"]))
            }
            let mode = storageClass.text(at: "volumeBindingMode")
            if !["Immediate", "WaitForFirstConsumer"].contains(mode) {
                causes.append(.unsupported("volumeBindingMode", mode, ["Immediate", "WaitForFirstConsumer"]))
            }
            return causes
        },
        checkChange: { new, old in
            immutable(["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"], new, old)
        })
}

enum AttributesClassRules {
    static let rules = Rules(
        check: { attributes in
            attributes["driverName"]?.string?.isEmpty ?? true ? [.required("driverName")] : []
        },
        checkChange: { new, old in immutable(["driverName", "parameters"], new, old) })
}

enum CSINodeRules {
    static let rules = Rules(checkChange: { new, old in
        for driver in old[at: "spec.drivers"]?.array ?? [] {
            let now = new[at: "spec.drivers"]?.array?.first { $0["name"] == driver["name"] }
            var (left, right) = (driver, now ?? driver)
            (left["allocatable"], right["allocatable"]) = (nil, nil)
            if left != right { return [.invalid("spec.drivers", "", "field is immutable")] }
        }
        return []
    })
}

enum CSIDriverRules {
    static let rules = Rules(
        fill: { driver in
            let defaults: [String: JSON] = [
                "attachRequired": true, "podInfoOnMount": false, "fsGroupPolicy": "ReadWriteOnceWithFSType",
                "volumeLifecycleModes": ["Persistent"], "requiresRepublish": false, "storageCapacity": false,
                "seLinuxMount": false,
            ]
            for (key, value) in defaults where driver[path: ["spec", key]] == nil {
                driver[path: ["spec", key]] = value
            }
        },
        checkChange: { new, old in
            immutable(["spec.attachRequired", "spec.volumeLifecycleModes"], new, old)
        })
}

enum CapacityRules {
    static let rules = Rules(
        check: { capacity in
            var causes: [APIStatus.Cause] = []
            if capacity["storageClassName"]?.string?.isEmpty ?? true {
                causes.append(.invalid("storageClassName", "", "must be a class name"))
            }
            if let text = capacity["capacity"]?.string, let amount = Amount(text), amount.thousandths < 0 {
                causes.append(.invalid("capacity", text, "must be greater than or equal to 0"))
            }
            return causes
        },
        checkChange: { new, old in immutable(["nodeTopology", "storageClassName"], new, old) },
        amounts: ["capacity", "maximumVolumeSize"])
}

enum AttachmentRules {
    static let rules = Rules(
        check: { attachment in
            var causes: [APIStatus.Cause] = []
            if attachment.text(at: "spec.attacher").isEmpty { causes.append(.required("spec.attacher")) }
            if attachment.text(at: "spec.nodeName").isEmpty {
                causes.append(.invalid("spec.nodeName", "", "a lowercase RFC 1123 subdomain must consist of ..."))
            }
            let source = attachment[at: "spec.source"]?.object ?? [:]
            if source.isEmpty {
                causes.append(
                    .required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
            }
            return causes
        },
        checkChange: { new, old in immutable(["spec"], new, old) })
}

/// What must stay as it is.
func immutable(_ fields: [String], _ new: JSON, _ old: JSON) -> [APIStatus.Cause] {
    fields.filter { new[at: $0] != old[at: $0] }.map { field in
        .invalid(field, new[at: field]?.string ?? new[at: field]?.text() ?? "", "field is immutable")
    }
}
