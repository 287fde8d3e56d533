internal import JSON

/// Strategic merge patch, as far as kubectl and the usual controllers use it on the built-in kinds: lists that are merged by
/// a key of their elements, and directives.
enum StrategicMerge {
    /// Lists that are merged, by the member that tells elements apart; none: the elements are values.
    private static let keys = [
        "finalizers": "", "ownerReferences": "uid", "conditions": "type", "containers": "name", "volumes": "name",
        "env": "name", "addresses": "type", "imagePullSecrets": "name", "secrets": "name", "hostAliases": "ip",
        "tolerations": "key", "taints": "key", "volumeMounts": "mountPath", "containerStatuses": "name",
    ]

    static func merged(_ patch: JSON, into target: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        if patch["$patch"] == "replace" { return without(patch, "$patch") }
        var result: JSON = target.object == nil ? [:] : target
        for (key, change) in changes where !key.hasPrefix("$") {
            if change.isNull {
                result[key] = nil
            } else if let elements = change.array, let mergeKey = keys[key] {
                result[key] = .array(merged(elements, into: result[key]?.array ?? [], mergeKey))
            } else {
                result[key] = merged(change, into: result[key] ?? .null)
            }
        }
        for (key, removed) in changes where key.hasPrefix("$deleteFromPrimitiveList/") {
            let list = String(key.dropFirst("$deleteFromPrimitiveList/".count))
            result[list] = result[list]?.array.map { .array($0.filter { !(removed.array ?? []).contains($0) }) }
        }
        return result
    }

    private static func merged(_ changes: [JSON], into present: [JSON], _ key: String) -> [JSON] {
        if key.isEmpty { return present + changes.filter { !present.contains($0) } }
        if changes.contains(where: { $0["$patch"] == "replace" }) {
            return changes.filter { $0["$patch"] == nil }
        }
        var result = present
        for change in changes {
            let index = result.firstIndex { $0[key] == change[key] }
            if change["$patch"] == "delete" {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index] = merged(change, into: result[index])
            } else {
                result.append(change)
            }
        }
        return result
    }

    private static func without(_ value: JSON, _ key: String) -> JSON {
        var value = value
        value[key] = nil
        return value
    }
}
