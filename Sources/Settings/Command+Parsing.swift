extension Command {
    /// Reads a command line.
    ///
    /// An option's value follows it or its `=`; behind `--` everything is an argument. A value that begins with `--` is
    /// taken only behind `=`. A help option anywhere before `--` wins over every mistake beside it.
    /// - Parameters:
    ///   - words: the command line without the executable's name.
    ///   - environment: the value of a variable; ``Environment/process(_:)`` for the real one.
    public func parse(
        _ words: [String],
        environment: (String) -> String?
    ) throws(UsageError) -> Invocation {
        try parse(words[...], fullName: name, environment: environment)
    }

    func parse(
        _ words: ArraySlice<String>,
        fullName: String,
        environment: (String) -> String?
    ) throws(UsageError) -> Invocation {
        if words.prefix(while: { $0 != "--" }).contains(where: isHelp) { return .help(helpText(fullName: fullName)) }
        var line = CommandLineScanner(command: self, fullName: fullName, words: words)
        try line.scan()
        var values = line.values
        for option in options where values[option.name] == nil {
            if let value = try variable(of: option, fullName, environment) {
                values[option.name] = [value]
            } else if let fallback = option.fallback {
                values[option.name] = [OptionValue(text: fallback, variable: nil)]
            } else if option.isRequired {
                let hint = option.variable.map { ", and so is \($0) in the environment" } ?? ""
                throw UsageError(command: fullName, problem: "\(option.name) is missing\(hint)")
            }
        }
        for argument in arguments where argument.count == .one && values[argument.name] == nil {
            throw UsageError(command: fullName, problem: "\(argument.name) is missing")
        }
        return .run(OptionValues(command: self, fullName: fullName, values: values))
    }

    private func variable(
        of option: Option,
        _ fullName: String,
        _ environment: (String) -> String?
    ) throws(UsageError) -> OptionValue? {
        guard let variable = option.variable, let text = environment(variable), !text.isEmpty else { return nil }
        switch (option.kind, text) {
        case (.value, _), (.flag, "true"): return OptionValue(text: text, variable: variable)
        case (.flag, "false"): return nil
        case (.flag, _):
            let problem = "\(variable) in the environment is \(quoted(text)), expected true or false"
            throw UsageError(command: fullName, problem: problem)
        }
    }
}

/// Whether a word asks for help.
func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

/// The text of an option or argument, and the environment variable that it came from, if it did.
struct OptionValue: Sendable {
    let text: String
    let variable: String?
}

/// Goes through the words of one command line.
private struct CommandLineScanner {
    let command: Command
    let fullName: String
    var words: ArraySlice<String>
    var values: [String: [OptionValue]] = [:]
    private var argumentsTaken = 0

    init(command: Command, fullName: String, words: ArraySlice<String>) {
        self.command = command
        self.fullName = fullName
        self.words = words
    }

    mutating func scan() throws(UsageError) {
        var onlyArguments = false
        while let word = words.popFirst() {
            if !onlyArguments, word == "--" {
                onlyArguments = true
            } else if !onlyArguments, word.hasPrefix("-"), word != "-" {
                try takeOption(word)
            } else {
                try takeArgument(word)
            }
        }
    }

    private mutating func takeOption(_ word: String) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let attached = parts.count == 2 ? String(parts[1]) : nil
        guard let option = command.options.first(where: { $0.name == name }) else { throw unknown(name) }
        if values[name] != nil, !option.isRepeatable { throw error("\(name) is given twice") }
        let text =
            switch option.kind {
            case .flag: try flagText(name, attached)
            case .value(let placeholder): try valueText(name, placeholder, attached)
            }
        values[name, default: []].append(OptionValue(text: text, variable: nil))
    }

    private func flagText(_ name: String, _ attached: String?) throws(UsageError) -> String {
        guard attached == nil else { throw error("\(name) takes no value") }
        return "true"
    }

    private mutating func valueText(
        _ name: String,
        _ placeholder: String,
        _ attached: String?
    ) throws(UsageError) -> String {
        if let attached {
            guard !attached.isEmpty else { throw error("the value of \(name) is empty, expected \(placeholder)") }
            return attached
        }
        // The next option is no value: whoever means it writes --name=--value.
        guard let text = words.first, !text.hasPrefix("--") else {
            throw error("\(name) is given without its value \(placeholder)")
        }
        words.removeFirst()
        // An unset shell variable in quotes, mostly.
        guard !text.isEmpty else { throw error("the value of \(name) is empty, expected \(placeholder)") }
        return text
    }

    private mutating func takeArgument(_ word: String) throws(UsageError) {
        guard argumentsTaken < command.arguments.count else { throw error("unexpected argument \(quoted(word))") }
        let argument = command.arguments[argumentsTaken]
        guard !word.isEmpty else { throw error("\(argument.name) is empty") }
        values[argument.name, default: []].append(OptionValue(text: word, variable: nil))
        switch argument.count {
        case .one, .atMostOne: argumentsTaken += 1
        case .any: break
        }
    }

    private func unknown(_ name: String) -> UsageError {
        let nearest = nearestName(to: name, among: command.options.map(\.name) + ["--help"])
        return error("unknown option \(quoted(name))" + (nearest.map { " (did you mean \($0)?)" } ?? ""))
    }

    private func error(_ problem: String) -> UsageError { UsageError(command: fullName, problem: problem) }
}
