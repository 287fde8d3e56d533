/// Why a settings file is refused, in one sentence that an operator can act on.
public struct SettingsError: Error, Sendable, Equatable {
    /// The file's path, as the operator gave it.
    public let file: String
    /// The line, counted from 1; nil when the fault is the file itself.
    public let line: Int?
    /// Where in the settings, like `pools[0].path`; empty for the whole document.
    public let keyPath: String
    /// What stands there, as a noun phrase.
    public let found: String
    /// What should stand there, as a noun phrase.
    public let expected: String

    public init(file: String, line: Int?, keyPath: String, found: String, expected: String) {
        self.file = file
        self.line = line
        self.keyPath = keyPath
        self.found = found
        self.expected = expected
    }
}

extension SettingsError: CustomStringConvertible {
    public var description: String {
        var place = file
        if let line { place += " line \(line)" }
        if !keyPath.isEmpty { place += ", \(keyPath)" }
        return "\(place): found \(found), expected \(expected)"
    }
}
