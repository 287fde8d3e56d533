/// An executable with several commands, such as `holdfast volumes` and `holdfast inspect VOLUME`.
public struct CommandTree: Sendable {
    public let name: String
    /// One line without a full stop.
    public let summary: String
    public let commands: [Command]

    /// Declaring a command twice is a programming error.
    public init(_ name: String, summary: String, commands: [Command]) {
        precondition(Set(commands.map(\.name)).count == commands.count, "\(name) declares a command twice")
        self.name = name
        self.summary = summary
        self.commands = commands
    }

    /// Picks the command by the first word and reads the others as ``Command/parse(_:environment:)`` does.
    /// - Parameters:
    ///   - words: the command line without the executable's name.
    ///   - environment: the value of a variable; ``Environment/process(_:)`` for the real one.
    public func parse(
        _ words: [String],
        environment: (String) -> String?
    ) throws(UsageError) -> Invocation {
        guard let word = words.first else { throw error("a command is missing") }
        if isHelp(word) { return .help(helpText) }
        if let command = commands.first(where: { $0.name == word }) {
            return try command.parse(words.dropFirst(), fullName: "\(name) \(word)", environment: environment)
        }
        if word.hasPrefix("-") { throw error("\(quoted(word)) stands before the command, expected the command first") }
        let nearest = nearestName(to: word, among: commands.map(\.name)).map { " (did you mean \($0)?)" } ?? ""
        throw error("unknown command \(quoted(word))\(nearest)")
    }

    /// The text that `--help` prints.
    public var helpText: String {
        helpPage(
            name: name, summary: summary, usage: [name, "COMMAND", "[OPTIONS]"],
            sections: [
                HelpSection(title: "Commands", rows: commands.map { HelpRow(term: $0.name, text: $0.summary) }),
                HelpSection(title: "Options", rows: [helpRow]),
            ], closing: "`\(name) COMMAND --help` tells more of a command.")
    }

    private func error(_ problem: String) -> UsageError { UsageError(command: name, problem: problem) }
}
