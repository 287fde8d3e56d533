import JSON
import Testing

struct Printed: CustomTestStringConvertible, Sendable {
    let label: String
    let value: JSON
    let text: String

    init(_ label: String, _ value: JSON, _ text: String) {
        self.label = label
        self.value = value
        self.text = text
    }

    var testDescription: String { label }

    static let rows = [
        Printed("null", nil, "null"),
        Printed("a boolean", true, "true"),
        Printed("the least integer", .integer(.min), "-9223372036854775808"),
        Printed("a fraction in its short form", 0.1, "0.1"),
        Printed("a number without fraction stays a number", .number(2), "2.0"),
        Printed("a number that needs 17 digits", .number(0.1 + 0.2), "0.30000000000000004"),
        Printed("a number that needs 16 digits", .number(9_007_199_254_740_993.0), "9007199254740992.0"),
        Printed("infinity", .number(.infinity), "null"),
        Printed("no number", [.number(.nan)], "[null]"),
        Printed("an empty text", "", "\"\""),
        Printed("a text with what must be escaped", "\"\\\n\u{1}/", #""\"\\\n\u0001/""#),
        Printed("a NUL inside a text", "a\u{0}b", #""a\u0000b""#),
        Printed("characters outside ASCII", "é漢😀", "\"é漢😀\""),
        Printed("no elements", [], "[]"),
        Printed("no members", [:], "{}"),
        Printed("an empty key", ["": 1], #"{"":1}"#),
        Printed(
            "keys in the order of their bytes", ["b": 1, "a": 2, "B": 3, "aa": 4, "é": 5],
            #"{"B":3,"a":2,"aa":4,"b":1,"é":5}"#),
        Printed("nesting", ["a": [["b": nil]], "c": [1, 2]], #"{"a":[{"b":null}],"c":[1,2]}"#),
    ]
}

struct PrintingTests {
    @Test("A value becomes its text", arguments: Printed.rows)
    func prints(_ row: Printed) {
        #expect(row.value.text() == row.text)
        #expect(row.value.serialized() == [UInt8](row.text.utf8))
    }

    @Test("Pretty text has one member a line")
    func pretty() {
        let value: JSON = ["b": [1, ["c": "d"]], "a": [:]]
        let text = """
            {
              "a": {},
              "b": [
                1,
                {
                  "c": "d"
                }
              ]
            }
            """
        #expect(value.text(pretty: true) == text)
    }

    @Test("What was parsed and printed parses to the same value", arguments: GoodDocument.rows)
    func survives(_ row: GoodDocument) throws {
        for pretty in [false, true] {
            #expect(try JSON.parse(row.value.serialized(pretty: pretty)) == row.value)
        }
    }

    @Test("Every double comes back unchanged")
    func doubles() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try JSON.parse(JSON.number(value).serialized()) == .number(value))
            #expect(try JSON.parse(JSON.array([.number(value), 0.1]).serialized()) == .array([.number(value), 0.1]))
        }
        for value in [Double.leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-44, 0x1p1023] {
            #expect(try JSON.parse(JSON.number(value).serialized()) == .number(value))
        }
    }

    @Test("A document with thousands of members keeps them all")
    func large() throws {
        let members = Dictionary(uniqueKeysWithValues: (0..<20_000).map { ("key \($0)", JSON.integer(Int64($0))) })
        #expect(try JSON.parse(JSON.object(members).serialized()) == .object(members))
    }
}
