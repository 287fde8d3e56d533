internal import JSON

/// An amount as the API writes it (`resource.Quantity`): `1Gi`, `1.5G`, `500m`, `2e3`.
///
/// Exact to a billionth, as the server's own; what is finer is rounded up, away from zero, and what is beyond 2^63 - 1 in
/// magnitude counts as that.
public struct Quantity: Sendable {
    /// How it is printed.
    enum Format: Sendable {
        case binary, decimal, exponent
    }

    /// In billionths. It stays below 2^93.
    let billionths: Int128
    let format: Format

    static let billion: Int128 = 1_000_000_000
    static let greatest = Int128(Int64.max) * billion

    init(billionths: Int128, format: Format) {
        self.billionths = min(max(billionths, -Self.greatest), Self.greatest)
        self.format = format
    }

    /// An amount of bytes, printed with `Ki`, `Mi` and so on where it divides.
    public init(bytes: Int64) { self.init(billionths: Int128(bytes) * Self.billion, format: .binary) }

    init?(_ value: JSON?) {
        switch value {
        case .string(let text): self.init(text)
        case .integer(let number): self.init(billionths: Int128(number) * Self.billion, format: .decimal)
        default: return nil
        }
    }

    /// The whole amount, rounded up (away from zero): a size in bytes.
    public var bytes: Int64 {
        let (quotient, remainder) = billionths.quotientAndRemainder(dividingBy: Self.billion)
        return Int64(clamping: quotient + remainder.signum())
    }

    /// What the server would print: no fraction, and the largest suffix that allows that.
    public var text: String {
        // As the server does: small amounts, and those with a fraction, have no binary suffix.
        let isWhole = billionths % Self.billion == 0
        if format == .binary, isWhole, abs(billionths) >= 1_024 * Self.billion { return binaryText }
        return decimalText
    }

    private var binaryText: String {
        var number = billionths / Self.billion
        var suffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][...]
        var suffix = ""
        while number % 1_024 == 0, let next = suffixes.popFirst() {
            number /= 1_024
            suffix = next
        }
        return "\(number)\(suffix)"
    }

    private var decimalText: String {
        guard billionths != 0 else { return "0" }
        var number = billionths
        var exponent = -9
        while number % 1_000 == 0, exponent < 18 {
            number /= 1_000
            exponent += 3
        }
        if format == .exponent { return exponent == 0 ? "\(number)" : "\(number)e\(exponent)" }
        return "\(number)\(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][exponent / 3 + 3])"
    }
}

extension Quantity: Comparable, Hashable, CustomStringConvertible {
    public static func == (left: Quantity, right: Quantity) -> Bool { left.billionths == right.billionths }
    public static func < (left: Quantity, right: Quantity) -> Bool { left.billionths < right.billionths }
    public func hash(into hasher: inout Hasher) { hasher.combine(billionths) }
    public var description: String { text }
}
