/// What a request asks for: the request target (RFC 9112, 3.2), taken apart.
public struct HTTPTarget: Sendable, Equatable {
    /// The path as it came, without the query.
    public let rawPath: String
    /// The segments of the path, decoded. Empty ones are left out, so that a slash at the end makes no difference; an
    /// encoded slash stays within its segment.
    public let path: [String]
    /// The query, in its order.
    public let query: HTTPQuery

    /// Nil for what is not a path, holds a malformed `%` sequence, or is not UTF-8 when decoded.
    init?(_ target: String) {
        var bytes = Array(target.utf8)[...]
        // The absolute form, which clients use with proxies.
        for scheme in ["http://", "https://"] where bytes.starts(with: Array(scheme.utf8)) {
            bytes = bytes.dropFirst(scheme.utf8.count).drop { $0 != UInt8(ascii: "/") }
        }
        guard bytes.first == UInt8(ascii: "/") || target == "*" else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        rawPath = String(decoding: parts[0], as: UTF8.self)
        var path: [String] = []
        for segment in parts[0].split(separator: UInt8(ascii: "/")) {
            guard let text = percentDecoded(segment, plusIsSpace: false) else { return nil }
            path.append(text)
        }
        self.path = path
        guard let query = HTTPQuery(parts.count > 1 ? parts[1] : []) else { return nil }
        self.query = query
    }
}

/// The query of a request: names and values in their order, decoded.
public struct HTTPQuery: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public let items: [Item]

    init?(_ bytes: ArraySlice<UInt8>) {
        var items: [Item] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(sides[0], plusIsSpace: true),
                let value = percentDecoded(sides.count > 1 ? sides[1] : [], plusIsSpace: true)
            else { return nil }
            items.append(Item(name: name, value: value))
        }
        self.items = items
    }

    /// The first value of that name; nil when there is none.
    public subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// All values of that name.
    public func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }
}

private func percentDecoded(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var rest = bytes
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = rest.popFirst().flatMap(hexadecimalDigit),
                let low = rest.popFirst().flatMap(hexadecimalDigit)
            else { return nil }
            out.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace: out.append(UInt8(ascii: " "))
        default: out.append(byte)
        }
    }
    return String(validating: out, as: UTF8.self)
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
