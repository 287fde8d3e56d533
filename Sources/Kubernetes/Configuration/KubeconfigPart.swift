internal import Settings

/// A mapping of a kubeconfig. What is missing, empty and null is the same there, and unknown keys belong to others.
struct KubeconfigPart {
    let file: String
    let place: String
    let line: Int?
    private let members: [String: YAMLNode]

    init(_ node: YAMLNode, file: String, place: String) throws(SettingsError) {
        self.file = file
        self.place = place
        line = node.line
        if node.isNull {
            members = [:]
        } else if case .mapping(let entries) = node.content {
            members = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
        } else {
            throw SettingsError(file: file, line: node.line, keyPath: place, found: "no mapping", expected: "a mapping")
        }
    }

    private func node(_ key: String) -> YAMLNode? { members[key].flatMap { $0.isNull ? nil : $0 } }

    func contains(_ key: String) -> Bool { node(key) != nil }

    /// The text of a key, nil when there is none. It never stands in an error: it may be a secret.
    func text(_ key: String) throws(SettingsError) -> String? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let text, _) = node.content else { throw error(key, found: "no text", expected: "a text") }
        return text.isEmpty ? nil : text
    }

    func boolean(_ key: String) throws(SettingsError) -> Bool {
        guard let node = node(key) else { return false }
        switch node.content {
        case .scalar("true", plain: true): return true
        case .scalar("false", plain: true): return false
        default: throw error(key, found: "something else", expected: "true or false")
        }
    }

    func part(_ key: String) throws(SettingsError) -> KubeconfigPart {
        guard let node = node(key) else { throw error(key, found: "nothing", expected: "a mapping") }
        return try KubeconfigPart(node, file: file, place: path(key))
    }

    /// The mapping in `key` of the element of that name in the list in `list`: `clusters`, `cluster`.
    func element(of list: String, _ key: String, named name: String) throws(SettingsError) -> KubeconfigPart {
        guard let node = node(list) else {
            throw error(list, found: "nothing", expected: "one named '\(oneLine(name))'")
        }
        guard case .sequence(let elements) = node.content else {
            throw error(list, found: "no list", expected: "a list of mappings")
        }
        for (index, element) in elements.enumerated() {
            let part = try KubeconfigPart(element, file: file, place: "\(path(list))[\(index)]")
            if try part.text("name") == name { return try part.part(key) }
        }
        throw error(list, found: "none named '\(oneLine(name))'", expected: "one of that name")
    }

    func error(_ key: String, found: String, expected: String) -> SettingsError {
        SettingsError(
            file: file, line: members[key]?.line ?? line, keyPath: path(key), found: found, expected: expected)
    }

    private func path(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }
}
