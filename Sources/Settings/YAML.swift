/// A value of a YAML document, with the line it stands on.
public struct YAMLNode: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        /// A text as written. `plain` says that it stood without quotes, so that it may mean a number, a boolean or nothing.
        case scalar(text: String, plain: Bool)
        case sequence([YAMLNode])
        /// The members in the document's order; no key occurs twice.
        case mapping([YAMLMember])
    }

    public let content: Content
    /// Counted from 1.
    public let line: Int

    public init(_ content: Content, line: Int) {
        self.content = content
        self.line = line
    }
}

/// A key of a YAML mapping with its value.
public struct YAMLMember: Sendable, Equatable {
    public let key: String
    /// The key's line, counted from 1.
    public let line: Int
    public let value: YAMLNode

    public init(key: String, line: Int, value: YAMLNode) {
        self.key = key
        self.line = line
        self.value = value
    }
}

extension YAMLNode {
    /// Whether nothing stands here: no text at all, `~` or `null`.
    public var isNull: Bool {
        guard case .scalar(let text, plain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What stands here, for a sentence.
    var wording: String {
        switch content {
        case .scalar where isNull: "nothing"
        case .scalar(let text, plain: true): quoted(text)
        case .scalar(let text, plain: false): "the quoted text \(quoted(text))"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// Reads YAML documents of the kind that a person writes as settings.
public enum YAML {
    /// How many lists and mappings may stand inside one another.
    public static let maximumDepth = 32

    /// The value of a document in UTF-8.
    ///
    /// Refused, besides what is no YAML: anchors and aliases (a few lines of them can grow to gigabytes), tags, a second
    /// document, keys that are no text or occur twice, NUL characters, more than ``maximumDepth`` levels, and no document
    /// at all.
    /// - Parameter file: what the errors call the document.
    public static func parse(_ bytes: [UInt8], file: String) throws(SettingsError) -> YAMLNode {
        var composer = YAMLComposer(bytes, file: file)
        return try composer.document()
    }

    /// The value of a document; see ``parse(_:file:)-([UInt8],_)``.
    public static func parse(_ text: String, file: String) throws(SettingsError) -> YAMLNode {
        try parse([UInt8](text.utf8), file: file)
    }
}
