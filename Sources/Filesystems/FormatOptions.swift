/// Options of a client for the format tool that were looked at and let through. Only `Filesystem.formatOptions` makes one.
public struct FormatOptions: Sendable, Equatable {
    /// No options: the tool's defaults, and ours.
    public static let none = FormatOptions(given: [])

    /// An option of the tool by the name that the rules know it by, and its value.
    struct Given: Sendable, Equatable {
        let name: String
        let value: String
    }

    fileprivate let given: [Given]

    /// The words for the tool's command line.
    public var arguments: [String] { given.flatMap { [$0.name, $0.value] } }

    func value(of name: String) -> String? { given.first { $0.name == name }?.value }

    /// The words without those of one option, which the caller writes itself.
    func arguments(without name: String) -> [String] {
        given.filter { $0.name != name }.flatMap { [$0.name, $0.value] }
    }
}

/// An option that a client may give to a format tool.
public struct FormatRule: Sendable {
    /// Its names; the first is the one that the tool is given.
    let names: [String]
    let value: FormatValue

    init(_ names: String..., value: FormatValue) {
        self.names = names
        self.value = value
    }
}

/// The shape that an option's value, or a key's, has to have.
indirect enum FormatValue: Sendable {
    case number(ClosedRange<Int64>)
    /// Bytes, with `k`, `m` or `g` for the binary multiples.
    case size(ClosedRange<Int64>)
    case word([String])
    /// Words with commas between them.
    case list([String])
    case label(limit: Int)
    /// `key=value` with commas between them.
    case keys([(String, FormatValue)])

    /// Why the text is not such a value; nil when it is one.
    func refusal(of text: String) -> String? {
        switch self {
        case .number(let range):
            if let number = Self.number(text[...]), range.contains(number) { return nil }
        case .size(let range):
            if let bytes = Self.bytes(text), range.contains(bytes) { return nil }
        case .word(let words):
            if words.contains(text) { return nil }
        case .list(let words):
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let other = parts.first { !words.contains($0) }
            guard let other else {
                let twice = parts.indices.first { parts[..<$0].contains(parts[$0]) }
                return twice.map { "'\(parts[$0])' is given twice" }
            }
            return "'\(other)' is none of \(words.joined(separator: ", "))"
        case .label(let limit):
            let isPlain = text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
            if isPlain && (1...limit).contains(text.utf8.count) { return nil }
        case .keys(let keys): return Self.refusal(of: text, keys)
        }
        return "its value has to be \(description)"
    }

    private static func refusal(of text: String, _ keys: [(String, FormatValue)]) -> String? {
        var seen: Set<String> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let (key, shape) = keys.first(where: { $0.0 == pair[0] }) else {
                return "its key '\(pair[0])' is not allowed, allowed are \(keys.map(\.0).joined(separator: ", "))"
            }
            guard seen.insert(key).inserted else { return "its key '\(key)' is given twice" }
            guard pair.count == 2, shape.refusal(of: pair[1]) == nil else {
                return "the value of its key '\(key)' has to be \(shape.description)"
            }
        }
        return nil
    }

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }

    private static func bytes(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
        guard let last = text.last, let unit = units[last] else { return number(text[...]) }
        guard let count = number(text.dropLast()) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow ? nil : bytes
    }

    var description: String {
        switch self {
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .size(let range):
            "a number of bytes from \(range.lowerBound) to \(range.upperBound), with k, m or g behind it if wanted"
        case .word(let words): words.count == 1 ? words[0] : "one of \(words.joined(separator: ", "))"
        case .list(let words): "words with commas between them, of \(words.joined(separator: ", "))"
        case .label(let limit): "at most \(limit) letters, digits, '_', '-' and '.'"
        case .keys(let keys): "key=value with commas between them, of \(keys.map(\.0).joined(separator: ", "))"
        }
    }
}

extension Filesystem {
    /// Looks at a client's options for the format tool, such as `-i 8192 -E stride=16`. They are split at spaces; there is
    /// no shell, and no quoting. What no rule lets through is refused.
    public func formatOptions(_ text: String) throws(FilesystemError) -> FormatOptions {
        if let character = text.unicodeScalars.first(where: { Self.isUnwanted($0) }) {
            let shown =
                character.value < 0x20 || character.value > 0x7e
                ? "U+\(String(character.value, radix: 16))" : "\(character)"
            throw .refusedFormatOption(
                option: shown, reason: "options are plain words with spaces between them, and no shell reads them")
        }
        let words = text.split(separator: " ").map(String.init)
        var given: [FormatOptions.Given] = []
        var index = 0
        while index < words.count {
            let word = words[index]
            guard let rule = formatRules.first(where: { $0.names.contains(word) }), let name = rule.names.first else {
                throw .refusedFormatOption(option: word, reason: refusal(ofFormatOption: word))
            }
            if given.contains(where: { $0.name == name }) {
                throw .refusedFormatOption(option: word, reason: "it is given twice")
            }
            guard index + 1 < words.count else {
                throw .refusedFormatOption(option: word, reason: "its value has to be \(rule.value.description)")
            }
            let value = words[index + 1]
            if let reason = rule.value.refusal(of: value) {
                throw .refusedFormatOption(option: "\(word) \(value)", reason: reason)
            }
            given.append(FormatOptions.Given(name: name, value: value))
            index += 2
        }
        return FormatOptions(given: given)
    }

    private static func isUnwanted(_ character: Unicode.Scalar) -> Bool {
        character.value < 0x20 || character.value > 0x7e || "'\"\\`$".unicodeScalars.contains(character)
    }

    private func refusal(ofFormatOption word: String) -> String {
        let allowed = "allowed for \(name) are \(formatRules.map { $0.names[0] }.joined(separator: ", "))"
        if !word.hasPrefix("-") { return "it belongs to no option; \(allowed)" }
        // '-b4096' and '--csum=xxhash' are other spellings of what may be allowed.
        let begun = formatRules.flatMap(\.names).first {
            $0.hasPrefix("--") ? word.hasPrefix("\($0)=") : word.hasPrefix($0) && !word.hasPrefix("--")
        }
        if let begun { return "a space has to stand behind \(begun); \(allowed)" }
        let reason = refusedFormatOptions.first { word == $0.key || word.hasPrefix("\($0.key)=") }?.value
        return "\(reason.map { "\($0); " } ?? "it is none of those that a client may give; ")\(allowed)"
    }
}
