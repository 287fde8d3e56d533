/// An option of a command: `--name VALUE`, or the flag `--name`.
public struct Option: Sendable {
    enum Kind: Sendable, Equatable {
        case flag
        case value(placeholder: String)
    }

    /// With its two dashes.
    public let name: String
    let kind: Kind
    let help: String
    let fallback: String?
    let isRequired: Bool
    let isRepeatable: Bool
    /// The variable that stands in for the option; nil when there is none.
    let variable: String?

    /// An option with a value.
    /// - Parameters:
    ///   - name: with its two dashes, such as `--node-id`.
    ///   - placeholder: what the help calls the value, such as `ID`.
    ///   - help: a phrase without a full stop.
    ///   - fallback: the value when the option is not given.
    ///   - required: whether the command cannot do without it; not together with a default.
    ///   - repeatable: whether it may be given more than once.
    ///   - environment: whether the variable `HOLDFAST_<NAME>` stands in for the option when it is not given, such as
    ///     `HOLDFAST_NODE_ID` for `--node-id`. A variable that is empty counts as not set, as charts leave it so.
    public static func value(
        _ name: String,
        _ placeholder: String,
        help: String,
        default fallback: String? = nil,
        required: Bool = false,
        repeatable: Bool = false,
        environment: Bool = false
    ) -> Option {
        precondition(fallback == nil || !required, "\(name) has a default and is required")
        precondition(!placeholder.isEmpty, "\(name) has no placeholder")
        return Option(
            name, .value(placeholder: placeholder), help, fallback: fallback, isRequired: required,
            isRepeatable: repeatable, environment: environment)
    }

    /// An option without a value, which is there or not.
    /// - Parameters:
    ///   - name: with its two dashes, such as `--once`.
    ///   - help: a phrase without a full stop.
    ///   - environment: as for an option with a value; the variable is `true` or `false`.
    public static func flag(_ name: String, help: String, environment: Bool = false) -> Option {
        Option(name, .flag, help, fallback: nil, isRequired: false, isRepeatable: false, environment: environment)
    }

    private init(
        _ name: String, _ kind: Kind, _ help: String, fallback: String?, isRequired: Bool, isRepeatable: Bool,
        environment: Bool
    ) {
        precondition(name.hasPrefix("--") && name.count > 2 && !name.contains("="), "\(name) is no name of an option")
        self.name = name
        self.kind = kind
        self.help = help
        self.fallback = fallback
        self.isRequired = isRequired
        self.isRepeatable = isRepeatable
        variable = environment ? "HOLDFAST_" + String(name.dropFirst(2).map { $0 == "-" ? "_" : $0 }).uppercased() : nil
    }
}

/// A positional argument of a command.
public struct Argument: Sendable {
    enum Count: Sendable {
        case one
        case atMostOne
        case any
    }

    /// In capitals, such as `VOLUME`.
    public let name: String
    let help: String
    let count: Count

    /// An argument that must be given.
    public static func required(_ name: String, help: String) -> Argument {
        Argument(name: name, help: help, count: .one)
    }

    /// An argument that may be left out.
    public static func optional(_ name: String, help: String) -> Argument {
        Argument(name: name, help: help, count: .atMostOne)
    }

    /// All the arguments that are left, which may be none. It stands last.
    public static func rest(_ name: String, help: String) -> Argument {
        Argument(name: name, help: help, count: .any)
    }
}

/// A command with its options and arguments: an executable, or one of the commands of a ``CommandTree``.
///
/// `--help` and `-h` are understood everywhere and need no declaration.
public struct Command: Sendable {
    public let name: String
    /// One line without a full stop.
    public let summary: String
    public let options: [Option]
    public let arguments: [Argument]

    /// Declaring a name twice, or an argument after one that may be left out, is a programming error.
    public init(_ name: String, summary: String, options: [Option] = [], arguments: [Argument] = []) {
        let names = options.map(\.name) + arguments.map(\.name) + ["--help"]
        precondition(Set(names).count == names.count, "\(name) declares an option or an argument twice")
        let isOrdered = arguments.indices.dropFirst().allSatisfy { index in
            switch (arguments[index - 1].count, arguments[index].count) {
            case (.one, _), (.atMostOne, .atMostOne), (.atMostOne, .any): true
            case (.atMostOne, .one), (.any, _): false
            }
        }
        precondition(isOrdered, "\(name) declares an argument behind one that may be left out")
        self.name = name
        self.summary = summary
        self.options = options
        self.arguments = arguments
    }
}

/// What a command line asks for.
public enum Invocation: Sendable {
    /// To run the command with these values.
    case run(OptionValues)
    /// To print this text, which ends in a newline, and exit with success.
    case help(String)
}

/// Why a command line or an environment variable is refused, in one sentence.
public struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The command as it was called, such as `holdfast inspect`.
    public let command: String
    /// What is wrong, without a full stop.
    public let problem: String

    public init(command: String, problem: String) {
        self.command = command
        self.problem = problem
    }

    public var description: String { "\(problem); see `\(command) --help`" }
}
