/// An amount as Kubernetes writes it.
struct Amount: Comparable {
    /// Thousandths of the unit.
    let thousandths: Int128

    private static let units: [(suffix: String, factor: Int128)] = [
        ("Ki", 1_024_000), ("Mi", 1_024_000 << 10), ("Gi", 1_024_000 << 20), ("Ti", 1_024_000 << 30),
        ("Pi", 1_024_000 << 40), ("Ei", 1_024_000 << 50), ("m", 1), ("k", 1_000_000), ("M", 1_000_000_000),
        ("G", 1_000_000_000_000), ("T", 1_000_000_000_000_000), ("P", 1_000_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000_000),
    ]

    /// Nil for what is no amount.
    init?(_ text: String) {
        var number = text[...]
        let isNegative = number.hasPrefix("-")
        if isNegative || number.hasPrefix("+") { number = number.dropFirst() }
        var factor: Int128 = 1_000
        if let unit = Self.units.first(where: { number.hasSuffix($0.suffix) }) {
            factor = unit.factor
            number = number.dropLast(unit.suffix.count)
        } else if let sign = number.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            guard let exponent = Int(number[number.index(after: sign)...]), (0...18).contains(exponent) else {
                return nil
            }
            for _ in 0..<exponent { factor *= 10 }
            number = number[..<sign]
        }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, number.contains(where: \.isNumber), number.allSatisfy({ $0.isNumber || $0 == "." }),
            let whole = Int128(parts[0].isEmpty ? "0" : parts[0])
        else { return nil }
        var value = whole * factor
        if parts.count == 2, !parts[1].isEmpty {
            guard parts[1].count <= 12, let fraction = Int128(parts[1]) else { return nil }
            var scale: Int128 = 1
            for _ in parts[1] { scale *= 10 }
            value += (fraction * factor + scale - 1) / scale
        }
        thousandths = isNegative ? -value : value
    }

    static func < (left: Amount, right: Amount) -> Bool { left.thousandths < right.thousandths }

    /// The shortest way to write it, as the server gives it back.
    static func canonical(_ text: String) -> String {
        guard let amount = Amount(text), amount.thousandths % 1_000 == 0, amount.thousandths > 0 else { return text }
        let value = amount.thousandths / 1_000
        let isBinary = text.hasSuffix("i")
        let units = isBinary ? ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] : ["k", "M", "G", "T", "P", "E"]
        var (rest, suffix) = (value, "")
        let step: Int128 = isBinary ? 1_024 : 1_000
        for unit in units {
            guard rest % step == 0 else { break }
            rest /= step
            suffix = unit
        }
        return "\(rest)\(suffix)"
    }
}
