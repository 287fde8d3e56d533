/// What a request brings to prove or to unlock something, by name.
///
/// However it is printed, and whatever it is printed within, only the number of secrets shows. The bytes lie in memory of
/// their own, which is overwritten when the last copy of this value goes.
public struct Secrets: Equatable, Sendable {
    private let store: SecretStore

    /// Whoever gives secrets as texts has other copies of them in memory already.
    public init(_ secrets: [String: String] = [:]) { self.init(secrets.map { ($0, $1) }) }

    private init(_ secrets: [(String, String)]) {
        let capacity = secrets.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count }
        store = SecretStore(capacity: capacity) { add in
            for var (name, value) in secrets {
                name.withUTF8 { name in value.withUTF8 { add(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer($0)) }
                }
            }
        }
    }

    init(_ store: SecretStore) { self.store = store }

    public var isEmpty: Bool { count == 0 }

    public var count: Int { store.entries.count }

    /// Calls `body` with the bytes of the secret of that name, which last as long as the call; nil when there is none.
    /// A copy of them, such as a `String`, is the caller's to overwrite.
    public func withBytes<Result>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        var name = name
        guard let entry = name.withUTF8({ store.entry(UnsafeRawBufferPointer($0)) }) else { return nil }
        return try body(store.bytes(entry.value))
    }

    func visit(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        for entry in store.entries { body(store.bytes(entry.name), store.bytes(entry.value)) }
    }

    public static func == (one: Secrets, other: Secrets) -> Bool {
        one.store.entries.elementsEqual(other.store.entries) {
            one.store.bytes($0.name).elementsEqual(other.store.bytes($1.name))
                && one.store.bytes($0.value).elementsEqual(other.store.bytes($1.value))
        }
    }
}

extension Secrets: ExpressibleByDictionaryLiteral {
    /// The last of several secrets of one name wins.
    public init(dictionaryLiteral secrets: (String, String)...) { self.init(secrets) }
}

extension Secrets: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { count == 1 ? "(1 secret)" : "(\(count) secrets)" }

    public var debugDescription: String { description }

    /// Without children, so that `dump` finds nothing to print.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
