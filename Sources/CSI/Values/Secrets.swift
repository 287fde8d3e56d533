/// What a request brings to prove or to unlock something, by name.
///
/// However it is printed, and whatever it is printed within, only the number of secrets shows.
public struct Secrets: Equatable, Sendable {
    /// The secrets themselves: never to be logged, recorded, or passed on by argv or environment.
    public let revealed: [String: String]

    public init(_ revealed: [String: String] = [:]) {
        self.revealed = revealed
    }

    public var isEmpty: Bool { revealed.isEmpty }

    public var count: Int { revealed.count }

    public subscript(name: String) -> String? { revealed[name] }
}

extension Secrets: ExpressibleByDictionaryLiteral {
    /// The last of several secrets of one name wins.
    public init(dictionaryLiteral secrets: (String, String)...) {
        self.init(Dictionary(secrets) { $1 })
    }
}

extension Secrets: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { count == 1 ? "(1 secret)" : "(\(count) secrets)" }

    public var debugDescription: String { description }

    /// Without children, so that `dump` finds nothing to print.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
