internal import HTTP
internal import JSON

/// What a request is about.
struct Route: Sendable {
    var verb: String
    /// Nil for discovery, versions and health.
    var resource: APIResource?
    var namespace = ""
    var name = ""
    var subresource = ""

    /// The plural name, with the sub-resource.
    var resourceName: String {
        guard let resource else { return "" }
        return subresource.isEmpty ? resource.plural : "\(resource.plural)/\(subresource)"
    }

    var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    enum Outcome {
        case route(Route)
        /// Not under a group and version that are served.
        case nowhere
        /// No such resource in that group and version.
        case unknownResource
    }

    static func of(_ request: HTTPRequest, _ resources: [String: APIResource]) -> Outcome {
        var path = request.path[...]
        let (group, version): (String, String)
        switch path.popFirst() {
        case "api":
            guard let first = path.popFirst() else { return .nowhere }
            (group, version) = ("", first)
        case "apis":
            guard let first = path.popFirst(), let second = path.popFirst() else { return .nowhere }
            (group, version) = (first, second)
        default: return .nowhere
        }
        let served = resources.values.filter { $0.group == group && $0.version == version }
        if served.isEmpty || path.isEmpty { return .nowhere }
        var route = Route(verb: "")
        // A namespace itself is an object too: /namespaces/NAME, and /namespaces/NAME/status.
        if path.first == "namespaces", path.count > 2, !["status", "finalize"].contains(path.dropFirst(2).first) {
            route.namespace = path.dropFirst().first ?? ""
            path = path.dropFirst(2)
        }
        guard let plural = path.popFirst(), let resource = served.first(where: { $0.plural == plural }) else {
            return .unknownResource
        }
        if !route.namespace.isEmpty && !resource.isNamespaced { return .unknownResource }
        route.resource = resource
        route.name = path.popFirst() ?? ""
        route.subresource = path.popFirst() ?? ""
        if !path.isEmpty { return .unknownResource }
        let isKnown =
            ["", "status"].contains(route.subresource) || (route.subresource == "finalize" && plural == "namespaces")
        if !isKnown || (route.subresource == "status" && !resource.hasStatus) { return .unknownResource }
        route.verb = verb(of: request, hasName: !route.name.isEmpty)
        return .route(route)
    }

    private static func verb(of request: HTTPRequest, hasName: Bool) -> String {
        let watches = ["true", "1"].contains(request.query["watch"] ?? "")
        switch request.method {
        case "GET", "HEAD": return watches ? "watch" : hasName ? "get" : "list"
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return hasName ? "delete" : "deletecollection"
        default: return request.method.lowercased()
        }
    }
}
