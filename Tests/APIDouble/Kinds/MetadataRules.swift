internal import JSON

/// What holds for the metadata of every kind.
enum MetadataRules {
    static func problems(of object: JSON, _ resource: APIResource) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        if object.name.isEmpty {
            causes.append(.required("metadata.name", "name or generateName is required"))
        } else if let problem = Names.problem(with: object.name, resource.rules.name) {
            causes.append(.invalid("metadata.name", object.name, problem))
        }
        for (key, value) in object.labels.sorted(by: { $0.key < $1.key }) {
            if let problem = Names.problem(withKey: key) { causes.append(.invalid("metadata.labels", key, problem)) }
            if let problem = Names.problem(withLabelValue: value) {
                causes.append(.invalid("metadata.labels", value, problem))
            }
        }
        var size = 0
        for (key, value) in object.annotations.sorted(by: { $0.key < $1.key }) {
            size += key.utf8.count + value.utf8.count
            if let problem = Names.problem(withKey: key.lowercased()) {
                causes.append(.invalid("metadata.annotations", key, problem))
            }
        }
        if size > 256 << 10 {
            causes.append(
                .init("FieldValueTooLong", "Too long: may not be more than 262144 bytes", field: "metadata.annotations")
            )
        }
        for finalizer in object.finalizers {
            if let problem = Names.problem(withKey: finalizer) {
                causes.append(.invalid("metadata.finalizers", finalizer, problem))
            } else if !finalizer.contains("/") && !["orphan", "foregroundDeletion", "kubernetes"].contains(finalizer) {
                causes.append(
                    .invalid(
                        "metadata.finalizers", finalizer,
                        "name is neither a standard finalizer name nor is it fully qualified"))
            }
        }
        return causes + owners(of: object)
    }

    private static func owners(of object: JSON) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        var controllers = 0
        for (index, owner) in (object[at: "metadata.ownerReferences"]?.array ?? []).enumerated() {
            for field in ["apiVersion", "kind", "name", "uid"] where owner[field]?.string?.isEmpty ?? true {
                let path = "metadata.ownerReferences[\(index)].\(field)"
                causes.append(
                    .invalid(
                        path, "", field == "apiVersion" ? "version must not be empty" : "\(field) must not be empty"))
            }
            if owner["controller"]?.bool == true { controllers += 1 }
        }
        if controllers > 1 {
            causes.append(
                .invalid("metadata.ownerReferences", "", "Only one reference can have Controller set to true."))
        }
        return causes
    }

    /// What must not change, and what comes back where it was left out.
    static func carryOver(from old: JSON, to new: inout JSON) -> [APIStatus.Cause] {
        var causes: [APIStatus.Cause] = []
        if !new.uid.isEmpty, new.uid != old.uid {
            causes.append(.invalid("metadata.uid", new.uid, "field is immutable"))
        }
        let kept = [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink",
            "generateName",
        ]
        for field in kept {
            new[path: ["metadata", field]] = old[path: ["metadata", field]]
        }
        let added = new.finalizers.filter { !old.finalizers.contains($0) }
        if old.isBeingDeleted, !added.isEmpty {
            let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
            causes.append(
                .forbidden(
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(list)}"
                ))
        }
        return causes
    }
}

extension APIStatus.Cause {
    static func required(_ field: String, _ detail: String = "") -> Self {
        Self("FieldValueRequired", detail.isEmpty ? "Required value" : "Required value: \(detail)", field: field)
    }

    static func invalid(_ field: String, _ value: String, _ detail: String) -> Self {
        Self("FieldValueInvalid", "Invalid value: \"\(value)\": \(detail)", field: field)
    }

    static func forbidden(_ field: String, _ detail: String) -> Self {
        Self("FieldValueForbidden", "Forbidden: \(detail)", field: field)
    }

    static func unsupported(_ field: String, _ value: String, _ supported: [String]) -> Self {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return Self(
            "FieldValueNotSupported", "Unsupported value: \"\(value)\": supported values: \(list)", field: field)
    }
}
