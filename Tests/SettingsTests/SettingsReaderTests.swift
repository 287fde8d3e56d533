import Settings
import Testing

enum Kind: String, CaseIterable, Sendable {
    case file
    case disk
    case lvm
}

/// A way to read the settings that goes wrong.
struct Misread: CustomTestStringConvertible, Sendable {
    let label: String
    let text: String
    let read: @Sendable (SettingsReader) throws -> Void
    /// The sentence behind the file's name.
    let sentence: String

    init(
        _ label: String, _ text: String, _ sentence: String, _ read: @escaping @Sendable (SettingsReader) throws -> Void
    ) {
        self.label = label
        self.text = text
        self.read = read
        self.sentence = sentence
    }

    var testDescription: String { label }

    static let texts = [
        Misread("no text", "a: 1", " line 1, k: found no such key, expected text") { _ = try $0.string("k") },
        Misread("nothing as text", "k:", " line 1, k: found nothing, expected text") { _ = try $0.string("k") },
        Misread("null as text", "k: ~", " line 1, k: found nothing, expected text") { _ = try $0.optionalString("k") },
        Misread("an empty text", "k: ''", " line 1, k: found an empty text, expected text") { _ = try $0.string("k") },
        Misread("a list as text", "k: [a]", " line 1, k: found a list, expected text") { _ = try $0.string("k") },
        Misread("a mapping as text", "k: {}", " line 1, k: found a mapping, expected text") { _ = try $0.string("k") },
        Misread("a text as list", "k: a", " line 1, k: found \"a\", expected a list of texts") {
            _ = try $0.optionalStrings("k")
        },
        Misread("no list", "a: 1", " line 1, k: found no such key, expected a list of texts") {
            _ = try $0.strings("k")
        },
        Misread("a list in a list of texts", "k:\n- a\n- []\n", " line 3, k[1]: found a list, expected text") {
            _ = try $0.strings("k")
        },
        Misread("another word", "k: zip", " line 1, k: found \"zip\", expected file, disk or lvm") {
            _ = try $0.choice("k", of: ["file", "disk", "lvm"])
        },
        Misread(
            "another word than the enumeration's", "k: File", " line 1, k: found \"File\", expected file, disk or lvm"
        ) {
            _ = try $0.choice("k", of: Kind.self)
        },
        Misread("no word", "a: 1", " line 1, k: found no such key, expected a or b") {
            _ = try $0.choice("k", of: ["a", "b"])
        },
    ]

    static let numbers = [
        Misread("no number", "a: 1", " line 1, k: found no such key, expected an integer") { _ = try $0.integer("k") },
        Misread("a text as integer", "k: ten", " line 1, k: found \"ten\", expected an integer from 1 to 9") {
            _ = try $0.integer("k", in: 1...9)
        },
        Misread("a quoted integer", "k: \"5\"", " line 1, k: found the quoted text \"5\", expected an integer") {
            _ = try $0.integer("k")
        },
        Misread("too small", "k: 0", " line 1, k: found \"0\", expected an integer of at least 1") {
            _ = try $0.integer("k", in: 1 ... .max)
        },
        Misread("too great", "k: 10", " line 1, k: found \"10\", expected an integer of at most 9") {
            _ = try $0.integer("k", in: .min...9)
        },
        Misread(
            "a huge integer", "k: 99999999999999999999999",
            " line 1, k: found \"99999999999999999999999\", expected an integer"
        ) { _ = try $0.integer("k") },
        Misread("nothing as number", "k: null", " line 1, k: found nothing, expected a number") {
            _ = try $0.number("k")
        },
        Misread("a number out of range", "k: 1.5", " line 1, k: found \"1.5\", expected a number from 0.0 to 1.0") {
            _ = try $0.number("k", in: 0...1)
        },
        Misread("infinity", "k: .inf", " line 1, k: found \".inf\", expected a number") { _ = try $0.number("k") },
        Misread("no boolean", "a: 1", " line 1, k: found no such key, expected true or false") {
            _ = try $0.boolean("k")
        },
        Misread("yes", "k: yes", " line 1, k: found \"yes\", expected true or false") { _ = try $0.boolean("k") },
        Misread("a quoted boolean", "k: 'true'", " line 1, k: found the quoted text \"true\", expected true or false") {
            _ = try $0.boolean("k", default: false)
        },
    ]

    static let structures = [
        Misread("no mapping", "a: 1", " line 1, k: found no such key, expected a mapping") { _ = try $0.mapping("k") },
        Misread("a text as mapping", "k: x", " line 1, k: found \"x\", expected a mapping") { _ = try $0.mapping("k") },
        Misread("no list of mappings", "a: 1", " line 1, k: found no such key, expected a list of mappings") {
            _ = try $0.mappings("k")
        },
        Misread("a mapping as list", "k: {}", " line 1, k: found a mapping, expected a list of mappings") {
            _ = try $0.mappings("k")
        },
        Misread("a text among mappings", "k:\n- a: 1\n- b\n", " line 3, k[1]: found \"b\", expected a mapping") {
            _ = try $0.mappings("k")
        },
        Misread("a fault far down", "k:\n- a:\n    b: x\n", " line 3, k[0].a.b: found \"x\", expected an integer") {
            _ = try $0.mappings("k")[0].mapping("a").integer("b")
        },
        Misread("a key missing far down", "a: 1\nk:\n- x: 1\n", " line 3, k[0].b: found no such key, expected text") {
            _ = try $0.mappings("k")[0].string("b")
        },
        Misread("an unknown key", "z: 1", " line 1, z: found an unknown key, expected no keys here") {
            try $0.finish()
        },
        Misread(
            "an unknown key beside known ones", "a: 1\nz: 2\n",
            " line 2, z: found an unknown key, expected one of the keys a, b or name"
        ) {
            _ = try ($0.string("a"), $0.optionalString("name"), $0.contains("b"))
            try $0.finish()
        },
        Misread(
            "a key misspelled", "k:\n- capacty: 1\n",
            " line 2, k[0].capacty: found an unknown key, expected one of the keys capacity or path "
                + "(did you mean capacity?)"
        ) {
            let pool = try $0.mappings("k")[0]
            _ = try (pool.optionalString("path"), pool.integer("capacity", default: 1))
            try pool.finish()
        },
        Misread("an error of the caller's own", "a: 1\nk: x\n", " line 2, k: found \"x\", expected an absolute path") {
            throw $0.error("k", found: "\"x\"", expected: "an absolute path")
        },
        Misread(
            "a long value", "k: \(String(repeating: "x", count: 100))",
            " line 1, k: found \"\(String(repeating: "x", count: 60))…\", expected true or false"
        ) { _ = try $0.boolean("k") },
        Misread(
            "a value of many lines", "k: \"a\\nb\\e\"", " line 1, k: found the quoted text \"a\\nb\\u{1b}\", expected x"
        ) {
            _ = try $0.choice("k", of: ["x"])
        },
    ]
}

