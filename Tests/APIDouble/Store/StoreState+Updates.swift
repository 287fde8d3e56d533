internal import JSON
internal import Syscalls

extension StoreState {
    /// Changes an object. `change` makes the new one of the old one; `isPut` says that it came in whole, so that its version
    /// is to be looked at even if it names none.
    mutating func update(
        _ resource: APIResource, _ key: ObjectKey, subresource: String, isPut: Bool, _ options: WriteOptions,
        _ change: (JSON) throws(APIStatus) -> JSON
    ) throws(APIStatus) -> JSON {
        guard let stored = find(resource, key) else { throw .notFound(resource, key.name) }
        let old = stored.object
        var new = try isPut ? decoded(try change(old), resource) : patched(try change(old), resource)
        try checkIdentity(new, resource, key)
        try checkVersion(of: &new, against: old, resource, subresource: subresource, isPut: isPut)
        var causes = MetadataRules.carryOver(from: old, to: &new)
        separate(&new, from: old, resource, subresource)
        if resource.isNamespaced { new[at: "metadata.namespace"] = .string(key.namespace) }
        resource.rules.fill(&new)
        causes += MetadataRules.problems(of: new, resource)
        if subresource != "status" || resource.isCustom { causes += resource.rules.check(new) }
        if subresource.isEmpty { causes += resource.rules.checkChange(new, old) }
        if !causes.isEmpty { throw .invalid(resource, key.name, causes) }
        if subresource.isEmpty, let refusal = resource.rules.refuse(new, old, self) {
            throw .forbidden(resource, key.name, refusal)
        }
        raiseGeneration(&new, old, resource, subresource)
        ManagedFields.record(
            in: &new, before: old, options, subresource: subresource, time: timestamp(wallClockSeconds()))
        try checkSize(new)
        return commit(new, old: old, resource, key, options)
    }

    /// What a patch makes has to be of the right types too, and is refused in other words than a body.
    private func patched(_ body: JSON, _ resource: APIResource) throws(APIStatus) -> JSON {
        do throws(APIStatus) { return try decoded(body, resource) } catch {
            throw .invalid(resource, "", [.invalid("patch", body.text(), error.message)])
        }
    }

    private mutating func commit(
        _ new: JSON, old: JSON, _ resource: APIResource, _ key: ObjectKey, _ options: WriteOptions
    ) -> JSON {
        var new = new
        new[at: "metadata.resourceVersion"] = old[at: "metadata.resourceVersion"]
        if options.isDryRun { return new }
        if new.isBeingDeleted && new.finalizers.isEmpty && !holdsOn(new, resource) {
            return remove(resource, key, last: new)
        }
        // A write that changes nothing keeps its version, and nobody is told.
        return new == old ? old : put(new, resource, key)
    }

    /// Whether something else than metadata.finalizers keeps an object that is being deleted.
    private func holdsOn(_ object: JSON, _ resource: APIResource) -> Bool {
        switch resource.qualifiedName {
        case "namespaces": !(object[at: "spec.finalizers"]?.array?.isEmpty ?? true)
        case "pods": (object[at: "metadata.deletionGracePeriodSeconds"]?.integer ?? 0) > 0
        default: false
        }
    }

    private func checkIdentity(_ new: JSON, _ resource: APIResource, _ key: ObjectKey) throws(APIStatus) {
        if new.name != key.name {
            throw .badRequest(
                "the name of the object (\(new.name)) does not match the name on the URL (\(key.name))")
        }
        if !new.namespace.isEmpty && new.namespace != key.namespace {
            throw .badRequest(
                "the namespace of the object (\(new.namespace)) does not match the namespace on the URL "
                    + "(\(key.namespace))")
        }
    }

    private func checkVersion(
        of new: inout JSON, against old: JSON, _ resource: APIResource, subresource: String, isPut: Bool
    ) throws(APIStatus) {
        if isPut, !new.uid.isEmpty, new.uid != old.uid {
            throw .conflict(
                resource, old.name,
                "Precondition failed: UID in precondition: \(new.uid), UID in object meta: \(old.uid)")
        }
        if new.resourceVersion.isEmpty || new.resourceVersion == "0" {
            if isPut && !resource.updatesUnconditionally {
                let value = APIStatus.Cause(
                    "FieldValueInvalid",
                    "Invalid value: \(resource.isCustom ? "0" : "0"): must be specified for an update",
                    field: "metadata.resourceVersion")
                throw .invalid(resource, old.name, [value])
            }
            if isPut && subresource == "status"
                && ["persistentvolumes", "persistentvolumeclaims"].contains(resource.plural)
            {
                throw .invalid(resource, old.name, [.required("resourceVersion")])
            }
        } else if new.resourceVersion != old.resourceVersion {
            guard UInt64(new.resourceVersion) != nil else {
                throw APIStatus(
                    code: 500, reason: "",
                    message: "strconv.ParseUint: parsing \"\(new.resourceVersion)\": invalid syntax")
            }
            throw .modified(resource, old.name)
        }
        new[at: "metadata.resourceVersion"] = old[at: "metadata.resourceVersion"]
    }

