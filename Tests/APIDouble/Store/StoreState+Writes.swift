internal import JSON
internal import Syscalls

/// How a write is meant.
struct WriteOptions: Sendable {
    var isDryRun = false
    /// Who owns the fields that it sets.
    var manager = "double"
    var force = false
    /// The fields that a server-side apply names; nil for any other write.
    var applied: Set<ManagedFields.Path>?
}

extension StoreState {
    // MARK: Creation

    mutating func create(
        _ resource: APIResource, in namespace: String, _ body: JSON, _ options: WriteOptions
    ) throws(APIStatus) -> JSON {
        var object = try decoded(body, resource)
        try setNamespace(&object, resource, namespace)
        if object.name.isEmpty, let base = object[at: "metadata.generateName"]?.string, !base.isEmpty {
            object[at: "metadata.name"] = .string("\(base.prefix(58))\(Self.randomSuffix())")
        }
        guard object[at: "metadata.resourceVersion"] == nil else {
            throw APIStatus(
                code: 500, reason: "", message: "resourceVersion should not be set on objects to be created")
        }
        try checkNamespace(of: object, resource)
        let now = timestamp(wallClockSeconds())
        object[at: "metadata.uid"] = .string(makeUUID())
        object[at: "metadata.creationTimestamp"] = .string(now)
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "managedFields"] {
            object[path: ["metadata", field]] = nil
        }
        if case .specification = resource.generation { object[at: "metadata.generation"] = 1 }
        if case .kept = resource.firstStatus {} else { object["status"] = nil }
        resource.rules.fill(&object)
        // Before the server adds what is its own: that has no owner.
        ManagedFields.record(in: &object, before: nil, options, subresource: "", time: now)
        if case .set(let status) = resource.firstStatus { object["status"] = status }
        resource.rules.admit(&object, self)
        try check(object, resource)
        let key = ObjectKey(namespace: object.namespace, name: object.name)
        guard find(resource, key) == nil else { throw .alreadyExists(resource, key.name) }
        try checkSize(object)
        return options.isDryRun ? object : put(object, resource, key)
    }

    private func setNamespace(
        _ object: inout JSON, _ resource: APIResource, _ namespace: String
    ) throws(APIStatus) {
        if !object.namespace.isEmpty && object.namespace != namespace {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        object[at: "metadata.namespace"] = namespace.isEmpty ? JSON?.none : .string(namespace)
    }

    private func checkNamespace(of object: JSON, _ resource: APIResource) throws(APIStatus) {
        guard resource.isNamespaced, let namespaces = resources["namespaces"] else { return }
        let name = object.namespace
        guard let found = find(namespaces, ObjectKey(namespace: "", name: name)) else {
            throw .notFound(namespaces, name)
        }
        guard found.object.isBeingDeleted else { return }
        var details = resource.details(object.name)
        details["causes"] = [
            [
                "reason": "NamespaceTerminating", "message": .string("namespace \(name) is being terminated"),
                "field": "metadata.namespace",
            ]
        ]
        throw APIStatus(
            code: 403, reason: "Forbidden",
            message: "\(resource.qualifiedName) \"\(object.name)\" is forbidden: unable to create new content in "
                + "namespace \(name) because it is being terminated",
            details: details)
    }

    /// Takes a body for what it is: the right kind, without nulls and what is empty in the metadata.
    func decoded(_ body: JSON, _ resource: APIResource) throws(APIStatus) -> JSON {
        guard case .object = body else {
            throw .badRequest("couldn't get version/kind; json parse error: the body is no object")
        }
        let (version, kind) = (body["apiVersion"]?.string ?? "", body["kind"]?.string ?? "")
        if !version.isEmpty || !kind.isEmpty {
            if version != resource.groupVersion {
                throw .badRequest(
                    "the API version in the data (\(version)) does not match the expected API version "
                        + "(\(resource.groupVersion))")
            }
            if kind != resource.kind {
                throw .badRequest(
                    "\(kind) in version \"\(version)\" cannot be handled as a \(resource.kind): no kind \"\(kind)\" is "
                        + "registered for version \"\(version)\"")
            }
        } else if resource.isCustom {
            throw .badRequest("Object 'Kind' is missing in '\(body.text())'")
        }
        var object = body.withoutNulls
        object["apiVersion"] = .string(resource.groupVersion)
        object["kind"] = .string(resource.kind)
        if object["metadata"] == nil { object["metadata"] = [:] }
        for field in ["labels", "annotations", "finalizers", "ownerReferences", "managedFields"] {
            if object[path: ["metadata", field]]?.isEmptyObjectOrArray ?? false {
                object[path: ["metadata", field]] = nil
            }
        }
        for field in ["name", "generateName", "namespace", "resourceVersion", "uid"] {
            let value = object[path: ["metadata", field]]
            if value?.string == "" { object[path: ["metadata", field]] = nil }
            if let value, value.string == nil {
                throw Self.wrongType(resource, "ObjectMeta.metadata.\(field)", "string")
            }
        }
        for field in ["labels", "annotations"] {
            guard let value = object[path: ["metadata", field]] else { continue }
            guard let members = value.object, members.values.allSatisfy({ $0.string != nil }) else {
                throw Self.wrongType(resource, "ObjectMeta.metadata.\(field)", "map[string]string")
            }
        }
        for path in resource.rules.amounts { try Self.canonicalize(&object, at: path, resource) }
        return object
    }

    /// Writes amounts as the server gives them back.
    private static func canonicalize(
        _ object: inout JSON, at path: String, _ resource: APIResource
    ) throws(APIStatus) {
        func canonical(_ value: JSON) throws(APIStatus) -> JSON {
            let text = value.string ?? value.integer.map { String($0) } ?? ""
            guard Amount(text) != nil else {
                throw .badRequest(
                    "\(resource.kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): "
                        + "quantities must match the regular expression "
                        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
            }
            return .string(Amount.canonical(text))
        }
        guard let value = object[at: path] else { return }
        guard let members = value.object else {
            object[at: path] = try canonical(value)
            return
        }
        for (key, member) in members { object[at: path]?[key] = try canonical(member) }
    }

    private static func wrongType(_ resource: APIResource, _ field: String, _ type: String) -> APIStatus {
        .badRequest(
            "\(resource.kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): json: cannot "
                + "unmarshal into Go struct field \(field) of type \(type)")
    }

    private static func randomSuffix() -> String {
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        return String(randomBytes(5).map { letters[Int($0) % letters.count] })
    }

    // MARK: Checks

    func check(_ object: JSON, _ resource: APIResource) throws(APIStatus) {
        let causes = MetadataRules.problems(of: object, resource) + resource.rules.check(object)
        if !causes.isEmpty { throw .invalid(resource, object.name, causes) }
    }

    /// etcd takes 1.5 MiB in one request.
    func checkSize(_ object: JSON) throws(APIStatus) {
        if object.serialized().count > 1_572_864 {
            throw APIStatus(code: 500, reason: "", message: "etcdserver: request is too large")
        }
    }
}

/// A wall-clock time as the API writes it: `2026-01-31T12:00:00Z`.
func timestamp(_ seconds: Int64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400)
    // Days since 1 March of year 0, in eras of 400 years (the calendar repeats after those).
    let shifted = days + 719_468
    let era = shifted / 146_097
    let day = shifted - era * 146_097
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let date = dayOfYear - (153 * month + 2) / 5 + 1
    let civilMonth = month < 10 ? month + 3 : month - 9
    let civilYear = year + era * 400 + (civilMonth <= 2 ? 1 : 0)
    let two = { (value: Int64) in value < 10 ? "0\(value)" : "\(value)" }
    return
        "\(civilYear)-\(two(civilMonth))-\(two(date))T\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
}

/// A random UUID (RFC 9562, version 4).
func makeUUID() -> String {
    var bytes = randomBytes(16)
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    let text = bytes.hexadecimal
    var parts: [Substring] = []
    var rest = text[...]
    for length in [8, 4, 4, 4, 12] {
        parts.append(rest.prefix(length))
        rest = rest.dropFirst(length)
    }
    return parts.joined(separator: "-")
}
