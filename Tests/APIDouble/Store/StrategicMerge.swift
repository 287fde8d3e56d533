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
        if key.isEmpty { return ordered(changes, present, { $0 }) }
        if changes.contains(where: { $0["$patch"] == "replace" }) {
            return changes.filter { $0["$patch"] == nil }
        }
        let gone = changes.filter { $0["$patch"] == "delete" }.map { $0[key] ?? .null }
        let merged = changes.filter { $0["$patch"] != "delete" }.map { change in
            present.first { $0[key] == change[key] }.map { Self.merged(change, into: $0) } ?? change
        }
        return ordered(merged, present.filter { !gone.contains($0[key] ?? .null) }, { $0[key] ?? .null })
    }

    /// The elements of a patch among those that it does not name: new ones come before what is there, the others keep their
    /// place.
    private static func ordered(_ patched: [JSON], _ present: [JSON], _ identity: (JSON) -> JSON) -> [JSON] {
        var waiting = patched[...]
        var result: [JSON] = []
        let places = present.map(identity)
        for (place, element) in present.enumerated() {
            while let next = waiting.first, (places.firstIndex(of: identity(next)) ?? -1) <= place {
                result.append(next)
                waiting = waiting.dropFirst()
            }
            if !patched.contains(where: { identity($0) == identity(element) }) { result.append(element) }
        }
        return result + waiting
    }

    private static func without(_ value: JSON, _ key: String) -> JSON {
        var value = value
        value[key] = nil
        return value
    }
}
