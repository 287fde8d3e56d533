internal import JSON

extension StoreState {
    /// Server-side apply: the manager owns the fields that it names, and no others. Says whether the object was created.
    mutating func apply(
        _ resource: APIResource, _ key: ObjectKey, subresource: String, _ body: JSON, _ options: WriteOptions
    ) throws(APIStatus) -> (object: JSON, isNew: Bool) {
        var body = try decoded(body, resource)
        guard body[at: "metadata.managedFields"] == nil else {
            throw .badRequest("metadata.managedFields must be nil")
        }
        if body.name.isEmpty { body[at: "metadata.name"] = .string(key.name) }
        guard body.name == key.name else {
            throw .badRequest("the name of the object (\(body.name)) does not match the name on the URL (\(key.name))")
        }
        var options = options
        var fields = body
        if resource.hasStatus {
            // What the other door is for is not owned either.
            if subresource == "status" { fields = ["status": body["status"] ?? [:]] } else { fields["status"] = nil }
        }
        let applied = Set(ManagedFields.leaves(of: fields).keys)
        options.applied = applied
        guard let stored = find(resource, key) else {
            if !subresource.isEmpty || !body.uid.isEmpty { throw .notFound(resource, key.name) }
            return (try create(resource, in: key.namespace, body, options), true)
        }
        let old = stored.object
        if !options.force { try refuseConflicts(resource, old, fields, applied, options, subresource) }
        let new = Self.applying(body, to: old, applied, options, subresource)
        let written = try update(
            resource, key, subresource: subresource, isPut: false, options
        ) { (_) throws(APIStatus) in new }
        return (written, false)
    }

    private func refuseConflicts(
        _ resource: APIResource, _ old: JSON, _ fields: JSON, _ applied: Set<ManagedFields.Path>,
        _ options: WriteOptions, _ subresource: String
    ) throws(APIStatus) {
        let (wanted, live) = (ManagedFields.leaves(of: fields), ManagedFields.leaves(of: old))
        var causes: [JSON] = []
        var texts: [String] = []
        for entry in old[at: "metadata.managedFields"]?.array ?? []
        where !ManagedFields.isMine(entry, options.manager, "Apply", subresource) {
            let owned = ManagedFields.paths(of: entry)
            let disputed = applied.filter { path in
                wanted[path] != live[path] && owned.contains { $0.starts(with: path) || path.starts(with: $0) }
            }
            for field in disputed.map(Self.fieldName).sorted() {
                let who = "conflict with \(Self.words(for: entry))"
                causes.append(["reason": "FieldManagerConflict", "message": .string(who), "field": .string(field)])
                texts.append("\(who): \(field)")
            }
        }
        guard !causes.isEmpty else { return }
        let count = causes.count == 1 ? "1 conflict" : "\(causes.count) conflicts"
        throw APIStatus(
            code: 409, reason: "Conflict", message: "Apply failed with \(count): \(texts.joined(separator: "\n- "))",
            details: ["causes": .array(causes)])
    }

    private static func words(for entry: JSON) -> String {
        var words = "\"\(entry["manager"]?.string ?? "")\""
        if let subresource = entry["subresource"]?.string { words += " with subresource \"\(subresource)\"" }
        guard entry["operation"] == "Update" else { return words }
        return "\(words) using \(entry["apiVersion"]?.string ?? "") at \(entry["time"]?.string ?? "")"
    }

    private static func fieldName(_ path: ManagedFields.Path) -> String {
        path.map { $0.hasPrefix("f:") ? ".\($0.dropFirst(2))" : "[\($0.dropFirst(2))]" }.joined()
    }

    private static func applying(
        _ body: JSON, to old: JSON, _ applied: Set<ManagedFields.Path>, _ options: WriteOptions, _ subresource: String
    ) -> JSON {
        var new = merge(body, into: old, "", depth: 0)
        let entries = old[at: "metadata.managedFields"]?.array ?? []
        guard let mine = entries.first(where: { ManagedFields.isMine($0, options.manager, "Apply", subresource) })
        else {
            return new
        }
        let others = entries.filter { $0 != mine }.map { ManagedFields.paths(of: $0) }
        for path in ManagedFields.paths(of: mine).subtracting(applied) {
            let isKept = others.contains { owned in owned.contains { $0.starts(with: path) || path.starts(with: $0) } }
            if !isKept { new = removing(path[...], from: new, in: "") }
        }
        return new
    }

    private static func merge(_ body: JSON, into old: JSON, _ name: String, depth: Int) -> JSON {
        switch (body, old) {
        case (.object(let members), .object):
            var result = old
            for (key, member) in members {
                result[key] = merge(member, into: old[key] ?? .null, key, depth: depth + 1)
            }
            return result
        case (.array(let elements), .array(var present)) where ManagedFields.keyOfElements[name] != nil && depth == 2:
            for element in elements {
                let step = ManagedFields.step(for: element, in: name)
                if let index = present.firstIndex(where: { ManagedFields.step(for: $0, in: name) == step }) {
                    present[index] = merge(element, into: present[index], "", depth: depth + 1)
                } else {
                    present.append(element)
                }
            }
            return .array(present)
        default: return body
        }
    }

    private static func removing(_ path: ArraySlice<String>, from value: JSON, in list: String) -> JSON {
        guard let step = path.first else { return value }
        let rest = path.dropFirst()
        var value = value
        if step.hasPrefix("f:") {
            let key = String(step.dropFirst(2))
            guard let member = value[key] else { return value }
            let left: JSON = rest.isEmpty ? [:] : removing(rest, from: member, in: key)
            value[key] = left.isEmptyObjectOrArray ? JSON?.none : left
            return value
        }
        guard let elements = value.array else { return value }
        return .array(
            elements.compactMap { element in
                guard ManagedFields.step(for: element, in: list) == step else { return element }
                if rest.isEmpty { return nil }
                let left = removing(rest, from: element, in: "")
                let key = ManagedFields.keyOfElements[list] ?? ""
                return left.object?.keys.allSatisfy { $0 == key } ?? true ? JSON?.none : left
            })
    }
}
