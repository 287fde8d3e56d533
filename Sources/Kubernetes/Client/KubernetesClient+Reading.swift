internal import JSON

/// Objects as they were at one moment.
public struct ObjectList<Object: KubernetesObject>: Sendable {
    public var items: [Object]
    /// From where a watch goes on.
    public var resourceVersion: String
    /// How many objects could not be read, and are missing.
    public var unreadable: Int
}

extension KubernetesClient {
    /// - Parameter isUrgent: see ``urgentTimeout``.
    public func get<Object: KubernetesObject>(
        _ type: Object.Type = Object.self, _ name: String, namespace: String? = nil, isUrgent: Bool = false
    ) async throws(KubernetesError) -> Object {
        let path = RequestPath(resource: Object.resource, namespace: namespace, name: name)
        return try await object(request("get", "GET", path), urgent: isUrgent)
    }

    /// All objects of a kind that the selectors let through, of one namespace or of all.
    public func list<Object: KubernetesObject>(
        _ type: Object.Type = Object.self, namespace: String? = nil, labelSelector: String? = nil,
        fieldSelector: String? = nil
    ) async throws(KubernetesError) -> ObjectList<Object> {
        let selection = Selection(namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
        var items: [Object] = []
        let end = try await listChunks(
            Object.resource, selection,
            ListTaker(begin: { _ in items = [] }, item: { items.append(Object(json: $0)) }))
        return ObjectList(items: items, resourceVersion: end.resourceVersion, unreadable: end.unreadable)
    }

    /// What the server has of the resource: false when it does not know that kind, as before a definition is there.
    public func isServed(_ resource: Resource) async throws(KubernetesError) -> Bool {
        let request = HTTPRequest(
            method: "GET", path: resource.root, description: "list the kinds of \(resource.apiVersion)",
            timeout: limits.timeout)
        do throws(KubernetesError) {
            let kinds = try await json(request)
            return (kinds["resources"]?.array ?? []).contains { $0["name"]?.string == resource.plural }
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    /// The version of the server, such as `v1.34.0`: shows that it answers and lets us in.
    public func serverVersion() async throws(KubernetesError) -> String {
        let request = HTTPRequest(
            method: "GET", path: "/version", description: "ask for the server's version", timeout: limits.timeout)
        return try await json(request)["gitVersion"]?.string ?? "unknown"
    }

    /// A request for a place, checked.
    func request(
        _ verb: String, _ method: String, _ path: RequestPath, body: JSON? = nil
    ) throws(KubernetesError) -> HTTPRequest {
        let description = "\(verb) \(path.description)"
        if let fault = path.fault { throw .invalid(request: description, reason: fault) }
        return HTTPRequest(
            method: method, path: path.text, body: body?.serialized(), description: description, timeout: limits.timeout
        )
    }
}
