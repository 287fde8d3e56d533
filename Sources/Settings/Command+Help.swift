/// A line of a help page's table.
struct HelpRow {
    let term: String
    let text: String
}

/// A table of a help page.
struct HelpSection {
    let title: String
    let rows: [HelpRow]
}

/// The line that every help page has.
let helpRow = HelpRow(term: "-h, --help", text: "print this text")

extension Command {
    /// The text that `--help` prints, when this command is an executable of its own.
    public var helpText: String { helpText(fullName: name) }

    func helpText(fullName: String) -> String {
        var usage = [fullName]
        for option in options where option.isRequired { usage.append(option.term) }
        usage.append("[OPTIONS]")
        for argument in arguments {
            switch argument.count {
            case .one: usage.append(argument.name)
            case .atMostOne: usage.append("[\(argument.name)]")
            case .any: usage.append("[\(argument.name)...]")
            }
        }
        return helpPage(
            name: fullName, summary: summary, usage: usage,
            sections: [
                HelpSection(title: "Arguments", rows: arguments.map { HelpRow(term: $0.name, text: $0.help) }),
                HelpSection(title: "Options", rows: options.map(\.helpRow) + [helpRow]),
            ])
    }
}

extension Option {
    fileprivate var term: String {
        switch kind {
        case .flag: name
        case .value(let placeholder): "\(name) \(placeholder)"
        }
    }

    fileprivate var helpRow: HelpRow {
        var notes: [String] = []
        if isRequired { notes.append("required") }
        if isRepeatable { notes.append("may be repeated") }
        if let fallback { notes.append("default: \(fallback)") }
        if let variable { notes.append("environment: \(variable)") }
        return HelpRow(term: term, text: notes.isEmpty ? help : "\(help) (\(notes.joined(separator: "; ")))")
    }
}

/// A help page of at most 100 columns, single words of more excepted.
func helpPage(
    name: String, summary: String, usage: [String], sections: [HelpSection], closing: String? = nil
) -> String {
    let sections = sections.filter { !$0.rows.isEmpty }
    // One column for all the tables; a term that is wider than this has its line to itself.
    let widest = sections.flatMap(\.rows).map(\.term.count).filter { $0 <= 34 }.max() ?? 0
    var lines = wrapped(summary.split(separator: " "), first: "\(name): ", others: "")
    // A term such as `--node-id ID` keeps together: the pieces of the usage are not split at spaces.
    lines += [""] + wrapped(usage[...], first: "Usage: ", others: "         ")
    for section in sections {
        lines += ["", "\(section.title):"]
        for row in section.rows { lines += table(row, width: widest) }
    }
    if let closing { lines += [""] + wrapped(closing.split(separator: " "), first: "", others: "") }
    return lines.map { $0 + "\n" }.joined()
}

private func table(_ row: HelpRow, width: Int) -> [String] {
    let indentation = String(repeating: " ", count: 2 + width + 2)
    let words = row.text.split(separator: " ")
    guard row.term.count <= width else {
        return ["  \(row.term)"] + wrapped(words, first: indentation, others: indentation)
    }
    let gap = String(repeating: " ", count: width - row.term.count + 2)
    return wrapped(words, first: "  \(row.term)\(gap)", others: indentation)
}

/// The words in lines of at most 100 columns.
private func wrapped(_ words: some Collection<some StringProtocol>, first: String, others: String) -> [String] {
    var lines: [String] = []
    var line = first
    var isEmpty = true
    for word in words {
        if !isEmpty, line.count + 1 + word.count > 100 {
            lines.append(line)
            line = others
            isEmpty = true
        }
        line += (isEmpty ? "" : " ") + word
        isEmpty = false
    }
    return lines + [line]
}
