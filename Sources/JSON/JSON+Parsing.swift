internal import CJansson

extension JSON {
    /// How many arrays and objects may stand inside one another.
    ///
    /// jansson allows 2048 and recurses; a value is taken apart recursively as well, and our threads' stacks are small.
    /// The deepest object schemas of Kubernetes stay below 50.
    public static let maximumDepth = 256

    /// The value of a JSON document in UTF-8.
    ///
    /// Refused: malformed UTF-8 and unpaired surrogates, a key given twice in one object, integers that do not fit 64
    /// bits, numbers that are infinite as a double, more than ``maximumDepth`` levels, anything after the value, a byte
    /// order mark. A string may hold `\u0000`; a key may not.
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
        try checkBytes(bytes)
        let root = try decode(bytes)
        return try root.withPointer { (node) throws(JSONError) in try value(of: node) }
    }

    /// The value of a JSON document.
    public static func parse(_ text: String) throws(JSONError) -> JSON {
        try parse([UInt8](text.utf8))
    }

    /// Refuses NUL bytes, which jansson takes for the document's end behind a value, and too many open brackets.
    ///
    /// Brackets in strings do not count. Malformed text may be counted wrongly, but is refused either way.
    private static func checkBytes(_ bytes: [UInt8]) throws(JSONError) {
        var depth = 0
        var inString = false
        var escaped = false
        for (offset, byte) in bytes.enumerated() {
            if byte == 0 {
                throw JSONError(position: JSONError.Position(of: offset, in: bytes), reason: "a NUL byte")
            }
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
            if depth > maximumDepth {
                throw JSONError(
                    position: JSONError.Position(of: offset, in: bytes),
                    reason: "more than \(maximumDepth) arrays and objects inside one another"
                )
            }
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(JSONError) -> JSONHandle {
        // An empty array has no address, which jansson takes for a wrong argument.
        guard !bytes.isEmpty else {
            throw JSONError(position: JSONError.Position(line: 1, column: 0), reason: "the document is empty")
        }
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)
        var failure = json_error_t()
        let root = bytes.withUnsafeBytes { buffer in
            json_loadb(buffer.baseAddress, buffer.count, flags, &failure)
        }
        guard let root else { throw JSONError(failure) }
        return JSONHandle(root)
    }

    private static func value(of node: UnsafeMutablePointer<json_t>) throws(JSONError) -> JSON {
        switch node.pointee.type {
        case JSON_OBJECT: return .object(try members(of: node))
        case JSON_ARRAY: return .array(try elements(of: node))
        case JSON_STRING: return .string(text(json_string_value(node), length: json_string_length(node)))
        case JSON_INTEGER: return .integer(json_integer_value(node))
        case JSON_REAL: return .number(json_real_value(node))
        case JSON_TRUE: return .bool(true)
        case JSON_FALSE: return .bool(false)
        default: return .null
        }
    }

    private static func elements(of node: UnsafeMutablePointer<json_t>) throws(JSONError) -> [JSON] {
        var elements: [JSON] = []
        elements.reserveCapacity(json_array_size(node))
        for index in 0..<json_array_size(node) {
            guard let element = json_array_get(node, index) else { break }
            elements.append(try value(of: element))
        }
        return elements
    }

    private static func members(of node: UnsafeMutablePointer<json_t>) throws(JSONError) -> [String: JSON] {
        var members = [String: JSON](minimumCapacity: json_object_size(node))
        var iterator = json_object_iter(node)
        while let entry = iterator {
            let key = text(json_object_iter_key(entry), length: json_object_iter_key_len(entry))
            guard let member = json_object_iter_value(entry) else { break }
            // jansson compares keys by their bytes, Swift by what they show: composed and decomposed é are one key here.
            guard try members.updateValue(value(of: member), forKey: key) == nil else {
                throw JSONError(position: nil, reason: "an object has two keys that differ only in their Unicode form")
            }
            iterator = json_object_iter_next(node, entry)
        }
        return members
    }

    private static func text(_ start: UnsafePointer<CChar>?, length: Int) -> String {
        let bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length)
        // jansson has checked the UTF-8, so nothing is replaced here.
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONError {
    /// What jansson reports, without the piece of the document that it quotes: that may be a part of a secret.
    fileprivate init(_ failure: json_error_t) {
        var words = withUnsafeBytes(of: failure.text) { Array($0.prefix { $0 != 0 }) }
        let quotation = Array(" near '".utf8)
        if let start = words.indices.first(where: { words[$0...].starts(with: quotation) }) {
            words.removeSubrange(start...)
        }
        self.init(
            position: Position(line: Int(failure.line), column: Int(failure.column)),
            reason: String(decoding: words, as: UTF8.self)
        )
    }
}

extension JSONError.Position {
    /// The place of a byte, counted as jansson counts: lines and characters.
    fileprivate init(of offset: Int, in bytes: [UInt8]) {
        var line = 1
        var column = 0
        for byte in bytes[...offset] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 0
            } else if !UTF8.isContinuation(byte) {
                column += 1
            }
        }
        self.init(line: line, column: column)
    }
}
