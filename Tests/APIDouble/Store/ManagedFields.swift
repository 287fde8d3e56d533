internal import JSON

/// Who set which field: metadata.managedFields, as far as server-side apply needs them.
///
/// A field is a path of member names. Lists count as one field, but for those whose elements have owners of their own:
/// finalizers, ownerReferences, and conditions.
enum ManagedFields {
    /// Paths of leaves as the `fieldsV1` of the server writes them: `f:name`, `k:{"type":"Ready"}`, `v:"x"`.
    typealias Path = [String]

    static func record(
        in object: inout JSON, before: JSON?, _ options: WriteOptions, subresource: String, time: String
    ) {
        var entries = before?[at: "metadata.managedFields"]?.array ?? []
        let old = before.map { leaves(of: $0) } ?? [:]
        let new = leaves(of: object)
        let changed = Set(new.filter { old[$0.key] != $0.value }.keys)
        let gone = Set(old.keys).subtracting(new.keys)
        let operation = options.applied == nil ? "Update" : "Apply"
        let mine = { (entry: JSON) in isMine(entry, options.manager, operation, subresource) }
        entries = entries.compactMap { without(mine($0) ? gone : gone.union(changed), $0) }
        if let applied = options.applied {
            let before = entries.first(where: mine).map { paths(of: $0) }
            if before != applied || !changed.isEmpty {
                entries.removeAll(where: mine)
                entries = adding(applied, to: entries, options.manager, operation, subresource, object, time)
            }
        } else if !changed.isEmpty {
            entries = adding(changed, to: entries, options.manager, operation, subresource, object, time)
        }
        object[at: "metadata.managedFields"] = entries.isEmpty ? JSON?.none : .array(entries)
    }

    static func isMine(_ entry: JSON, _ manager: String, _ operation: String, _ subresource: String) -> Bool {
        entry["manager"]?.string == manager && entry["operation"]?.string == operation
            && (entry["subresource"]?.string ?? "") == subresource
    }

    static func paths(of entry: JSON) -> Set<Path> {
        var paths: Set<Path> = []
        func walk(_ value: JSON, _ path: Path) {
            for (key, member) in value.object ?? [:] where key != "." {
                if member == [:] { paths.insert(path + [key]) } else { walk(member, path + [key]) }
            }
        }
        walk(entry["fieldsV1"] ?? [:], [])
        return paths
    }

    static func without(_ removed: Set<Path>, _ entry: JSON) -> JSON? {
        let owned = paths(of: entry)
        let left = owned.subtracting(removed)
        if left == owned { return entry }
        if left.isEmpty { return nil }
        var entry = entry
        entry["fieldsV1"] = tree(of: left)
        return entry
    }

    static func adding(
        _ added: Set<Path>, to entries: [JSON], _ manager: String, _ operation: String, _ subresource: String,
        _ object: JSON, _ time: String
    ) -> [JSON] {
        var entries = entries
        let index = entries.firstIndex { isMine($0, manager, operation, subresource) }
        let all = added.union(index.map { paths(of: entries[$0]) } ?? [])
        var entry: JSON = [
            "manager": .string(manager), "operation": .string(operation), "apiVersion": object["apiVersion"] ?? "",
            "time": .string(time), "fieldsType": "FieldsV1", "fieldsV1": tree(of: all),
        ]
        if !subresource.isEmpty { entry["subresource"] = .string(subresource) }
        if let index { entries[index] = entry } else { entries.append(entry) }
        return entries
    }

    static func tree(of paths: Set<Path>) -> JSON {
        var tree: JSON = [:]
        for path in paths { tree[path: path] = [:] }
        return tree
    }

    // MARK: The fields of an object

    private static let notOwned: Set<String> = [
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "managedFields", "selfLink",
    ]

    /// Every field with its value.
    static func leaves(of object: JSON) -> [Path: JSON] {
        var leaves: [Path: JSON] = [:]
        for (key, value) in object.object ?? [:] where key != "apiVersion" && key != "kind" {
            if key == "metadata" {
                for (name, member) in value.object ?? [:] where !notOwned.contains(name) {
                    collect(member, ["f:metadata", "f:\(name)"], name, &leaves)
                }
            } else {
                collect(value, ["f:\(key)"], key, &leaves)
            }
        }
        return leaves
    }

    private static func collect(_ value: JSON, _ path: Path, _ name: String, _ leaves: inout [Path: JSON]) {
        switch value {
        case .object(let members) where !members.isEmpty:
            for (key, member) in members { collect(member, path + ["f:\(key)"], key, &leaves) }
        case .array(let elements) where keyOfElements[name] != nil && path.count == 2 && !elements.isEmpty:
            for element in elements {
                let step = step(for: element, in: name)
                if case .object(let members) = element {
                    for (key, member) in members { collect(member, path + [step, "f:\(key)"], key, &leaves) }
                } else {
                    leaves[path + [step]] = element
                }
            }
        default: leaves[path] = value
        }
    }

    /// Lists whose elements are owned one by one, and by which member they are told apart; none: by themselves.
    static let keyOfElements = ["finalizers": "", "ownerReferences": "uid", "conditions": "type"]

    static func step(for element: JSON, in list: String) -> String {
        let key = keyOfElements[list] ?? ""
        if key.isEmpty { return "v:\(element.text())" }
        let members: JSON = [key: element[key] ?? ""]
        return "k:\(members.text())"
    }
}
