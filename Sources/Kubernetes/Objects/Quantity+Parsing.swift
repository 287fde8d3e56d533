extension Quantity {
    /// Reads an amount; nil for what the server would refuse too.
    ///
    /// A sign, digits with at most one point among them, and nothing, a decimal suffix (n, u, m, k, M, G, T, P, E), a binary
    /// one (Ki to Ei) or an exponent (`e3`, `E-2`) behind them.
    public init?(_ text: String) {
        // Longer ones are none that anybody means, and every digit costs time.
        guard text.utf8.count <= 256 else { return nil }
        var rest = Array(text.utf8)[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty, let scale = Scale(String(decoding: rest, as: UTF8.self)) else {
            return nil
        }
        let digits = Digits(whole: whole, fraction: fraction, movedBy: scale.exponent)
        let amount = digits.times(scale.factor)
        self.init(billionths: isNegative ? -amount : amount, format: scale.format)
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

/// What stands behind the digits.
private struct Scale {
    var factor: UInt128 = 1
    var exponent = 0
    var format = Quantity.Format.decimal

    private static let decimal = ["n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18]
    private static let binary: [String: UInt128] = [
        "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
    ]

    init?(_ suffix: String) {
        if let power = Self.decimal[suffix] {
            exponent = power
        } else if let power = Self.binary[suffix] {
            (factor, format) = (power, .binary)
        } else if suffix.first == "e" || suffix.first == "E" {
            // Int takes a sign, and refuses spaces and what does not fit.
            guard let power = Int(suffix.dropFirst()), (-1_000_000...1_000_000).contains(power) else { return nil }
            (exponent, format) = (power, .exponent)
        } else {
            return nil
        }
    }
}

/// A number in decimal digits, with its point where the exponent has moved it.
private struct Digits {
    private let whole: [UInt8]
    private let fraction: [UInt8]

    init(whole: ArraySlice<UInt8>, fraction: ArraySlice<UInt8>, movedBy exponent: Int) {
        let zero = UInt8(ascii: "0")
        // No amount has more than 300 places on either side of the point, so moving it further changes nothing.
        let exponent = min(max(exponent, -600), 600)
        var digits = Array(whole) + Array(fraction)
        var point = whole.count + exponent
        if point < 0 {
            digits.insert(contentsOf: repeatElement(zero, count: -point), at: 0)
            point = 0
        }
        if point > digits.count { digits += repeatElement(zero, count: point - digits.count) }
        self.whole = Array(digits[..<point].drop { $0 == zero })
        self.fraction = Array(digits[point...])
    }

    /// This many times the factor, in billionths, rounded up, and at most `Quantity.greatest`.
    func times(_ factor: UInt128) -> Int128 {
        let greatest = UInt128(Quantity.greatest)
        guard whole.count <= 19 else { return Quantity.greatest }
        let unit = factor * UInt128(Quantity.billion)
        let (upper, overflow) = number(whole).multipliedReportingOverflow(by: unit)
        guard !overflow, upper <= greatest else { return Quantity.greatest }
        // 36 places are exact for every unit, of which the largest is 2^60 billions: the rest only says that there is a rest.
        let places = fraction.prefix(Self.places)
        let filled = number(Array(places)) * Self.power(of: Self.places - places.count)
        let (lower, remainder) = Self.power(of: Self.places).dividingFullWidth(filled.multipliedFullWidth(by: unit))
        let isMore = remainder > 0 || fraction.dropFirst(Self.places).contains { $0 != UInt8(ascii: "0") }
        return Int128(min(upper + lower + (isMore ? 1 : 0), greatest))
    }

    private static let places = 36

    private static func power(of exponent: Int) -> UInt128 { (0..<exponent).reduce(1) { power, _ in power * 10 } }

    private func number(_ digits: [UInt8]) -> UInt128 {
        digits.reduce(0) { $0 * 10 + UInt128($1 - UInt8(ascii: "0")) }
    }
}
