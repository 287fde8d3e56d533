internal import HTTP
internal import JSON
internal import Synchronization

extension APIDouble {
    func create(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let body = try body(of: call)
        let options = try options(of: call)
        let made = try store.withLock { (state) throws(APIStatus) in
            try state.create(call.resource, in: call.route.namespace, body, options)
        }
        return .json(made, status: 201)
    }

    func update(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let body = try body(of: call)
        let options = try options(of: call)
        return try store.withLock { (state) throws(APIStatus) in
            if state.find(call.resource, call.route.key) == nil, call.resource.createsOnUpdate {
                let made = try state.create(call.resource, in: call.route.namespace, body, options)
                return .json(made, status: 201)
            }
            let written = try state.update(
                call.resource, call.route.key, subresource: call.route.subresource, isPut: true, options
            ) { (_) throws(APIStatus) in body }
            return .json(written)
        }
    }

    func patch(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let type = Self.mediaType(call.request.headers["Content-Type"] ?? "")
        let patch: JSON
        do throws(JSONError) { patch = try JSON.parse(call.request.body) } catch {
            throw .badRequest("error decoding patch: \(error)")
        }
        var options = try options(of: call)
        let (resource, key, subresource) = (call.resource, call.route.key, call.route.subresource)
        if type.hasPrefix("application/apply-patch") {
            guard call.query["fieldManager"] != nil else {
                throw APIStatus(
                    code: 422, reason: "Invalid",
                    message:
                        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply "
                        + "patch",
                    details: [
                        "group": "meta.k8s.io", "kind": "PatchOptions",
                        "causes": [
                            [
                                "reason": "FieldValueRequired",
                                "message": "Required value: is required for apply patch", "field": "fieldManager",
                            ]
                        ],
                    ])
            }
            options.force = ["true", "1"].contains(call.query["force"] ?? "")
            let outcome = try store.withLock { (state) throws(APIStatus) in
                try state.apply(resource, key, subresource: subresource, patch, options)
            }
            return .json(outcome.object, status: outcome.isNew ? 201 : 200)
        }
        let change: (JSON) throws(APIStatus) -> JSON
        switch type {
        case "application/merge-patch+json": change = { (old) throws(APIStatus) in Patches.merged(patch, into: old) }
        case "application/json-patch+json": change = { (old) throws(APIStatus) in try Patches.applied(patch, to: old) }
        case "application/strategic-merge-patch+json" where !resource.isCustom:
            change = { (old) throws(APIStatus) in StrategicMerge.merged(patch, into: old) }
        default:
            let known =
                ["json-patch+json", "merge-patch+json"] + (resource.isCustom ? [] : ["strategic-merge-patch+json"])
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: "
                    + (known + ["apply-patch+yaml"]).map { "application/\($0)" }.joined(separator: ", "))
        }
        let written = try store.withLock { (state) throws(APIStatus) in
            try state.update(resource, key, subresource: subresource, isPut: false, options, change)
        }
        return .json(written)
    }

    func delete(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let deletion = try deletion(of: call)
        let (object, isGone) = try store.withLock { (state) throws(APIStatus) in
            try state.delete(call.resource, call.route.key, deletion)
        }
        if !isGone || call.resource.returnsDeleted { return .json(object) }
        var details = call.resource.details(call.route.name)
        details["uid"] = .string(object.uid)
        return .json(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details])
    }

    func deleteCollection(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let deletion = try deletion(of: call)
        let scope = try ListScope(of: call)
        let (deleted, version) = try store.withLock { (state) throws(APIStatus) -> ([JSON], UInt64) in
            var deleted: [JSON] = []
            for (key, found) in try state.snapshot(of: call.resource, at: nil)
            where scope.holds(key) && scope.matches(found.object) {
                deleted.append(try state.delete(call.resource, key, deletion).object)
            }
            return (deleted, state.version)
        }
        return .json([
            "kind": .string("\(call.resource.kind)List"), "apiVersion": .string(call.resource.groupVersion),
            "metadata": ["resourceVersion": .string(String(version))], "items": .array(deleted),
        ])
    }

    // MARK: What a write brings along

    static func mediaType(_ header: String) -> String {
        header.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    }

    private func body(of call: Call) throws(APIStatus) -> JSON {
        let type = Self.mediaType(call.request.headers["Content-Type"] ?? "application/json")
        guard type == "application/json" else {
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                    + "application/yaml, application/vnd.kubernetes.protobuf")
        }
        if call.request.body.count > 3_145_728 {
            throw APIStatus(
                code: 413, reason: "RequestEntityTooLarge",
                message: "Request entity too large: limit is 3145728")
        }
        do throws(JSONError) { return try JSON.parse(call.request.body) } catch {
            throw .badRequest("couldn't get version/kind; json parse error: \(error)")
        }
    }

    private func options(of call: Call) throws(APIStatus) -> WriteOptions {
        var options = WriteOptions()
        if let dryRun = call.query["dryRun"] {
            guard dryRun == "All" else {
                throw APIStatus(
                    code: 422, reason: "Invalid",
                    message: "Options is invalid: dryRun: Unsupported value: \"\(dryRun)\": supported values: \"All\"")
            }
            options.isDryRun = true
        }
        let agent = call.record.userAgent.prefix { $0 != "/" }
        options.manager = call.query["fieldManager"] ?? (agent.isEmpty ? "unknown" : String(agent))
        return options
    }

    private func deletion(of call: Call) throws(APIStatus) -> StoreState.Deletion {
        var deletion = StoreState.Deletion()
        var body: JSON = [:]
        if !call.request.body.isEmpty {
            do throws(JSONError) { body = try JSON.parse(call.request.body) } catch {
                throw .badRequest("couldn't get version/kind; json parse error: \(error)")
            }
        }
        deletion.uid = body[at: "preconditions.uid"]?.string
        deletion.resourceVersion = body[at: "preconditions.resourceVersion"]?.string
        deletion.policy = body["propagationPolicy"]?.string ?? call.query["propagationPolicy"]
        deletion.graceSeconds =
            body["gracePeriodSeconds"]?.integer ?? call.query["gracePeriodSeconds"].flatMap { Int64($0) }
        deletion.isDryRun = call.query["dryRun"] == "All" || body["dryRun"]?.array == ["All"]
        if let policy = deletion.policy, !["Orphan", "Background", "Foreground"].contains(policy) {
            let cause = APIStatus.Cause.unsupported(
                "propagationPolicy", policy, ["Background", "Foreground", "Orphan"])
            throw APIStatus(
                code: 422, reason: "Invalid",
                message: "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: \(cause.message)",
                details: ["group": "meta.k8s.io", "kind": "DeleteOptions"])
        }
        return deletion
    }
}
