internal import Glibc
internal import JSON
internal import Syscalls

/// A moment of the wall clock as the API writes it (RFC 3339), in microseconds since 1970.
public struct Timestamp: Sendable, Hashable, Comparable {
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static var now: Timestamp { Timestamp(microseconds: wallClockNanoseconds() / 1_000) }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// Reads `2006-01-02T15:04:05Z`, with a fraction and another offset too; nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int32? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy(isDigit) else { return nil }
            return Int32(String(decoding: bytes[range], as: UTF8.self))
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), bytes[4] == UInt8(ascii: "-"),
            bytes[7] == UInt8(ascii: "-"), bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 61
        else { return nil }
        var rest = bytes[19...]
        var fraction: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix(while: isDigit)
            guard !digits.isEmpty else { return nil }
            let six = digits.prefix(6) + Array(repeating: UInt8(ascii: "0"), count: max(0, 6 - digits.count))
            fraction = six.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let offset = Self.offset(rest) else { return nil }
        var time = tm()
        (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1_900, month - 1, day)
        (time.tm_hour, time.tm_min, time.tm_sec) = (hour, minute, second)
        microseconds = (Int64(timegm(&time)) - offset) * 1_000_000 + fraction
    }

    init?(_ value: JSON?) {
        guard let text = value?.string else { return nil }
        self.init(text)
    }

    /// Seconds east of Greenwich.
    private static func offset(_ zone: ArraySlice<UInt8>) -> Int64? {
        let bytes = Array(zone)
        if bytes.count == 1, bytes[0] | 0x20 == UInt8(ascii: "z") { return 0 }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
            bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            [1, 2, 4, 5].allSatisfy({ isDigit(bytes[$0]) })
        else { return nil }
        let digits = [1, 2, 4, 5].map { Int64(bytes[$0] - UInt8(ascii: "0")) }
        let seconds = (digits[0] * 10 + digits[1]) * 3_600 + (digits[2] * 10 + digits[3]) * 60
        return bytes[0] == UInt8(ascii: "-") ? -seconds : seconds
    }

    /// `2006-01-02T15:04:05Z`, as most fields of the API have it.
    public var text: String { "\(civil)Z" }

    /// `2006-01-02T15:04:05.000000Z`, as leases have it.
    public var microText: String { "\(civil).\(padded(within: microseconds, 1_000_000, 6))Z" }

    private var civil: String {
        var seconds = time_t((microseconds - floorRemainder(microseconds, 1_000_000)) / 1_000_000)
        var time = tm()
        gmtime_r(&seconds, &time)
        let date = [(time.tm_year + 1_900, 4), (time.tm_mon + 1, 2), (time.tm_mday, 2)]
        let day = [(time.tm_hour, 2), (time.tm_min, 2), (time.tm_sec, 2)]
        func joined(_ fields: [(Int32, Int)], _ separator: String) -> String {
            fields.map { padded(Int64($0.0), $0.1) }.joined(separator: separator)
        }
        return "\(joined(date, "-"))T\(joined(day, ":"))"
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func floorRemainder(_ value: Int64, _ unit: Int64) -> Int64 {
    let remainder = value % unit
    return remainder < 0 ? remainder + unit : remainder
}

private func padded(within value: Int64, _ unit: Int64, _ width: Int) -> String {
    padded(floorRemainder(value, unit), width)
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
