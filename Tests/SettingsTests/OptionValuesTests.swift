import Settings
import Testing

private let serve = Command(
    "serve", summary: "serve",
    options: [
        .value("--max-volumes", "N", help: "how many volumes", default: "256", environment: true),
        .value("--port", "N", help: "the port"),
        .value("--kind", "KIND", help: "the kind", default: "file"),
    ])

/// A value that reads as no number or word.
struct Misvalue: CustomTestStringConvertible, Sendable {
    let label: String
    let words: [String]
    let environment: [String: String]
    let problem: String
    let read: @Sendable (OptionValues) throws -> Void

    init(
        _ label: String, _ words: [String], environment: [String: String] = [:], _ problem: String,
        _ read: @escaping @Sendable (OptionValues) throws -> Void
    ) {
        self.label = label
        self.words = words
        self.environment = environment
        self.problem = problem
        self.read = read
    }

    var testDescription: String { label }

    static let rows = [
        Misvalue(
            "a text as integer", ["--max-volumes", "many"],
            "--max-volumes is \"many\", expected an integer from 1 to 4096"
        ) { _ = try $0.integer("--max-volumes", in: 1...4096) },
        Misvalue("out of range", ["--max-volumes=0"], "--max-volumes is \"0\", expected an integer of at least 1") {
            _ = try $0.integer("--max-volumes", in: 1 ... .max)
        },
        Misvalue(
            "a huge integer", ["--port", "99999999999999999999"],
            "--port is \"99999999999999999999\", expected an integer"
        ) { _ = try $0.optionalInteger("--port") },
        Misvalue("a leading zero", ["--port", "010"], "--port is \"010\", expected an integer") {
            _ = try $0.optionalInteger("--port")
        },
        Misvalue(
            "a variable's value", [], environment: ["HOLDFAST_MAX_VOLUMES": "x"],
            "HOLDFAST_MAX_VOLUMES in the environment is \"x\", expected an integer"
        ) { _ = try $0.integer("--max-volumes") },
        Misvalue("another word", ["--kind", "zip"], "--kind is \"zip\", expected file or disk") {
            _ = try $0.choice("--kind", of: ["file", "disk"])
        },
        Misvalue(
            "another word than the enumeration's", ["--kind", "zip"], "--kind is \"zip\", expected file, disk or lvm"
        ) {
            _ = try $0.choice("--kind", of: Kind.self)
        },
        Misvalue("an error of the caller's own", ["--kind", "x"], "--kind is \"x\", expected an absolute path") {
            throw $0.error("--kind", expected: "an absolute path")
        },
        Misvalue("a value that the caller misses", [], "--port is missing, expected a port") {
            throw $0.error("--port", expected: "a port")
        },
        Misvalue("options that do not go together", [], "--a and --b exclude each other") {
            throw $0.usageError("--a and --b exclude each other")
        },
    ]
}

struct OptionValuesTests {
    @Test("Values read as their types")
    func reads() throws {
        let values = try run(serve.parse(["--port", "8080", "--kind", "lvm"]) { _ in nil })
        #expect(try values.integer("--max-volumes", in: 1...4096) == 256)
        #expect(try values.optionalInteger("--port", in: 1...65535) == 8080)
        #expect(try values.choice("--kind", of: ["file", "lvm"]) == "lvm")
        #expect(try values.choice("--kind", of: Kind.self) == .lvm)
        #expect(values.string("--kind") == "lvm")
    }

    @Test("What was not given is nil")
    func missing() throws {
        let values = try run(serve.parse([]) { _ in nil })
        #expect(try values.optionalInteger("--port") == nil)
        #expect(values.optionalString("--port") == nil)
        #expect(!values.isSet("--port"))
    }

    @Test("A wrong value is refused in one sentence", arguments: Misvalue.rows)
    func refuses(_ row: Misvalue) throws {
        let values = try run(serve.parse(row.words) { row.environment[$0] })
        let error = try #require(throws: UsageError.self) { try row.read(values) }
        #expect("\(error)" == "\(row.problem); see `serve --help`")
    }
}
