public import Pools

/// Parameters of a volume that can be changed while it lives (VolumeAttributesClass), understood.
///
/// A new one is a row of `known`, a property here, and a line in `Storage.apply`.
public struct MutableParameters: Sendable, Equatable {
    public static let none = MutableParameters(readAheadKiB: nil, singleWriter: nil, given: [:])

    /// KiB that the kernel reads ahead on the volume's device; nil leaves the kernel's own choice.
    public let readAheadKiB: Int64?
    /// Overrules the StorageClass parameter of that name.
    public let singleWriter: WriterScope?
    /// As they came.
    public let given: [String: String]

    private static let mostReadAhead: Int64 = 1 << 20

    public static let known: [(key: String, values: String)] = [
        ("readAheadKiB", "a whole number from 0 to \(mostReadAhead)"),
        ("singleWriter", WriterScope.allCases.map(\.rawValue).joined(separator: ", ")),
    ]

    private init(readAheadKiB: Int64?, singleWriter: WriterScope?, given: [String: String]) {
        self.readAheadKiB = readAheadKiB
        self.singleWriter = singleWriter
        self.given = given
    }

    public init(_ parameters: [String: String]) throws(VolumeError) {
        let parameters = parameters.filter { !VolumeParameters.describesClaim.contains($0.key) }
        given = parameters
        for (key, value) in parameters.sorted(by: { $0.key < $1.key }) {
            guard let row = Self.known.first(where: { $0.key == key }) else {
                throw .invalid(
                    "the mutable parameter '\(key)' is unknown; known are "
                        + Self.known.map(\.key).joined(separator: ", "))
            }
            let isGood =
                switch key {
                case "readAheadKiB": Self.readAhead(value) != nil
                default: WriterScope(rawValue: value) != nil
                }
            if !isGood { throw .invalid("the mutable parameter '\(key)' is '\(value)'; expected \(row.values)") }
        }
        readAheadKiB = parameters["readAheadKiB"].flatMap(Self.readAhead)
        singleWriter = parameters["singleWriter"].flatMap { WriterScope(rawValue: $0) }
    }

    private static func readAhead(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int64(text), value <= mostReadAhead else {
            return nil
        }
        return value
    }
}
