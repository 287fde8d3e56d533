/// The values of a command line that was read.
///
/// A value is asked for by the name it was declared with: `--endpoint`, `VOLUME`. Asking for a name that was not declared
/// is a programming error, and so is asking for the value of an option that need not have one by other than the
/// `optional…` functions.
public struct OptionValues: Sendable {
    /// The command, so that the caller of a ``CommandTree`` knows which one to run.
    public let command: Command
    /// The command as it was called, such as `holdfast inspect`.
    public let fullName: String
    private let values: [String: [OptionValue]]

    init(command: Command, fullName: String, values: [String: [OptionValue]]) {
        self.command = command
        self.fullName = fullName
        self.values = values
    }

    /// Whether the name has a value from the command line or the environment, or a default. For a flag: whether it is on.
    public func isSet(_ name: String) -> Bool { first(name) != nil }

    /// The text of a required option or argument, or of one with a default.
    public func string(_ name: String) -> String { certain(name).text }

    /// The text, nil when none was given.
    public func optionalString(_ name: String) -> String? { first(name)?.text }

    /// The texts of what may be given more than once, in the order given.
    public func strings(_ name: String) -> [String] {
        checkDeclared(name)
        return values[name, default: []].map(\.text)
    }

    /// The whole number of a required option or argument, or of one with a default.
    public func integer(_ name: String, in range: ClosedRange<Int> = .min ... .max) throws(UsageError) -> Int {
        try integer(name, certain(name), range)
    }

    /// The whole number, nil when none was given.
    public func optionalInteger(
        _ name: String,
        in range: ClosedRange<Int> = .min ... .max
    ) throws(UsageError) -> Int? {
        guard let value = first(name) else { return nil }
        return try integer(name, value, range)
    }

    /// One of the words, for a required option or argument, or one with a default.
    public func choice(_ name: String, of words: [String]) throws(UsageError) -> String {
        let value = certain(name)
        guard words.contains(value.text) else { throw error(name, value, expected: alternatives(words)) }
        return value.text
    }

    /// One of an enumeration's words, for a required option or argument, or one with a default.
    public func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ name: String,
        of type: Choice.Type
    ) throws(UsageError) -> Choice {
        let word = try choice(name, of: Choice.allCases.map(\.rawValue))
        guard let choice = Choice(rawValue: word) else { preconditionFailure("\(type) denies its own case \(word)") }
        return choice
    }

    /// The error for a value that reads well but will not do.
    /// - Parameter expected: what it should be, as a noun phrase.
    public func error(_ name: String, expected: String) -> UsageError {
        guard let value = first(name) else { return usageError("\(name) is missing, expected \(expected)") }
        return error(name, value, expected: expected)
    }

    /// The error for options that do not go together.
    /// - Parameter problem: a sentence without a full stop.
    public func usageError(_ problem: String) -> UsageError { UsageError(command: fullName, problem: problem) }

    private func integer(
        _ name: String,
        _ value: OptionValue,
        _ range: ClosedRange<Int>
    ) throws(UsageError) -> Int {
        guard let number = decimalInteger(value.text), range.contains(number) else {
            throw error(name, value, expected: integerWording(range))
        }
        return number
    }

    private func error(_ name: String, _ value: OptionValue, expected: String) -> UsageError {
        let origin = value.variable.map { "\($0) in the environment" } ?? name
        return usageError("\(origin) is \(quoted(value.text)), expected \(expected)")
    }

    private func certain(_ name: String) -> OptionValue {
        let option = command.options.first { $0.name == name }
        let argument = command.arguments.first { $0.name == name }
        let isCertain = option.map { $0.isRequired || $0.fallback != nil } ?? (argument?.count == .one)
        // Checked even when there is a value, so that the first test of a command finds the mistake.
        guard isCertain, let value = values[name]?.first else {
            preconditionFailure("\(fullName) may be without \(name)")
        }
        return value
    }

    private func first(_ name: String) -> OptionValue? {
        checkDeclared(name)
        return values[name]?.first
    }

    private func checkDeclared(_ name: String) {
        let isDeclared = command.options.contains { $0.name == name } || command.arguments.contains { $0.name == name }
        precondition(isDeclared, "\(fullName) declares no \(name)")
    }
}
