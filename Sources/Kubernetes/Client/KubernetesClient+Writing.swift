public import JSON

/// What has to hold for an object to be deleted.
public struct Preconditions: Sendable {
    public var uid: String?
    public var resourceVersion: String?

    public init(uid: String? = nil, resourceVersion: String? = nil) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}

/// What becomes of the objects that belong to a deleted one.
public enum Propagation: String, Sendable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
}

extension KubernetesClient {
    /// Creates an object, and answers it as it is on the server.
    /// - Parameter isUrgent: see ``urgentTimeout``.
    public func create<Object: KubernetesObject>(
        _ object: Object, isUrgent: Bool = false
    ) async throws(KubernetesError) -> Object {
        let path = RequestPath(resource: Object.resource, namespace: object.namespace)
        let name = object.name.isEmpty ? (object.json["metadata", "generateName"]?.string ?? "") : object.name
        var request = try request("create", "POST", path, body: whole(object))
        let key = ObjectKey(namespace: object.namespace, name: name)
        request.description = "create \(Object.resource.plural) \(oneLine(key.description))"
        if Object.resource.isNamespaced, object.namespace == nil {
            throw .invalid(request: request.description, reason: "it needs a namespace")
        }
        return try await self.object(request, urgent: isUrgent)
    }

    /// Writes a whole object back. With a resourceVersion it is a conflict when the object has changed since.
    ///
    /// On kinds with a status of their own this leaves the status as it is; `updateStatus` is for that.
    public func update<Object: KubernetesObject>(
        _ object: Object, subresource: String? = nil, isUrgent: Bool = false
    ) async throws(KubernetesError) -> Object {
        let path = RequestPath(
            resource: Object.resource, namespace: object.namespace, name: object.name, subresource: subresource)
        return try await self.object(request("update", "PUT", path, body: whole(object)), urgent: isUrgent)
    }

    /// Writes the status of an object, and nothing else of it.
    public func updateStatus<Object: KubernetesObject>(_ object: Object) async throws(KubernetesError) -> Object {
        try await update(object, subresource: "status")
    }

    /// Changes the fields of a JSON merge patch (RFC 7396): `null` removes one, an array is replaced whole.
    ///
    /// With `metadata.resourceVersion` in it, it is a conflict when the object has changed since; with `metadata.uid`, when
    /// it is another object of that name.
    public func mergePatch<Object: KubernetesObject>(
        _ type: Object.Type = Object.self, _ name: String, namespace: String? = nil, _ patch: JSON,
        subresource: String? = nil
    ) async throws(KubernetesError) -> Object {
        let path = RequestPath(
            resource: Object.resource, namespace: namespace, name: name, subresource: subresource,
            query: [("fieldManager", Self.fieldManager)])
        var request = try request("patch", "PATCH", path, body: patch)
        request.contentType = "application/merge-patch+json"
        return try await object(request)
    }

    /// Server-side apply: the object is made, or made to have these fields, which are ours from then on; fields of ours that
    /// are not given any more are removed.
    /// - Parameter force: takes fields over that belong to others; without it that is a conflict.
    public func apply<Object: KubernetesObject>(
        _ object: Object, subresource: String? = nil, force: Bool = true
    ) async throws(KubernetesError) -> Object {
        let path = RequestPath(
            resource: Object.resource, namespace: object.namespace, name: object.name, subresource: subresource,
            query: [("fieldManager", Self.fieldManager), ("force", force ? "true" : "false")])
        var body = whole(object)
        body["metadata", "managedFields"] = nil
        var request = try request("apply", "PATCH", path, body: body)
        // JSON is YAML.
        request.contentType = "application/apply-patch+yaml"
        return try await self.object(request)
    }

    /// Deletes an object; with finalizers on it, it goes when they are gone.
    public func delete<Object: KubernetesObject>(
        _ type: Object.Type = Object.self, _ name: String, namespace: String? = nil,
        preconditions: Preconditions = Preconditions(), propagation: Propagation? = nil
    ) async throws(KubernetesError) {
        var options: JSON = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if let uid = preconditions.uid { options["preconditions", "uid"] = .string(uid) }
        if let version = preconditions.resourceVersion {
            options["preconditions", "resourceVersion"] = .string(version)
        }
        if let propagation { options["propagationPolicy"] = .string(propagation.rawValue) }
        let path = RequestPath(resource: Object.resource, namespace: namespace, name: name)
        _ = try await send(request("delete", "DELETE", path, body: options))
    }

    /// The object with its kind, which the items of a list come without.
    private func whole<Object: KubernetesObject>(_ object: Object) -> JSON {
        var json = object.json
        json["apiVersion"] = .string(Object.resource.apiVersion)
        json["kind"] = .string(Object.resource.kind)
        return json
    }
}
