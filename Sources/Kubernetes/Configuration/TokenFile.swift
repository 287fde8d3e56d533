internal import Settings

/// A file that holds a bearer token.
enum TokenFile {
    /// The token, without white space around it; refused when it is empty or cannot stand in a header.
    static func read(_ path: String) throws(SettingsError) -> String {
        let bytes = try ClusterConfiguration.readSettingsFile(path)
        guard let token = token(in: bytes) else {
            throw SettingsError(file: path, line: nil, keyPath: "", found: "something else", expected: "a bearer token")
        }
        return token
    }

    /// Nil for what would end the header that it stands in, or is nothing.
    static func token(in bytes: [UInt8]) -> String? {
        let blanks = Set(" \t\r\n".utf8)
        var slice = bytes[...]
        while let first = slice.first, blanks.contains(first) { slice = slice.dropFirst() }
        while let last = slice.last, blanks.contains(last) { slice = slice.dropLast() }
        guard !slice.isEmpty, slice.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return String(decoding: slice, as: UTF8.self)
    }
}
