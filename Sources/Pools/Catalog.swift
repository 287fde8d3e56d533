/// What the configuration says of one pool.
public struct PoolSettings: Sendable {
    public let name: String
    /// The settings of the pool's kind, such as `path`, as they were written.
    public let options: [String: String]

    public init(name: String, options: [String: String]) {
        self.name = name
        self.options = options
    }
}

/// One key of a pool kind's configuration.
public struct PoolKey: Sendable {
    public let name: String
    public let isRequired: Bool
    /// What a value has to be, as a noun phrase.
    public let expected: String
    private let accepts: @Sendable (String) -> Bool

    init(_ name: String, isRequired: Bool = false, expected: String, accepts: @escaping @Sendable (String) -> Bool) {
        self.name = name
        self.isRequired = isRequired
        self.expected = expected
        self.accepts = accepts
    }

    /// What would be expected instead of this value; nil when it will do.
    public func expectation(_ value: String) -> String? { accepts(value) ? nil : expected }
}

/// A kind of pool: its name and keys in the configuration, and how it is opened.
public struct PoolKind: Sendable {
    public let name: String
    public let keys: [PoolKey]
    /// Opens the pool and takes its lock. The settings' values are acceptable to the keys.
    public let open: @Sendable (PoolSettings) throws(PoolError) -> any Pool
}

/// The kinds of pool there are.
public enum PoolKinds {
    public static let all: [PoolKind] = [
        FilePool.poolKind
    ]

    public static func named(_ name: String) -> PoolKind? { all.first { $0.name == name } }

    public static var names: String { all.map(\.name).joined(separator: ", ") }
}
