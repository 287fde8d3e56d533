internal import HTTP
internal import JSON
internal import Synchronization

/// One request on its way through the server.
struct Call: Sendable {
    let request: HTTPRequest
    let route: Route
    let resource: APIResource
    let record: RequestRecord
    let fault: Fault?

    var query: HTTPQuery { request.query }
}

extension APIDouble {
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let resources = store.withLock { $0.resources }
        let outcome = Route.of(request, resources)
        let user = authenticate(request)
        let (number, fault) = traffic.arrived { Self.record($0, request, outcome, user) }
        if await meetBefore(fault) == .hangUp {
            traffic.answered(number, code: 0)
            return .hangUp
        }
        await waitForVersion(request, outcome)
        var response = Self.instead(of: fault) ?? dispatch(request, outcome, user, number, fault)
        if let afterwards = await meetAfter(fault) { response = afterwards }
        traffic.answered(number, code: response.status)
        return response
    }

    /// A read of a version that is yet to come waits for it for a while.
    private func waitForVersion(_ request: HTTPRequest, _ outcome: Route.Outcome) async {
        guard case .route(let route) = outcome, ["get", "list"].contains(route.verb),
            let wanted = request.query["resourceVersion"].flatMap({ UInt64($0) })
        else { return }
        let limit = ContinuousClock.now + .seconds(options.freshnessSeconds)
        while store.withLock({ $0.version }) < wanted, ContinuousClock.now < limit, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func record(
        _ number: Int, _ request: HTTPRequest, _ outcome: Route.Outcome, _ user: Result<User, APIStatus>
    ) -> RequestRecord {
        var route = Route(verb: request.method.lowercased())
        if case .route(let found) = outcome { route = found }
        var name = route.name
        if route.verb == "create", name.isEmpty { name = (try? JSON.parse(request.body))?.name ?? "" }
        return RequestRecord(
            number: number, verb: route.verb,
            resource: route.resource == nil ? request.target.rawPath : route.resourceName, namespace: route.namespace,
            name: name, query: request.query.items.map { "\($0.name)=\($0.value)" }.joined(separator: "&"),
            userAgent: request.headers["User-Agent"] ?? "", user: (try? user.get().name) ?? "",
            contentType: request.headers["Content-Type"] ?? "", body: request.body)
    }

    private func dispatch(
        _ request: HTTPRequest, _ outcome: Route.Outcome, _ user: Result<User, APIStatus>, _ number: Int,
        _ fault: Fault?
    ) -> HTTPResponse {
        do throws(APIStatus) {
            let user = try user.get()
            try authorize(user, request, outcome, number)
            try checkAccept(request)
            switch outcome {
            case .nowhere:
                if let found = Discovery.answer(request, store.withLock({ $0.resources })) { return found }
                return .text("404 page not found\n", status: 404)
            case .unknownResource: throw .unknownResource
            case .route(let route):
                guard let resource = route.resource else { throw .unknownResource }
                let call = Call(
                    request: request, route: route, resource: resource, record: requests[number], fault: fault)
                return try perform(call)
            }
        } catch {
            return .status(error)
        }
    }

    private func perform(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let (route, hasName) = (call.route, !call.route.name.isEmpty)
        switch route.verb {
        case "get": return try get(call)
        case "list": return try list(call)
        case "watch": return try watch(call)
        case "create" where !hasName: return try create(call)
        case "update" where hasName: return try update(call)
        case "patch" where hasName: return try patch(call)
        case "delete" where route.subresource.isEmpty: return try delete(call)
        case "deletecollection": return try deleteCollection(call)
        default: throw .methodNotAllowed
        }
    }

    // MARK: Who asks

    private func authenticate(_ request: HTTPRequest) -> Result<User, APIStatus> {
        switch request.client {
        case .certified(let subject):
            return .success(User(name: subject.commonName, groups: subject.organizations + ["system:authenticated"]))
        case .untrusted: return .failure(.unauthorized)
        case .anonymous:
            guard let header = request.headers["Authorization"] else { return .success(.anonymous) }
            let parts = header.split(separator: " ")
            guard parts.count == 2, parts[0].lowercased() == "bearer",
                let user = traffic.state.withLock({ $0.tokens[String(parts[1])] })
            else { return .failure(.unauthorized) }
            return .success(user)
        }
    }

    private func authorize(
        _ user: User, _ request: HTTPRequest, _ outcome: Route.Outcome, _ number: Int
    ) throws(APIStatus) {
        if user.groups.contains("system:masters") { return }
        let open = ["version", "healthz", "livez", "readyz"].contains(request.path.first)
        if open { return }
        if user.name != User.anonymous.name && !traffic.isDenied(number) { return }
        guard case .route(let route) = outcome, let resource = route.resource else {
            throw APIStatus(
                code: 403, reason: "Forbidden",
                message: "forbidden: User \"\(user.name)\" cannot \(request.method.lowercased()) path "
                    + "\"\(request.target.rawPath)\"", details: [:])
        }
        let subject = route.name.isEmpty ? resource.qualifiedName : "\(resource.qualifiedName) \"\(route.name)\""
        let place = route.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(route.namespace)\""
        throw APIStatus(
            code: 403, reason: "Forbidden",
            message: "\(subject) is forbidden: User \"\(user.name)\" cannot \(route.verb) resource "
                + "\"\(route.resourceName)\" in API group \"\(resource.group)\" \(place)",
            details: resource.details(route.name))
    }

    private func checkAccept(_ request: HTTPRequest) throws(APIStatus) {
        guard let accept = request.headers["Accept"], !accept.isEmpty else { return }
        let isJSON = ["json", "*/*", "application/*"].contains { accept.contains($0) }
        if isJSON { return }
        throw APIStatus(
            code: 406, reason: "NotAcceptable",
            message: "only the following media types are accepted: application/json, application/yaml, "
                + "application/vnd.kubernetes.protobuf")
    }
}
