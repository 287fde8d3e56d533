import Settings
import Testing

/// A command line with what is read from it.
struct Line: CustomTestStringConvertible, Sendable {
    let label: String
    let words: [String]
    let environment: [String: String]
    let values: [String: [String]]

    init(_ label: String, _ words: [String], _ values: [String: [String]], environment: [String: String] = [:]) {
        self.label = label
        self.words = words
        self.environment = environment
        self.values = values
    }

    var testDescription: String { label }

    static let rows = [
        Line("separate values", ["--endpoint", "unix:///a", "V"], ["--endpoint": ["unix:///a"]]),
        Line("attached values", ["--endpoint=unix:///a=b", "V"], ["--endpoint": ["unix:///a=b"]]),
        Line("a default", ["--endpoint", "a", "V"], ["--log-level": ["info"]]),
        Line("a default replaced", ["--endpoint", "a", "V", "--log-level", "debug"], ["--log-level": ["debug"]]),
        Line("options behind arguments", ["V", "--endpoint", "a"], ["VOLUME": ["V"], "--endpoint": ["a"]]),
        Line("a flag", ["--once", "--endpoint", "a", "V"], ["--once": ["true"]]),
        Line("no flag", ["--endpoint", "a", "V"], ["--once": []]),
        Line(
            "repeated options keep their order", ["--tag=b", "--endpoint", "a", "--tag", "a", "V"],
            ["--tag": ["b", "a"]]),
        Line(
            "arguments behind --", ["--endpoint", "a", "--", "--help", "-x"], ["VOLUME": ["--help"], "FILE": ["-x"]]),
        Line("all the arguments", ["--endpoint", "a", "V", "x", "y"], ["VOLUME": ["V"], "FILE": ["x", "y"]]),
        Line("a lone dash is an argument", ["--endpoint", "a", "-"], ["VOLUME": ["-"]]),
        Line("a value that begins with one dash", ["--endpoint", "a", "V", "--max", "-1"], ["--max": ["-1"]]),
        Line("a value that begins with two dashes", ["--endpoint=--a", "V"], ["--endpoint": ["--a"]]),
        Line("from the environment", ["V"], ["--endpoint": ["e"]], environment: ["HOLDFAST_ENDPOINT": "e"]),
        Line(
            "the command line before the environment", ["V", "--endpoint", "a"], ["--endpoint": ["a"]],
            environment: ["HOLDFAST_ENDPOINT": "e"]),
        Line(
            "the environment before the default", ["V", "--endpoint", "a"], ["--log-level": ["warning"]],
            environment: ["HOLDFAST_LOG_LEVEL": "warning"]),
        Line(
            "an empty variable is not set", ["V", "--endpoint", "a"], ["--log-level": ["info"]],
            environment: ["HOLDFAST_LOG_LEVEL": ""]),
        Line(
            "an option without a variable", ["V", "--endpoint", "a"], ["--max": []], environment: ["HOLDFAST_MAX": "5"]),
        Line(
            "a flag from the environment", ["V", "--endpoint", "a"], ["--once": ["true"]],
            environment: ["HOLDFAST_ONCE": "true"]),
        Line(
            "a flag turned off by the environment", ["V", "--endpoint", "a"], ["--once": []],
            environment: ["HOLDFAST_ONCE": "false"]),
    ]
}

/// A command line that is refused.
struct Misuse: CustomTestStringConvertible, Sendable {
    let label: String
    let words: [String]
    let environment: [String: String]
    let problem: String

    init(_ label: String, _ words: [String], _ problem: String, environment: [String: String] = [:]) {
        self.label = label
        self.words = words
        self.environment = environment
        self.problem = problem
    }

    var testDescription: String { label }

