/// How grave a log line is, from the most talkative on.
public enum LogLevel: String, Sendable, Comparable, CaseIterable {
    case debug, info, warning, error

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}

/// How log lines are written.
public enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}

/// The fields of a log line, in the order written; nil values are left out.
public struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    let pairs: [(String, String)]

    public init(dictionaryLiteral elements: (String, String?)...) {
        pairs = elements.compactMap { key, value in value.map { (key, $0) } }
    }
}

/// One event, ready to be written: a timestamp, a level, a sentence and fields in the order given.
struct LogLine {
    let seconds: Int64
    let milliseconds: Int
    let level: LogLevel
    let message: String
    let fields: [(String, String)]

    func text() -> String {
        var line = "\(timestamp) \(level.rawValue.uppercased()) \(oneLine(message))"
        for (key, value) in fields {
            let plain =
                !value.isEmpty
                && value.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && !isControl($0) }
            line += plain ? " \(key)=\(value)" : " \(key)=\(quoted(value))"
        }
        return line
    }

    func json() -> String {
        var line = "{\"time\":\"\(timestamp)\",\"level\":\"\(level.rawValue)\",\"message\":\(quoted(message))"
        for (key, value) in fields { line += ",\(quoted(key)):\(quoted(value))" }
        return line + "}"
    }

    /// RFC 3339 in UTC, by the civil-from-days rule of the proleptic Gregorian calendar.
    private var timestamp: String {
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let second = Int(seconds - days * 86_400)
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * part + 2) / 5 + 1
        let month = part < 10 ? part + 3 : part - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(year)-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        return "\(date)T\(time).\(padded(milliseconds, 3))Z"
    }
}

private func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A line stays a line: control characters in a message would let a client forge the next one.
private func oneLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(quoted(text).dropFirst().dropLast())
}

/// The control characters of ASCII and of ISO 8859-1, which terminals act on, and Unicode's two ends of a line.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
}

/// A JSON string (RFC 8259, section 7), which is also how text lines quote.
private func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        case "\r": out += "\\r"
        default:
            if isControl(scalar) {
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }
    return out + "\""
}