struct SettingsReaderTests {
    @Test("A wrong value is refused in one sentence", arguments: Misread.texts + Misread.numbers + Misread.structures)
    func refuses(_ row: Misread) throws {
        let reader = try SettingsReader(YAML.parse(row.text, file: "x.yaml"), file: "x.yaml")
        let error = try #require(throws: SettingsError.self) { try row.read(reader) }
        #expect("\(error)" == "x.yaml\(row.sentence)")
    }

    @Test("A document that is no mapping", arguments: [("[]", "a list"), ("x", "\"x\""), ("---\n", "nothing")])
    func refusesDocuments(_ text: String, _ found: String) throws {
        let root = try YAML.parse(text, file: "x.yaml")
        let error = try #require(throws: SettingsError.self) { try SettingsReader(root, file: "x.yaml") }
        #expect(error.found == found)
        #expect(error.expected == "a mapping")
    }

    @Test("Integers are decimal", arguments: ["0", "-1", "9223372036854775807"])
    func integers(_ text: String) throws {
        #expect(try reader("k: \(text)").integer("k") == Int(text))
    }

    @Test(
        "What could be read as two integers is refused",
        arguments: ["010", "0x1F", "0o17", "1_000", "+5", "1e3", "5.0", "--5"])
    func ambiguousIntegers(_ text: String) throws {
        let reader = try reader("k: \(text)")
        #expect(throws: SettingsError.self) { try reader.integer("k") }
    }

    @Test("Numbers are decimal", arguments: [("1", 1.0), ("-0.5", -0.5), ("1e3", 1000)])
    func numbers(_ text: String, _ value: Double) throws {
        #expect(try reader("k: \(text)").number("k") == value)
    }

    @Test("What is no decimal number is refused", arguments: [".nan", "inf", "nan", "0x1p3", "1e999", "1.2.3", "''"])
    func noNumbers(_ text: String) throws {
        let reader = try reader("k: \(text)")
        #expect(throws: SettingsError.self) { try reader.number("k") }
    }

    @Test("A text keeps its spelling", arguments: ["no", "1.10", "0x1F", "true", "a b", "/dev/sda"])
    func texts(_ text: String) throws {
        #expect(try reader("k: \(text)").string("k") == text)
        #expect(try reader("k: '\(text)'").string("k") == text)
    }

    @Test("A whole file of settings")
    func whole() throws {
        let root = try reader(
            """
            driverName: csi.example.org
            overcommit: 1.5
            maxVolumes: 100
            verbose: true
            roots: [/var/lib/a, /var/lib/b]
            limits: {volumes: 3}
            pools:
              - {name: fast, kind: lvm}
              - {name: slow}
            """)
        #expect(try root.string("driverName") == "csi.example.org")
        #expect(try root.number("overcommit") == 1.5)
        #expect(try root.integer("maxVolumes", in: 1...1000) == 100)
        #expect(try root.boolean("verbose"))
        #expect(try root.strings("roots") == ["/var/lib/a", "/var/lib/b"])
        let limits = try root.mapping("limits")
        #expect(limits.keyPath == "limits")
        #expect(try limits.integer("volumes") == 3)
        try limits.finish()
        let pools = try root.mappings("pools")
        #expect(pools.map(\.keyPath) == ["pools[0]", "pools[1]"])
        #expect(try pools.map { try $0.string("name") } == ["fast", "slow"])
        #expect(try pools.map { try $0.choice("kind", of: Kind.self, default: .file) } == [.lvm, .file])
        for pool in pools { try pool.finish() }
        try root.finish()
    }

    @Test("Keys that are not there give the default or nil")
    func defaults() throws {
        let root = try reader("{}")
        #expect(try root.optionalString("a") == nil)
        #expect(try root.optionalStrings("b") == nil)
        #expect(try root.optionalMapping("c") == nil)
        #expect(try root.optionalMappings("d") == nil)
        #expect(try root.integer("e", in: 1...2, default: 7) == 7)
        #expect(try root.number("f", default: 0.5) == 0.5)
        #expect(try root.boolean("g", default: true))
        #expect(try root.choice("h", of: ["x"], default: "y") == "y")
        #expect(!root.contains("i"))
        try root.finish()
    }

    private func reader(_ text: String) throws -> SettingsReader {
        try SettingsReader(YAML.parse(text, file: "x.yaml"), file: "x.yaml")
    }
}
