/// Finds where the items of a list stand in its JSON, without making values of them.
struct ListScan {
    /// What stands between the brackets of `items`.
    let inner: Range<Int>
    /// Each item.
    let items: [Range<Int>]

    /// Nil for what is no object with an array of objects in `items`, or with `"items": null`.
    init?(_ bytes: [UInt8]) {
        var scanner = Scanner(bytes: bytes)
        guard scanner.take(UInt8(ascii: "{")) else { return nil }
        while let key = scanner.takeString() {
            guard scanner.take(UInt8(ascii: ":")) else { return nil }
            if bytes[key].elementsEqual("items".utf8) {
                guard let found = scanner.takeArray() else { return nil }
                (inner, items) = found
                return
            }
            guard scanner.skipValue() != nil, scanner.take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }
}

/// Goes through JSON by its brackets and strings alone; whoever parses the pieces finds what else is wrong.
private struct Scanner {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// What stands between the quotes, as written.
    mutating func takeString() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\\"): position += 2
            case UInt8(ascii: "\""):
                position += 1
                return start..<(position - 1)
            default: position += 1
            }
        }
        return nil
    }

    /// The range of the value that comes next.
    mutating func skipValue() -> Range<Int>? {
        skipSpace()
        let start = position
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard takeString() != nil else { return nil }
                if depth == 0 { return start..<position }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The end of what this stands in, behind a number or a word.
                if depth == 0 { return start < position ? start..<position : nil }
                depth -= 1
                if depth == 0 {
                    position += 1
                    return start..<position
                }
            case UInt8(ascii: ","): if depth == 0 { return start < position ? start..<position : nil }
            default: break
            }
            position += 1
        }
        return nil
    }

    mutating func takeArray() -> (Range<Int>, [Range<Int>])? {
        skipSpace()
        if bytes[position...].starts(with: "null".utf8) { return (position..<position, []) }
        guard take(UInt8(ascii: "[")) else { return nil }
        let start = position
        var items: [Range<Int>] = []
        if take(UInt8(ascii: "]")) { return (start..<(position - 1), []) }
        while let item = skipValue() {
            items.append(item)
            if take(UInt8(ascii: "]")) { return (start..<(position - 1), items) }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }
}