    /// `/status` changes the status, everything else all but the status.
    private func separate(
        _ new: inout JSON, from old: JSON, _ resource: APIResource, _ subresource: String
    ) {
        guard resource.hasStatus else { return }
        guard subresource == "status" else {
            new["status"] = old["status"]
            return
        }
        if resource.isCustom || resource.qualifiedName == "volumeattachments.storage.k8s.io" {
            // Metadata stays as it is, but for what records who wrote.
            new["metadata"] = old["metadata"]
        }
        for member in Set(new.object?.keys.map { $0 } ?? []).union(old.object?.keys.map { $0 } ?? [])
        where !["status", "metadata"].contains(member) {
            new[member] = old[member]
        }
    }

    private func raiseGeneration(_ new: inout JSON, _ old: JSON, _ resource: APIResource, _ subresource: String) {
        let generation = old[at: "metadata.generation"]?.integer ?? 0
        switch resource.generation {
        case .none: return
        case .changes: if new["spec"] == old["spec"] { return }
        case .specification:
            var (left, right) = (new, old)
            for field in resource.hasStatus ? ["metadata", "status"] : ["metadata"] {
                (left[field], right[field]) = (nil, nil)
            }
            if left == right { return }
        }
        new[at: "metadata.generation"] = .integer(generation + 1)
    }

    // MARK: Deletion

    /// What a deletion asks for, as DeleteOptions say.
    struct Deletion: Sendable {
        var uid: String?
        var resourceVersion: String?
        var policy: String?
        var graceSeconds: Int64?
        var isDryRun = false
    }

    /// Deletes an object, or marks it where finalizers hold it. Says what is left or was there, and whether it is gone.
    mutating func delete(
        _ resource: APIResource, _ key: ObjectKey, _ deletion: Deletion
    ) throws(APIStatus) -> (object: JSON, isGone: Bool) {
        guard let stored = find(resource, key) else { throw .notFound(resource, key.name) }
        var object = stored.object
        if let uid = deletion.uid, uid != object.uid {
            throw .unmet(
                resource, key.name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(object.uid)). The object might have "
                    + "been deleted and then recreated")
        }
        if let version = deletion.resourceVersion, version != object.resourceVersion {
            throw .unmet(
                resource, key.name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(object.resourceVersion)). The object might have been modified")
        }
        var finalizers = object.finalizers.filter { $0 != "orphan" && $0 != "foregroundDeletion" }
        switch deletion.policy {
        case "Orphan": finalizers.append("orphan")
        case "Foreground": finalizers.append("foregroundDeletion")
        case "Background": break
        default: finalizers = object.finalizers
        }
        let grace = gracePeriod(of: object, resource, deletion)
        if finalizers.isEmpty && grace == 0 && !(resource.qualifiedName == "namespaces" && holdsOn(object, resource)) {
            return (deletion.isDryRun ? object : remove(resource, key, last: object), true)
        }
        let before = object
        object[at: "metadata.finalizers"] = finalizers.isEmpty ? JSON?.none : .array(finalizers.map { .string($0) })
        if !object.isBeingDeleted || (before[at: "metadata.deletionGracePeriodSeconds"]?.integer ?? 0) > grace {
            object[at: "metadata.deletionTimestamp"] = .string(timestamp(wallClockSeconds() + grace))
            object[at: "metadata.deletionGracePeriodSeconds"] = .integer(grace)
            if let generation = object[at: "metadata.generation"]?.integer, generation > 0 {
                object[at: "metadata.generation"] = .integer(generation + 1)
            }
            if resource.qualifiedName == "namespaces" {
                object[at: "metadata.deletionGracePeriodSeconds"] = nil
                object[at: "status.phase"] = "Terminating"
            }
        }
        if object == before || deletion.isDryRun { return (object, false) }
        return (put(object, resource, key), false)
    }

    /// Seconds that an object stays though no finalizer holds it: pods that a node runs.
    private func gracePeriod(of object: JSON, _ resource: APIResource, _ deletion: Deletion) -> Int64 {
        guard resource.qualifiedName == "pods", !object.text(at: "spec.nodeName").isEmpty,
            !["Succeeded", "Failed"].contains(object.phase)
        else { return 0 }
        return deletion.graceSeconds ?? object[at: "spec.terminationGracePeriodSeconds"]?.integer ?? 30
    }
}
