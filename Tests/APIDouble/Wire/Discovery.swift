internal import HTTP
internal import JSON

/// What a server tells of itself: its version, its groups and their resources.
enum Discovery {
    /// Nil where there is no such page.
    static func answer(_ request: HTTPRequest, _ resources: [String: APIResource]) -> HTTPResponse? {
        let path = request.path
        switch path.first {
        case "version" where path.count == 1: return .json(version)
        case "healthz", "livez", "readyz": return .text("ok")
        case "api" where path.count == 1:
            return .json(["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []])
        case "api" where path.count == 2 && path[1] == "v1":
            return .json(list(resources.values.filter { $0.group.isEmpty }, "v1"))
        case "apis" where path.count == 1:
            let groups = Set(resources.values.map(\.group)).subtracting([""]).sorted()
            return .json([
                "kind": "APIGroupList", "apiVersion": "v1",
                "groups": .array(groups.map { group($0, resources.values.filter { $0.group != "" }) }),
            ])
        case "apis" where path.count == 2:
            guard resources.values.contains(where: { $0.group == path[1] && !$0.group.isEmpty }) else { return nil }
            var found = group(path[1], Array(resources.values))
            found["kind"] = "APIGroup"
            found["apiVersion"] = "v1"
            return .json(found)
        case "apis" where path.count == 3:
            let served = resources.values.filter { $0.group == path[1] && $0.version == path[2] && !$0.group.isEmpty }
            return served.isEmpty ? nil : .json(list(served, "\(path[1])/\(path[2])"))
        default: return nil
        }
    }

    static let version: JSON = [
        "major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "none", "compiler": "none",
        "platform": "linux/amd64",
    ]

    private static func group(_ name: String, _ resources: [APIResource]) -> JSON {
        let versions = Set(resources.filter { $0.group == name }.map(\.version)).sorted()
        let entries = versions.map { version -> JSON in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(entries), "preferredVersion": entries.last ?? [:]]
    }

    private static func list(_ resources: [APIResource], _ groupVersion: String) -> JSON {
        var entries: [JSON] = []
        for resource in resources.sorted(by: { $0.plural < $1.plural }) {
            let verbs: JSON = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
            var entry: JSON = [
                "name": .string(resource.plural), "singularName": .string(resource.singular),
                "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind), "verbs": verbs,
            ]
            if !resource.shortNames.isEmpty { entry["shortNames"] = .array(resource.shortNames.map { .string($0) }) }
            entries.append(entry)
            guard resource.hasStatus else { continue }
            entries.append([
                "name": .string("\(resource.plural)/status"), "singularName": "",
                "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind),
                "verbs": ["get", "patch", "update"],
            ])
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(groupVersion),
            "resources": .array(entries),
        ]
    }
}

extension HTTPResponse {
    static func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
        .json(bytes: value.serialized(), status: status)
    }

    static func json(bytes: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "application/json"], body: .bytes(bytes))
    }

    static func status(_ status: APIStatus) -> HTTPResponse {
        var response = HTTPResponse.json(status.json, status: status.code)
        if let seconds = status.details?["retryAfterSeconds"]?.integer {
            response.headers.add("Retry-After", String(seconds))
        }
        return response
    }
}
