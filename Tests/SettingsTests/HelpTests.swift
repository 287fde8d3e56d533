import Settings
import Testing

private let tree = CommandTree(
    "holdfast", summary: "look after the volumes of a node",
    commands: [
        Command("demo", summary: "show one volume's life"),
        Command("volumes", summary: "list the volumes"),
        inspect,
    ])

struct HelpTests {
    @Test("The page of a command")
    func command() {
        let page = """
            inspect: show what is known of a volume

            Usage: inspect --endpoint URL [OPTIONS] VOLUME [FILE...]

            Arguments:
              VOLUME             the volume's id
              FILE               a file

            Options:
              --endpoint URL     the socket to listen on (required; environment: HOLDFAST_ENDPOINT)
              --log-level LEVEL  how much to log (default: info; environment: HOLDFAST_LOG_LEVEL)
              --tag TAG          a tag (may be repeated)
              --max N            how many
              --once             stop after one (environment: HOLDFAST_ONCE)
              -h, --help         print this text

            """
        #expect(inspect.helpText == page)
    }

    @Test("The page of a tree")
    func trees() {
        let page = """
            holdfast: look after the volumes of a node

            Usage: holdfast COMMAND [OPTIONS]

            Commands:
              demo        show one volume's life
              volumes     list the volumes
              inspect     show what is known of a volume

            Options:
              -h, --help  print this text

            `holdfast COMMAND --help` tells more of a command.

            """
        #expect(tree.helpText == page)
    }

    @Test("Long texts are wrapped at 100 columns, and wide terms have a line to themselves")
    func wraps() {
        let words = Array(repeating: "word", count: 60).joined(separator: " ")
        let command = Command(
            "wide", summary: words,
            options: [
                .value("--\(String(repeating: "x", count: 40))", "VALUE", help: words),
                .value("--short", "VALUE", help: words, required: true),
            ] + (1...9).map { .value("--required-\($0)", "VALUE", help: "h", required: true) })
        let lines = command.helpText.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 100 && $0.last != " " })
        #expect(lines.contains { $0.count > 90 })
        #expect(lines.contains("  --\(String(repeating: "x", count: 40)) VALUE"))
        #expect(lines.contains { $0.hasPrefix("  --short VALUE       word word") })
        #expect(lines.filter { $0.hasPrefix("                      word") }.count >= 6)
        #expect(lines.contains { $0.hasPrefix("Usage: wide --short VALUE --required-1 VALUE") })
        #expect(lines.contains { $0.hasPrefix("         --required-") })
    }
}

struct CommandTreeTests {
    @Test("The first word picks the command")
    func picks() throws {
        let values = try run(tree.parse(["inspect", "V", "--endpoint", "a"]) { _ in nil })
        #expect(values.command.name == "inspect")
        #expect(values.fullName == "holdfast inspect")
        #expect(values.string("VOLUME") == "V")
        #expect(
            try run(tree.parse(["inspect", "V"]) { $0 == "HOLDFAST_ENDPOINT" ? "e" : nil }).string("--endpoint") == "e")
    }

    @Test("Help of the tree and of a command")
    func helps() throws {
        #expect(try help(tree.parse(["--help"]) { _ in nil }) == tree.helpText)
        #expect(try help(tree.parse(["-h", "inspect"]) { _ in nil }) == tree.helpText)
        let page = try help(tree.parse(["inspect", "-h"]) { _ in nil })
        #expect(
            page.hasPrefix("holdfast inspect: show what is known of a volume\n\nUsage: holdfast inspect --endpoint URL")
        )
    }

    @Test(
        "A wrong command line is refused in one sentence",
        arguments: [
            ([], "a command is missing; see `holdfast --help`"),
            (["volume"], "unknown command \"volume\" (did you mean volumes?); see `holdfast --help`"),
            (["zzz"], "unknown command \"zzz\"; see `holdfast --help`"),
            ([""], "unknown command \"\"; see `holdfast --help`"),
            (
                ["--once", "inspect"],
                "\"--once\" stands before the command, expected the command first; see `holdfast --help`"
            ),
            (["demo", "x"], "unexpected argument \"x\"; see `holdfast demo --help`"),
            (
                ["inspect", "V"],
                "--endpoint is missing, and so is HOLDFAST_ENDPOINT in the environment; see `holdfast inspect --help`"
            ),
        ] as [([String], String)])
    func refuses(_ words: [String], _ sentence: String) throws {
        let error = try #require(throws: UsageError.self) { try tree.parse(words) { _ in nil } }
        #expect("\(error)" == sentence)
    }
}
