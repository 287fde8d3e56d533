internal import HTTP
internal import JSON
internal import Synchronization

extension ListScope {
    /// Everything of a resource.
    init(of resource: APIResource) throws(APIStatus) {
        self.init(
            namespace: nil, name: nil, labels: try LabelSelector(""), fields: try FieldSelector("", for: resource))
    }

    init(of call: Call) throws(APIStatus) {
        self.init(
            namespace: call.resource.isNamespaced && !call.route.namespace.isEmpty ? call.route.namespace : nil,
            name: call.route.name.isEmpty ? nil : call.route.name,
            labels: try LabelSelector(call.query["labelSelector"] ?? ""),
            fields: try FieldSelector(call.query["fieldSelector"] ?? "", for: call.resource))
    }
}

extension APIDouble {
    func get(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let wanted = try version(call.query["resourceVersion"])
        let found = try store.withLock { (state) throws(APIStatus) -> ObjectVersion? in
            if let stale = call.staleVersion { return try state.find(call.resource, call.route.key, at: stale) }
            try Self.checkIsNotAhead(wanted, of: state.version)
            return state.find(call.resource, call.route.key)
        }
        guard let found else { throw .notFound(call.resource, call.route.name) }
        return .json(bytes: call.resource.whole(found))
    }

    func list(_ call: Call) throws(APIStatus) -> HTTPResponse {
        if case .gone = call.fault {
            throw APIStatus(
                code: 410, reason: "Expired", message: "The resourceVersion for the provided list is too old.")
        }
        let page = try ListPage(call)
        let scope = try ListScope(of: call)
        let (all, version) = try store.withLock { (state) throws(APIStatus) -> ([(ObjectKey, ObjectVersion)], UInt64) in
            if let stale = call.staleVersion { return (try state.snapshot(of: call.resource, at: stale), stale) }
            try Self.checkIsNotAhead(page.atLeast ?? page.exactly, of: state.version)
            if let exactly = page.exactly, exactly < state.compacted {
                throw page.isContinued ? page.expiredToken() : .expired(exactly, oldest: state.compacted)
            }
            let at = page.exactly ?? state.version
            return (try state.snapshot(of: call.resource, at: at), at)
        }
        let matching = all.filter { scope.holds($0.0) && scope.matches($0.1.object) }
        let left = page.start.map { start in matching.filter { start < $0.0 } } ?? matching
        let items = page.limit.map { Array(left.prefix($0)) } ?? left
        var metadata: JSON = ["resourceVersion": .string(String(version))]
        if items.count < left.count, let last = items.last?.0 {
            metadata["continue"] = .string(ListPage.token(version: version, after: last))
            if !scope.selects { metadata["remainingItemCount"] = .integer(Int64(left.count - items.count)) }
        }
        var bytes = Array(
            "{\"kind\":\"\(call.resource.kind)List\",\"apiVersion\":\"\(call.resource.groupVersion)\",".utf8)
        bytes += Array("\"metadata\":\(metadata.text()),\"items\":[".utf8)
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += call.resource.item(item.1)
        }
        bytes += Array("]}\n".utf8)
        return .json(bytes: bytes)
    }

    func version(_ text: String?) throws(APIStatus) -> UInt64? {
        guard let text, !text.isEmpty else { return nil }
        guard let version = UInt64(text) else {
            throw .badRequest("Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return version
    }

    static func checkIsNotAhead(_ wanted: UInt64?, of version: UInt64) throws(APIStatus) {
        guard let wanted, wanted > version else { return }
        throw APIStatus(
            code: 504, reason: "Timeout", message: "Too large resource version: \(wanted), current: \(version)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ])
    }
}

extension Call {
    /// The older version that a fault has it show.
    var staleVersion: UInt64? {
        guard case .stale(let version) = fault else { return nil }
        return UInt64(version)
    }
}

/// Which part of a list is asked for.
struct ListPage {
    var limit: Int?
    var start: ObjectKey?
    var exactly: UInt64?
    var atLeast: UInt64?
    var isContinued = false

    init(_ call: Call) throws(APIStatus) {
        if let text = call.query["limit"], !text.isEmpty {
            guard let limit = Int(text) else { throw .badRequest("the limit '\(text)' is no number") }
            self.limit = limit > 0 ? limit : nil
        }
        let version = call.query["resourceVersion"] ?? ""
        let match = call.query["resourceVersionMatch"] ?? ""
        if let token = call.query["continue"], !token.isEmpty {
            if !version.isEmpty && version != "0" {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
            try readToken(token)
            return
        }
        if !match.isEmpty {
            try Self.check(match, version, call)
        }
        guard !version.isEmpty, version != "0" else { return }
        guard let number = UInt64(version) else {
            throw .badRequest(
                "Invalid value: \"\(version)\": strconv.ParseUint: parsing \"\(version)\": invalid syntax")
        }
        if match == "Exact" || (match.isEmpty && limit != nil) { exactly = number } else { atLeast = number }
    }

    private static func check(_ match: String, _ version: String, _ call: Call) throws(APIStatus) {
        let problem: APIStatus.Cause? =
            if version.isEmpty {
                .forbidden(
                    "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
            } else if !["Exact", "NotOlderThan"].contains(match) {
                .unsupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""])
            } else if match == "Exact" && version == "0" {
                .forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
            } else {
                nil
            }
        guard let problem else { return }
        throw APIStatus(
            code: 422, reason: "Invalid",
            message: "ListOptions.meta.k8s.io \"\" is invalid: \(problem.field): \(problem.message)",
            details: [
                "group": "meta.k8s.io", "kind": "ListOptions",
                "causes": [
                    [
                        "reason": .string(problem.reason), "message": .string(problem.message),
                        "field": .string(problem.field),
                    ]
                ],
            ])
    }

    private mutating func readToken(_ token: String) throws(APIStatus) {
        guard let bytes = fromBase64(token), let json = try? JSON.parse(bytes), let key = json["start"]?.string,
            let version = json["rv"]?.integer
        else { throw .badRequest("continue key is not valid: the token cannot be read") }
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        start = ObjectKey(namespace: parts.count > 1 ? String(parts[0]) : "", name: String(parts.last ?? ""))
        isContinued = true
        // -1 goes on at the newest version.
        if version > 0 { exactly = UInt64(version) }
    }

    static func token(version: UInt64?, after key: ObjectKey) -> String {
        let number = version.map { Int64($0) } ?? -1
        let json: JSON = ["v": "meta.k8s.io/v1", "rv": .integer(number), "start": .string(key.text)]
        return base64(json.serialized()).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The list's version is compacted; the token in the answer goes on all the same.
    func expiredToken() -> APIStatus {
        var status = APIStatus(
            code: 410, reason: "Expired",
            message:
                "The provided continue parameter is too old to display a consistent list result. You can start a new "
                + "list without the continue parameter, or use the continue token in this response to retrieve the "
                + "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
                + "that were created, modified, or deleted between the time the first chunk was returned and now may show "
                + "up in the list.")
        if let start { status.metadata = ["continue": .string(Self.token(version: nil, after: start))] }
        return status
    }
}
