extension SettingsReader {
    /// The text of a key that must be there.
    ///
    /// A number or a boolean without quotes is taken as the text that was written; an empty text is refused.
    public func string(_ key: String) throws(SettingsError) -> String {
        try required(optionalString(key), key, "text")
    }

    /// The text of a key, nil without the key; see ``string(_:)``.
    public func optionalString(_ key: String) throws(SettingsError) -> String? {
        guard let node = node(key) else { return nil }
        return try text(of: node, path.key(key))
    }

    /// The texts of a list that must be there, and may be empty.
    public func strings(_ key: String) throws(SettingsError) -> [String] {
        try required(optionalStrings(key), key, "a list of texts")
    }

    /// The texts of a list, which may be empty; nil without the key.
    public func optionalStrings(_ key: String) throws(SettingsError) -> [String]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let elements) = node.content else { throw mismatch(key, node, "a list of texts") }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            texts.append(try text(of: element, path.key(key).index(index)))
        }
        return texts
    }

    /// A whole number in decimal digits; without the key the default, or an error when there is none.
    public func integer(
        _ key: String,
        in range: ClosedRange<Int> = .min ... .max,
        default fallback: Int? = nil
    ) throws(SettingsError) -> Int {
        let expected = integerWording(range)
        guard let node = node(key) else { return try required(fallback, key, expected) }
        guard case .scalar(let text, plain: true) = node.content, let value = decimalInteger(text),
            range.contains(value)
        else { throw mismatch(key, node, expected) }
        return value
    }

    /// A number, whole or not; without the key the default, or an error when there is none.
    public func number(
        _ key: String,
        in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude,
        default fallback: Double? = nil
    ) throws(SettingsError) -> Double {
        let expected = numberWording(range)
        guard let node = node(key) else { return try required(fallback, key, expected) }
        guard case .scalar(let text, plain: true) = node.content, let value = decimalNumber(text),
            range.contains(value)
        else { throw mismatch(key, node, expected) }
        return value
    }

    /// `true` or `false`; without the key the default, or an error when there is none.
    ///
    /// YAML 1.1's yes, no, on and off are refused: YAML 1.2 reads them as texts.
    public func boolean(_ key: String, default fallback: Bool? = nil) throws(SettingsError) -> Bool {
        let expected = "true or false"
        guard let node = node(key) else { return try required(fallback, key, expected) }
        switch node.content {
        case .scalar("true", plain: true): return true
        case .scalar("false", plain: true): return false
        case .scalar, .sequence, .mapping: throw mismatch(key, node, expected)
        }
    }

    /// One of the words; without the key the default, or an error when there is none.
    public func choice(
        _ key: String,
        of words: [String],
        default fallback: String? = nil
    ) throws(SettingsError) -> String {
        let expected = alternatives(words)
        guard let node = node(key) else { return try required(fallback, key, expected) }
        guard case .scalar(let text, _) = node.content, words.contains(text) else {
            throw mismatch(key, node, expected)
        }
        return text
    }

    /// One of an enumeration's words; without the key the default, or an error when there is none.
    public func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ key: String,
        of type: Choice.Type,
        default fallback: Choice? = nil
    ) throws(SettingsError) -> Choice {
        let word = try choice(key, of: Choice.allCases.map(\.rawValue), default: fallback?.rawValue)
        guard let choice = Choice(rawValue: word) else { preconditionFailure("\(type) denies its own case \(word)") }
        return choice
    }

    /// The mapping of a key that must be there. The caller finishes it.
    public func mapping(_ key: String) throws(SettingsError) -> SettingsReader {
        try required(optionalMapping(key), key, "a mapping")
    }

    /// The mapping of a key, nil without the key. The caller finishes it.
    public func optionalMapping(_ key: String) throws(SettingsError) -> SettingsReader? {
        guard let node = node(key) else { return nil }
        return try SettingsReader(node, file: file, path: path.key(key))
    }

    /// The mappings of a list that must be there, and may be empty. The caller finishes each.
    public func mappings(_ key: String) throws(SettingsError) -> [SettingsReader] {
        try required(optionalMappings(key), key, "a list of mappings")
    }

    /// The mappings of a list, which may be empty; nil without the key. The caller finishes each.
    public func optionalMappings(_ key: String) throws(SettingsError) -> [SettingsReader]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let elements) = node.content else { throw mismatch(key, node, "a list of mappings") }
        var readers: [SettingsReader] = []
        for (index, element) in elements.enumerated() {
            readers.append(try SettingsReader(element, file: file, path: path.key(key).index(index)))
        }
        return readers
    }

    private func text(of node: YAMLNode, _ place: SettingsPath) throws(SettingsError) -> String {
        guard case .scalar(let text, _) = node.content, !node.isNull, !text.isEmpty else {
            let found = node.content == .scalar(text: "", plain: false) ? "an empty text" : node.wording
            throw SettingsError(file: file, line: node.line, keyPath: place.text, found: found, expected: "text")
        }
        return text
    }
}
