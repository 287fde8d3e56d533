/// Reads one mapping of a settings file, key by key, and knows which keys were asked for.
///
/// Ask for every key that has a meaning, then call ``finish()``, which refuses what is left over. A key with nothing
/// behind it (`key:`, `~`, `null`) is refused like any other value of the wrong kind: leave such a key out.
public final class SettingsReader {
    /// The file's path, as the operator gave it.
    public let file: String
    let path: SettingsPath
    private let line: Int
    private let members: [String: YAMLMember]
    private let order: [YAMLMember]
    private var known: [String] = []

    /// Reads the file at the path; its document must be a mapping.
    public convenience init(path: String) throws(SettingsError) {
        try self.init(YAML.load(path: path), file: path)
    }

    /// Reads a document that must be a mapping.
    public convenience init(_ root: YAMLNode, file: String) throws(SettingsError) {
        try self.init(root, file: file, path: .root)
    }

    init(_ node: YAMLNode, file: String, path: SettingsPath) throws(SettingsError) {
        guard case .mapping(let entries) = node.content else {
            throw SettingsError(
                file: file, line: node.line, keyPath: path.text, found: node.wording, expected: "a mapping")
        }
        self.file = file
        self.path = path
        line = node.line
        order = entries
        members = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0) })
    }

    /// Where this mapping stands, like `pools[0]`; empty for the whole document.
    public var keyPath: String { path.text }

    /// Whether the mapping has the key. This counts as asking for it.
    public func contains(_ key: String) -> Bool { node(key) != nil }

    /// Refuses the first key that nobody has asked for, and lists the keys that somebody has.
    public func finish() throws(SettingsError) {
        guard let stranger = order.first(where: { !known.contains($0.key) }) else { return }
        let expected = known.isEmpty ? "no keys here" : "one of the keys \(alternatives(known.sorted()))"
        let hint = nearestName(to: stranger.key, among: known).map { " (did you mean \($0)?)" } ?? ""
        throw SettingsError(
            file: file, line: stranger.line, keyPath: path.key(stranger.key).text,
            found: "an unknown key", expected: expected + hint)
    }

    /// The error for a value that reads well but will not do, at the key's own line.
    /// - Parameters:
    ///   - found: what stands there, as a noun phrase.
    ///   - expected: what should stand there, as a noun phrase.
    public func error(_ key: String, found: String, expected: String) -> SettingsError {
        SettingsError(
            file: file, line: members[key]?.value.line ?? line, keyPath: path.key(key).text,
            found: found, expected: expected)
    }

    /// The value of the key, which from now on is known.
    func node(_ key: String) -> YAMLNode? {
        if !known.contains(key) { known.append(key) }
        return members[key]?.value
    }

    func required<Value>(_ value: Value?, _ key: String, _ expected: String) throws(SettingsError) -> Value {
        guard let value else { throw error(key, found: "no such key", expected: expected) }
        return value
    }

    func mismatch(_ key: String, _ node: YAMLNode, _ expected: String) -> SettingsError {
        error(key, found: node.wording, expected: expected)
    }
}