    static let rows = [
        Misuse("nothing", [], "--endpoint is missing, and so is HOLDFAST_ENDPOINT in the environment"),
        Misuse("no argument", ["--endpoint", "a"], "VOLUME is missing"),
        Misuse(
            "an option misspelled", ["--endpiont", "a"], "unknown option \"--endpiont\" (did you mean --endpoint?)"),
        Misuse("help misspelled", ["--hepl"], "unknown option \"--hepl\" (did you mean --help?)"),
        Misuse("an option like no other", ["--zzz=1"], "unknown option \"--zzz\""),
        Misuse("a short option", ["-x"], "unknown option \"-x\""),
        Misuse("no value at the end", ["V", "--endpoint"], "--endpoint is given without its value URL"),
        Misuse("no value before an option", ["--endpoint", "--once"], "--endpoint is given without its value URL"),
        Misuse("no value before --", ["--endpoint", "--", "V"], "--endpoint is given without its value URL"),
        Misuse("an empty value", ["--endpoint", ""], "the value of --endpoint is empty, expected URL"),
        Misuse("an empty attached value", ["--endpoint="], "the value of --endpoint is empty, expected URL"),
        Misuse("an empty argument", ["--endpoint", "a", ""], "VOLUME is empty"),
        Misuse("an option twice", ["--endpoint", "a", "--endpoint=a"], "--endpoint is given twice"),
        Misuse("a flag twice", ["--once", "--once"], "--once is given twice"),
        Misuse("a flag with a value", ["--once=true"], "--once takes no value"),
        Misuse(
            "a flag's variable that is neither", ["--endpoint", "a", "V"],
            "HOLDFAST_ONCE in the environment is \"1\", expected true or false", environment: ["HOLDFAST_ONCE": "1"]),
    ]
}

let inspect = Command(
    "inspect", summary: "show what is known of a volume",
    options: [
        .value("--endpoint", "URL", help: "the socket to listen on", required: true, environment: true),
        .value("--log-level", "LEVEL", help: "how much to log", default: "info", environment: true),
        .value("--tag", "TAG", help: "a tag", repeatable: true),
        .value("--max", "N", help: "how many"),
        .flag("--once", help: "stop after one", environment: true),
    ],
    arguments: [.required("VOLUME", help: "the volume's id"), .rest("FILE", help: "a file")])

/// The values of an invocation that must be one to run.
func run(_ invocation: Invocation) throws -> OptionValues {
    guard case .run(let values) = invocation else { throw UsageError(command: "", problem: "help was asked for") }
    return values
}

/// The text of an invocation that must be one for help.
func help(_ invocation: Invocation) throws -> String {
    guard case .help(let text) = invocation else { throw UsageError(command: "", problem: "no help was asked for") }
    return text
}

struct CommandTests {
    @Test("A command line is read", arguments: Line.rows)
    func reads(_ row: Line) throws {
        let values = try run(inspect.parse(row.words) { row.environment[$0] })
        for (name, texts) in row.values {
            #expect(values.strings(name) == texts, "\(name)")
            #expect(values.isSet(name) == !texts.isEmpty, "\(name)")
            #expect(values.optionalString(name) == texts.first, "\(name)")
        }
        #expect(values.command.name == "inspect")
        #expect(values.fullName == "inspect")
    }

    @Test("A wrong command line is refused in one sentence", arguments: Misuse.rows)
    func refuses(_ row: Misuse) throws {
        let error = try #require(throws: UsageError.self) { try inspect.parse(row.words) { row.environment[$0] } }
        #expect("\(error)" == "\(row.problem); see `inspect --help`")
    }

    @Test(
        "Help wins over every mistake",
        arguments: [["--help"], ["-h"], ["--zzz", "--help"], ["--endpoint", "-h"], ["a", "b", "-h", "--"]])
    func helps(_ words: [String]) throws {
        #expect(try help(inspect.parse(words) { _ in nil }) == inspect.helpText)
    }

    @Test("Arguments that may be left out")
    func optionalArguments() throws {
        let command = Command(
            "c", summary: "s", arguments: [.required("A", help: "a"), .optional("B", help: "b")])
        #expect(try run(command.parse(["1"]) { _ in nil }).optionalString("B") == nil)
        #expect(try run(command.parse(["1", "2"]) { _ in nil }).optionalString("B") == "2")
        let error = try #require(throws: UsageError.self) { try command.parse(["1", "2", "3\n"]) { _ in nil } }
        #expect(error.problem == "unexpected argument \"3\\n\"")
        #expect(try run(Command("c", summary: "s").parse([]) { _ in nil }).fullName == "c")
    }

    @Test("The environment of the process")
    func processEnvironment() {
        #expect(Environment.process("PATH")?.isEmpty == false)
        #expect(Environment.process("HOLDFAST_NO_SUCH_VARIABLE") == nil)
    }
}
