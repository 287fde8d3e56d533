/// A text in quotes, short enough for a sentence and on one line.
func quoted(_ text: String) -> String {
    let limit = 60
    var result = "\""
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < limit else { return result + "…\"" }
        count += 1
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
    return result + "\""
}

/// The words joined as `a, b or c`.
func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "nothing" }
    return words.dropLast().joined(separator: ", ") + " or " + last
}

/// What an integer of that range is called.
func integerWording(_ range: ClosedRange<Int>) -> String {
    wording("an integer", range, isUnlimited: (range.lowerBound == .min, range.upperBound == .max))
}

/// What a number of that range is called.
func numberWording(_ range: ClosedRange<Double>) -> String {
    let greatest = Double.greatestFiniteMagnitude
    return wording("a number", range, isUnlimited: (range.lowerBound <= -greatest, range.upperBound >= greatest))
}

private func wording<Bound>(_ noun: String, _ range: ClosedRange<Bound>, isUnlimited: (Bool, Bool)) -> String {
    switch isUnlimited {
    case (true, true): noun
    case (false, true): "\(noun) of at least \(range.lowerBound)"
    case (true, false): "\(noun) of at most \(range.upperBound)"
    case (false, false): "\(noun) from \(range.lowerBound) to \(range.upperBound)"
    }
}

/// The integer of a decimal text; nil for anything that YAML 1.1, YAML 1.2 and a person might read differently, such as
/// `010`, `1_000`, `0x1F` and `+5`.
func decimalInteger(_ text: String) -> Int? {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        digits.count == 1 || digits.first != UInt8(ascii: "0")
    else { return nil }
    return Int(text)
}

/// The number of a decimal text, with or without fraction and exponent; nil for infinities, NaN and hexadecimal.
func decimalNumber(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
        case UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }
    guard isDecimal, let number = Double(text), number.isFinite else { return nil }
    return number
}
