import Settings
import Testing

/// What a document holds, without the lines.
indirect enum Plain: Equatable, Sendable {
    case text(String)
    case quoted(String)
    case list([Plain])
    case mapping([Pair])

    struct Pair: Equatable, Sendable {
        let key: String
        let value: Plain
    }

    init(_ node: YAMLNode) {
        switch node.content {
        case .scalar(let text, plain: true): self = .text(text)
        case .scalar(let text, plain: false): self = .quoted(text)
        case .sequence(let elements): self = .list(elements.map { Plain($0) })
        case .mapping(let members): self = .mapping(members.map { Pair(key: $0.key, value: Plain($0.value)) })
        }
    }
}

extension Plain: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    init(stringLiteral value: String) { self = .text(value) }
    init(arrayLiteral elements: Plain...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, Plain)...) {
        self = .mapping(elements.map { Pair(key: $0.0, value: $0.1) })
    }
}

struct GoodYAML: CustomTestStringConvertible, Sendable {
    let label: String
    let text: String
    let value: Plain

    init(_ label: String, _ text: String, _ value: Plain) {
        self.label = label
        self.text = text
        self.value = value
    }

    var testDescription: String { label }

    static let rows = [
        GoodYAML("a text", "abc", "abc"),
        GoodYAML("quoted texts", "[\"a\\n\", 'it''s']", [.quoted("a\n"), .quoted("it's")]),
        GoodYAML("a block of text", "a: |\n  one\n  two\n", ["a": .quoted("one\ntwo\n")]),
        GoodYAML("a mapping keeps its order", "b: 1\na: 2\nc:\n", ["b": "1", "a": "2", "c": ""]),
        GoodYAML("a list of mappings", "pools:\n- name: x\n- name: y\n", ["pools": [["name": "x"], ["name": "y"]]]),
        GoodYAML("flow style", "{a: [1, {b: 2}], c: {}}", ["a": ["1", ["b": "2"]], "c": [:]]),
        GoodYAML("comments and a document start", "# first\n---\na: 1 # one\n...\n", ["a": "1"]),
        GoodYAML("a version directive", "%YAML 1.1\n---\na: 1\n", ["a": "1"]),
        GoodYAML("a byte order mark", "\u{feff}a: 1\n", ["a": "1"]),
        GoodYAML("carriage returns", "a: 1\r\nb: 2\r\n", ["a": "1", "b": "2"]),
        GoodYAML("JSON", #"{"a": [true, null]}"#, ["a": ["true", "null"]]),
        GoodYAML("characters outside ASCII", "é: 漢😀", ["é": "漢😀"]),
        GoodYAML("the same key in two mappings", "[{a: 1}, {a: 2}]", [["a": "1"], ["a": "2"]]),
        GoodYAML("an ampersand inside a text", "a: x&y*z", ["a": "x&y*z"]),
        GoodYAML(
            "as deep as allowed", deep(YAML.maximumDepth), (1..<YAML.maximumDepth).reduce([]) { value, _ in [value] }),
    ]

    static func deep(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
}

struct BadYAML: CustomTestStringConvertible, Sendable {
    let label: String
    let bytes: [UInt8]
    /// The sentence behind the file's name.
    let sentence: String

    init(_ label: String, _ text: String, _ sentence: String) {
        self.init(label, [UInt8](text.utf8), sentence)
    }

    init(_ label: String, _ bytes: [UInt8], _ sentence: String) {
        self.label = label
        self.bytes = bytes
        self.sentence = sentence
    }

    var testDescription: String { label }

    static let rows = [
        BadYAML("nothing", "", ": found no settings in it, expected a YAML document"),
        BadYAML("comments only", "# a\n\n# b\n", ": found no settings in it, expected a YAML document"),
        BadYAML(
            "two documents", "a: 1\n---\nb: 2\n",
            " line 2: found a second document, expected one document in the file"),
        BadYAML("an anchor", "a: &x 1\n", " line 1, a: found an anchor (&), expected the value without it"),
        BadYAML("an anchor on a key", "&x a: 1\n", " line 1: found an anchor (&), expected the value without it"),
        BadYAML(
            "an anchor on a list", "a:\n  b: &x [1]\n",
            " line 2, a.b: found an anchor (&), expected the value without it"),
        BadYAML(
            "an alias", "a: 1\nb: [*x]\n", " line 2, b[0]: found an alias (*), expected the value itself, written out"),
        BadYAML("an alias as key", "*x : 1\n", " line 1: found an alias (*), expected the value itself, written out"),
        BadYAML(
            "a billion laughs", "a: &a [lol, lol]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            " line 1, a: found an anchor (&), expected the value without it"),
        BadYAML(
            "a tag", "a: !!binary aGk=\n",
            " line 1, a: found the tag \"tag:yaml.org,2002:binary\", expected the value without it"),
        BadYAML("a tag on a mapping", "a: !x {}\n", " line 1, a: found the tag \"!x\", expected the value without it"),
        BadYAML(
            "a key twice", "pools:\n- name: x\n  kind: file\n  name: y\n",
            " line 4, pools[0].name: found this key again (it is on line 2 already), expected each key once"),
        BadYAML(
            "a key twice, once quoted", "a: 1\n\"a\": 2\n",
            " line 2, a: found this key again (it is on line 1 already), expected each key once"),
        BadYAML("a list as key", "? [a]\n: 1\n", " line 1: found a list as a key, expected text"),
        BadYAML("a mapping as key", "{{a: 1}: 2}\n", " line 1: found a mapping as a key, expected text"),
        BadYAML("an empty key", "?\n: 1\n", " line 1: found an empty key, expected text"),
        BadYAML("null as key", "a:\n  ~: 1\n", " line 2, a: found an empty key, expected text"),
        BadYAML(
            "a tab as indentation", "a:\n\tb: 1\n",
            " line 2, a: found a tab, expected spaces, the only indentation of YAML"),
        BadYAML(
            "a colon too many", "a: b: c\n",
            " line 1: found a fault (mapping values are not allowed in this context), expected valid YAML"),
        BadYAML(
            "a list left open", "a: [1, 2\n",
            " line 2, a[2]: found a fault (did not find expected ',' or ']' while parsing a flow sequence), "
                + "expected valid YAML"),
        BadYAML(
            "a quote left open", "a: \"b\n",
            " line 2, a: found a fault (found unexpected end of stream while scanning a quoted scalar), "
                + "expected valid YAML"),
        BadYAML(
            "uneven indentation", "a:\n  b: 1\n c: 2\n",
            " line 3: found a fault (did not find expected key while parsing a block mapping), expected valid YAML"),
        BadYAML(
            "a byte that is no UTF-8", Array("a: 1\nb: ".utf8) + [0xff, 0x0a],
            " line 2: found unreadable text (invalid leading UTF-8 octet), expected YAML in UTF-8"),
        BadYAML(
            "an overlong slash", [0x61, 0x3a, 0x20, 0xc0, 0xaf, 0x0a],
            " line 1: found unreadable text (invalid length of a UTF-8 sequence), expected YAML in UTF-8"),
        BadYAML(
            "UTF-16", [0xff, 0xfe, 0x61, 0x00],
            " line 1: found unreadable text (invalid leading UTF-8 octet), expected YAML in UTF-8"),
        BadYAML(
            "a control character", "a: \u{1}\n",
            " line 1: found unreadable text (control characters are not allowed), expected YAML in UTF-8"),
        BadYAML(
            "an escaped NUL", "a: \"/x\\0/y\"\n", " line 1, a: found a NUL character, expected text without it"),
        BadYAML(
            "an escaped NUL in a key", "\"a\\0b\": 1\n",
            " line 1: found a NUL character in a key, expected text without it"),
        BadYAML(
            "one level too deep", "a: " + GoodYAML.deep(YAML.maximumDepth),
            " line 1, a" + String(repeating: "[0]", count: YAML.maximumDepth - 1)
                + ": found deeper nesting, expected at most 32 lists and mappings inside one another"),
        BadYAML(
            "half a million levels", String(repeating: "[", count: 500_000),
            " line 1, " + String(repeating: "[0]", count: YAML.maximumDepth)
                + ": found deeper nesting, expected at most 32 lists and mappings inside one another"),
    ]
}

struct YAMLTests {
    @Test("A document becomes its value", arguments: GoodYAML.rows)
    func parses(_ row: GoodYAML) throws {
        #expect(try Plain(YAML.parse(row.text, file: "x.yaml")) == row.value)
    }

    @Test("What is no settings document is refused in one sentence", arguments: BadYAML.rows)
    func refuses(_ row: BadYAML) throws {
        let error = try #require(throws: SettingsError.self) { try YAML.parse(row.bytes, file: "x.yaml") }
        #expect("\(error)" == "x.yaml\(row.sentence)")
    }

    @Test("Every value and key knows its line")
    func lines() throws {
        let root = try YAML.parse("# head\na: 1\nb:\n  - x\n  - c: |\n      text\n", file: "x.yaml")
        guard case .mapping(let members) = root.content, case .sequence(let elements) = members[1].value.content,
            case .mapping(let inner) = elements[1].content
        else { throw SettingsError(file: "", line: nil, keyPath: "", found: "\(root)", expected: "a mapping") }
        #expect(root.line == 2)
        #expect(members.map(\.line) == [2, 3])
        #expect(members.map(\.value.line) == [2, 4])
        #expect(elements.map(\.line) == [4, 5])
        #expect(inner.map(\.line) == [5])
    }

    @Test(
        "Nothing is null only without quotes",
        arguments: ["", "~", "null", "Null", "NULL", "\"\"", "'~'", "\"null\"", "nil"])
    func nulls(_ text: String) throws {
        let root = try YAML.parse("a: \(text)\n", file: "x.yaml")
        guard case .mapping(let members) = root.content else { return }
        #expect(members[0].value.isNull == ["", "~", "null", "Null", "NULL"].contains(text))
    }

    @Test("A wild key is cut short in the sentence")
    func wildKeys() throws {
        let key = String(repeating: "k", count: 900)
        let error = try #require(throws: SettingsError.self) {
            try YAML.parse("\(key): {a.b: {\"x\\ny\": *z}}", file: "x.yaml")
        }
        #expect(error.keyPath == "\"" + String(repeating: "k", count: 60) + "…\".\"a.b\".\"x\\ny\"")
    }
}
