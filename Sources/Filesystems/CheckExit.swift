/// The exit status of fsck(8), which is a sum of bits and never a plain number: 5 is 'corrected some, left some'.
public struct CheckExit: OptionSet, Sendable, CustomStringConvertible {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let corrected = CheckExit(rawValue: 1)
    public static let rebootNeeded = CheckExit(rawValue: 2)
    public static let uncorrected = CheckExit(rawValue: 4)
    public static let operationalError = CheckExit(rawValue: 8)
    public static let usageError = CheckExit(rawValue: 16)
    public static let cancelled = CheckExit(rawValue: 32)
    public static let libraryError = CheckExit(rawValue: 128)

    /// A check of a large and damaged filesystem takes hours; one that takes a day is not going to end.
    static let limitSeconds: Double = 24 * 3_600

    /// Everything but 'corrected' and 'reboot' leaves the filesystem in doubt; so does a bit that nobody has defined.
    public var forbidsMount: Bool { !isSubset(of: [.corrected, .rebootNeeded]) }

    public var description: String {
        let names: [(CheckExit, String)] = [
            (.corrected, "errors corrected"), (.rebootNeeded, "reboot needed"),
            (.uncorrected, "errors left uncorrected"), (.operationalError, "operational error"),
            (.usageError, "usage error"), (.cancelled, "cancelled"), (.libraryError, "shared library error"),
        ]
        let set = names.filter { contains($0.0) }.map(\.1)
        return "exit status \(rawValue)\(set.isEmpty ? "" : " (\(set.joined(separator: ", ")))")"
    }
}
