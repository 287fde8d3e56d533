import JSON
import Testing

struct GoodDocument: CustomTestStringConvertible, Sendable {
    let label: String
    let text: String
    let value: JSON

    init(_ label: String, _ text: String, _ value: JSON) {
        self.label = label
        self.text = text
        self.value = value
    }

    var testDescription: String { label }

    static let rows = [
        GoodDocument("null", "null", .null),
        GoodDocument("true", "true", true),
        GoodDocument("false", " false\n", false),
        GoodDocument("zero", "0", 0),
        GoodDocument("minus zero is an integer", "-0", 0),
        GoodDocument("the greatest integer", "9223372036854775807", .integer(.max)),
        GoodDocument("the least integer", "-9223372036854775808", .integer(.min)),
        GoodDocument("a fraction", "0.1", 0.1),
        GoodDocument("a fraction of nothing stays a number", "1.0", .number(1)),
        GoodDocument("an exponent makes a number", "1e2", .number(100)),
        GoodDocument("the greatest double", "1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
        GoodDocument("too small for a double", "1e-400", .number(0)),
        GoodDocument("an empty text", "\"\"", ""),
        GoodDocument("escapes", #""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        GoodDocument("a surrogate pair", #""\ud83d\ude00""#, "😀"),
        GoodDocument("characters outside ASCII", "\"żółć 漢字 😀\"", "żółć 漢字 😀"),
        GoodDocument("a NUL inside a text", #""a\u0000b""#, "a\u{0}b"),
        GoodDocument("an empty array", "[]", []),
        GoodDocument("an array of all kinds", "[null,true,1,1.5,\"a\",[],{}]", [nil, true, 1, 1.5, "a", [], [:]]),
        GoodDocument("an empty object", "{}", [:]),
        GoodDocument("an empty key", #"{"":1}"#, ["": 1]),
        GoodDocument("keys in any order", #"{"b":1,"a":{"c":[2]}}"#, ["a": ["c": [2]], "b": 1]),
        GoodDocument("the same key in two objects", #"[{"a":1},{"a":2}]"#, [["a": 1], ["a": 2]]),
        GoodDocument("brackets in a text are no nesting", "\"\(brackets)\\\"[\"", .string(brackets + "\"[")),
        GoodDocument("as deep as allowed", nested(JSON.maximumDepth), nestedValue(JSON.maximumDepth)),
    ]

    static let brackets = String(repeating: "[", count: 1000)

    static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    static func nestedValue(_ depth: Int) -> JSON {
        (1..<depth).reduce([]) { value, _ in [value] }
    }
}

struct BadDocument: CustomTestStringConvertible, Sendable {
    let label: String
    let bytes: [UInt8]
    let line: Int?
    let column: Int?
    let reason: String

    init(_ label: String, _ text: String, _ line: Int?, _ column: Int?, _ reason: String) {
        self.init(label, [UInt8](text.utf8), line, column, reason)
    }

    init(_ label: String, _ bytes: [UInt8], _ line: Int?, _ column: Int?, _ reason: String) {
        self.label = label
        self.bytes = bytes
        self.line = line
        self.column = column
        self.reason = reason
    }

    var testDescription: String { label }

    static let rows = [
        BadDocument("nothing", "", 1, 0, "the document is empty"),
        BadDocument("spaces only", "  \n ", 2, 1, ""),
        BadDocument("two values", "1 2", 1, 3, "end of file expected"),
        BadDocument("an array left open", "[1,", 1, 3, ""),
        BadDocument("a text left open", "\"abc", 1, 4, ""),
        BadDocument("a comma before the end", "[1,]", 1, 4, ""),
        BadDocument("a key without quotes", "{a:1}", 1, 2, ""),
        BadDocument("single quotes", "'a'", 1, 1, ""),
        BadDocument("a comment", "1 // one", 1, 3, ""),
        BadDocument("NaN", "NaN", 1, 3, ""),
        BadDocument("leading zero", "01", 1, 1, ""),
        BadDocument("plus sign", "+1", 1, 1, ""),
        BadDocument("an integer beyond 64 bits", "9223372036854775808", 1, 19, "too big integer"),
        BadDocument("an integer below 64 bits", "-9223372036854775809", 1, 20, "too big negative integer"),
        BadDocument("a number beyond a double", "1e400", 1, 5, "real number overflow"),
        BadDocument("a thousand digits", String(repeating: "9", count: 1000), 1, 1000, "too big integer"),
        BadDocument("a key twice", "{\"a\": 1,\n \"a\": 2}", 2, 4, "duplicate object key"),
        BadDocument("a key twice, once escaped", #"{"a": 1, "\u0061": 2}"#, 1, 17, "duplicate object key"),
        BadDocument("a key in two Unicode forms", "{\"\u{e9}\": 1, \"e\u{301}\": 2}", nil, nil, "Unicode form"),
        BadDocument("a NUL inside a key", #"{"a\u0000b": 1}"#, 1, 11, "NUL byte in object key not supported"),
        BadDocument("a bare NUL", [0x5b, 0x00, 0x5d], 1, 2, "a NUL byte"),
        BadDocument("a NUL behind the value", [0x31, 0x00, 0x78], 1, 2, "a NUL byte"),
        BadDocument("a line break in a text", "\"a\nb\"", 1, 2, "unexpected newline"),
        BadDocument("a control character in a text", "\"a\u{1}b\"", 1, 2, "control character 0x1"),
        BadDocument("an unknown escape", #""\x""#, 1, 3, "invalid escape"),
        BadDocument("half a surrogate pair", #""\ud83d""#, 1, 8, "invalid Unicode"),
        BadDocument("the other half", #""\ude00""#, 1, 8, "invalid Unicode"),
        BadDocument("a byte order mark", [0xef, 0xbb, 0xbf, 0x31], 1, 1, ""),
        BadDocument("a byte that is no UTF-8", [0x22, 0xff, 0x22], 1, 1, "unable to decode byte 0xff"),
        BadDocument("a sequence cut short", [0x22, 0xc3, 0x22], 1, 1, "unable to decode byte"),
        BadDocument("an overlong slash", [0x22, 0xc0, 0xaf, 0x22], 1, 1, "unable to decode byte"),
        BadDocument("a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22], 1, 1, "unable to decode byte"),
        BadDocument("beyond Unicode", [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1, 1, "unable to decode byte"),
        BadDocument("UTF-16", [0xff, 0xfe, 0x31, 0x00], 1, 4, "a NUL byte"),
        BadDocument(
            "one level too deep", GoodDocument.nested(JSON.maximumDepth + 1), 1, JSON.maximumDepth + 1,
            "more than 256 arrays and objects inside one another"),
        BadDocument(
            "a million levels", String(repeating: "{\"é\":\n[", count: 500_000), 129, 2,
            "more than 256 arrays and objects inside one another"),
    ]
}

struct ParsingTests {
    @Test("A document becomes its value", arguments: GoodDocument.rows)
    func parses(_ row: GoodDocument) throws {
        #expect(try JSON.parse(row.text) == row.value)
    }

    @Test("What is no JSON is refused, with its place", arguments: BadDocument.rows)
    func refuses(_ row: BadDocument) throws {
        let error = try #require(throws: JSONError.self) { try JSON.parse(row.bytes) }
        #expect(error.position?.line == row.line)
        #expect(error.position?.column == row.column)
        #expect(error.reason.contains(row.reason) || row.reason.isEmpty)
        #expect(!error.reason.isEmpty)
    }

    @Test("An error does not quote the document, which may hold a secret")
    func keepsSecrets() throws {
        for text in [#"{"password": hunter2}"#, #"{"hunter2": 1, "hunter2": 2}"#, "[hunter2"] {
            let error = try #require(throws: JSONError.self) { try JSON.parse(text) }
            #expect(!"\(error)".contains("hunter2"))
        }
    }

    @Test("An error is one sentence with its place")
    func describes() throws {
        let error = try #require(throws: JSONError.self) { try JSON.parse("{\n  \"a\": 1,\n  \"a\": 2\n}") }
        #expect("\(error)" == "invalid JSON at line 3, column 5: duplicate object key")
        #expect("\(JSONError(position: nil, reason: "why"))" == "invalid JSON: why")
    }
}
