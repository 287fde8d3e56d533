/// What names may be, in the server's words (RFC 1123).
enum NameRule {
    /// Dots and dashes, 253 characters.
    case subdomain
    /// Dashes, 63 characters.
    case label
    /// Whatever is one segment of a path.
    case segment
}

enum Names {
    private static func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
    private static func isWord(_ byte: UInt8) -> Bool { isLower(byte) || (65...90).contains(byte) }

    /// Why that is no name; nil when it is one.
    static func problem(with name: String, _ rule: NameRule) -> String? {
        switch rule {
        case .subdomain:
            if name.utf8.count > 253 { return "must be no more than 253 bytes" }
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            return parts.allSatisfy { isLabel($0) } ? nil : subdomainWords
        case .label:
            if name.utf8.count > 63 { return "must be no more than 63 bytes" }
            return isLabel(name[...]) ? nil : labelWords
        case .segment:
            if name == "." || name == ".." { return "may not be '\(name)'" }
            return name.contains("/") || name.contains("%") ? "may not contain '/'" : nil
        }
    }

    private static func isLabel(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isLower(first), isLower(last) else {
            return false
        }
        return text.utf8.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") }
    }

    private static let subdomainWords =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

    private static let labelWords =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

    /// A label's or annotation's key, or a finalizer: a name of up to 63 characters, and perhaps a domain before it.
    static func problem(withKey key: String) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let last = parts.last else { return keyWords }
        if parts.count == 2 {
            if parts[0].isEmpty { return "prefix part must be non-empty" }
            if let problem = problem(with: String(parts[0]), .subdomain) { return "prefix part \(problem)" }
        }
        if last.isEmpty { return "name part must be non-empty" }
        if last.utf8.count > 63 { return "name part must be no more than 63 bytes" }
        return isWordy(last) ? nil : "name part \(keyWords)"
    }

    static func problem(withLabelValue value: String) -> String? {
        if value.utf8.count > 63 { return "must be no more than 63 bytes" }
        return value.isEmpty || isWordy(value[...]) ? nil : valueWords
    }

    private static func isWordy(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isWord(first), isWord(last) else { return false }
        return text.utf8.allSatisfy { isWord($0) || "-_.".utf8.contains($0) }
    }

    private static let keyWords =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?"
        + "[A-Za-z0-9]')"

    private static let valueWords =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
        + "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
}
