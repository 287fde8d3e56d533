internal import JSON
internal import Synchronization

extension APIDouble {
    /// Deletes what names only owners that are gone, finishes orphaning and foreground deletions, and empties namespaces that
    /// are being deleted, until nothing is left to do.
    public func collectGarbage() {
        while collectOnce() {}
    }

    private func collectOnce() -> Bool {
        let resources = store.withLock { Array($0.resources.values) }
        let all = resources.map { ($0, objects($0.qualifiedName)) }
        let living = Set(all.flatMap { $0.1.map(\.uid) })
        let before = resourceVersion
        for (resource, objects) in all {
            for object in objects {
                collect(object, resource, living, all.flatMap(\.1))
                if resource.qualifiedName == "namespaces" && object.isBeingDeleted { empty(object, all) }
            }
        }
        return resourceVersion != before
    }

    private func collect(_ object: JSON, _ resource: APIResource, _ living: Set<String>, _ all: [JSON]) {
        let owners = object[at: "metadata.ownerReferences"]?.array?.compactMap { $0["uid"]?.string } ?? []
        if !owners.isEmpty && !owners.contains(where: living.contains) && !object.isBeingDeleted {
            try? delete(resource.qualifiedName, object.name, in: object.namespace)
        }
        guard object.isBeingDeleted else { return }
        let dependents = all.filter { dependent in
            (dependent[at: "metadata.ownerReferences"]?.array ?? []).contains { $0["uid"]?.string == object.uid }
        }
        if object.finalizers.contains("orphan") {
            for dependent in dependents { disown(dependent, object.uid) }
            drop("orphan", from: object, resource)
        } else if object.finalizers.contains("foregroundDeletion") {
            for dependent in dependents where !dependent.isBeingDeleted {
                guard let found = kind(of: dependent) else { continue }
                try? delete(found.qualifiedName, dependent.name, in: dependent.namespace)
            }
            if dependents.isEmpty { drop("foregroundDeletion", from: object, resource) }
        }
    }

    private func kind(of object: JSON) -> APIResource? {
        let (version, kind) = (object["apiVersion"]?.string ?? "", object["kind"]?.string ?? "")
        return store.withLock { state in
            state.resources.values.first { $0.kind == kind && $0.groupVersion == version }
        }
    }

    private func disown(_ dependent: JSON, _ owner: String) {
        guard let resource = kind(of: dependent) else { return }
        _ = try? change(resource.qualifiedName, dependent.name, in: dependent.namespace) { found in
            let left = (found[at: "metadata.ownerReferences"]?.array ?? []).filter { $0["uid"]?.string != owner }
            found[at: "metadata.ownerReferences"] = .array(left)
        }
    }

    private func drop(_ finalizer: String, from object: JSON, _ resource: APIResource) {
        _ = try? change(resource.qualifiedName, object.name, in: object.namespace) { found in
            found[at: "metadata.finalizers"] = .array(found.finalizers.filter { $0 != finalizer }.map { .string($0) })
        }
    }

    /// Deletes what is in a namespace, and then the namespace.
    private func empty(_ namespace: JSON, _ all: [(APIResource, [JSON])]) {
        var isEmpty = true
        for (resource, objects) in all where resource.isNamespaced {
            for object in objects where object.namespace == namespace.name {
                isEmpty = false
                if !object.isBeingDeleted { try? delete(resource.qualifiedName, object.name, in: object.namespace) }
            }
        }
        guard isEmpty else { return }
        _ = try? change("namespaces", namespace.name) { $0[at: "spec.finalizers"] = [] }
    }
}
