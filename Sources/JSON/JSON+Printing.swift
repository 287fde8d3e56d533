internal import CJansson
internal import Glibc

extension JSON {
    /// The document in UTF-8: keys in the order of their bytes, so that equal values give equal bytes.
    ///
    /// JSON has no infinity and no NaN; both are written as `null`, as ECMAScript's `JSON.stringify` does.
    /// - Parameter pretty: two spaces of indentation and one member a line, instead of everything on one line without
    ///   spaces.
    public func serialized(pretty: Bool = false) -> [UInt8] {
        // JSON_INDENT and JSON_REAL_PRECISION are function-like macros, which Swift does not import.
        let layout = pretty ? 2 : Int(JSON_COMPACT)
        let precision = realPrecision << 11
        let tree = handle()
        let flags = Int(JSON_SORT_KEYS | JSON_ENCODE_ANY) | layout | precision
        let dumped = tree.withPointer { json_dumps($0, flags) }
        guard let text = dumped else { fatalError("out of memory for a JSON document") }
        defer { free(text) }
        return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    /// The document as text; see ``serialized(pretty:)``.
    public func text(pretty: Bool = false) -> String {
        String(decoding: serialized(pretty: pretty), as: UTF8.self)
    }

    private func handle() -> JSONHandle {
        switch self {
        case .null: JSONHandle(json_null())
        case .bool(let value): JSONHandle(value ? json_true() : json_false())
        case .integer(let value): JSONHandle(json_integer(value))
        case .number(let value): JSONHandle(value.isFinite ? json_real(value) : json_null())
        case .string(let value): Self.handle(value)
        case .array(let elements): Self.handle(elements)
        case .object(let members): Self.handle(members)
        }
    }

    private static func handle(_ text: String) -> JSONHandle {
        JSONHandle(withCharacters(of: text) { json_stringn_nocheck($0, $1) })
    }

    private static func handle(_ elements: [JSON]) -> JSONHandle {
        let array = JSONHandle(json_array())
        for element in elements {
            let child = element.handle().release()
            let status = array.withPointer { json_array_append_new($0, child) }
            guard status == 0 else { fatalError("out of memory for a JSON array") }
        }
        return array
    }

    private static func handle(_ members: [String: JSON]) -> JSONHandle {
        let object = JSONHandle(json_object())
        for (key, value) in members {
            let member = value.handle().release()
            let status = object.withPointer { pointer in
                withCharacters(of: key) { json_object_setn_new_nocheck(pointer, $0, $1, member) }
            }
            guard status == 0 else { fatalError("out of memory for a JSON object") }
        }
        return object
    }

    /// Lends the UTF-8 of a text, which Swift guarantees to be well formed: hence the unchecked jansson calls.
    private static func withCharacters<Result>(
        of text: String,
        _ body: (UnsafePointer<CChar>, Int) -> Result
    ) -> Result {
        var text = text
        let length = text.utf8.count
        return text.withUTF8 { utf8 in
            // An empty buffer may have no address, which jansson takes for a missing text.
            guard let start = utf8.baseAddress else { return "".withCString { body($0, 0) } }
            return start.withMemoryRebound(to: CChar.self, capacity: length) { body($0, length) }
        }
    }

    /// The fewest digits, 15 to 17, that bring back every number of the document unchanged.
    ///
    /// jansson's default of 17 always does, but prints 0.1 as 0.10000000000000001.
    private var realPrecision: Int {
        switch self {
        case .number(let value) where value.isFinite:
            (15...16).first { Self.survives(value, digits: $0) } ?? 17
        case .array(let elements):
            elements.reduce(15) { max($0, $1.realPrecision) }
        case .object(let members):
            members.values.reduce(15) { max($0, $1.realPrecision) }
        case .null, .bool, .integer, .number, .string:
            15
        }
    }

    private static func survives(_ value: Double, digits: Int) -> Bool {
        // 17 digits, sign, point, exponent and the closing NUL are at most 25 bytes.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            guard let start = buffer.baseAddress else { return false }
            let length = withVaList([Int32(digits), value]) { vsnprintf(start, buffer.count, "%.*g", $0) }
            return length > 0 && strtod(start, nil) == value
        }
    }
}
