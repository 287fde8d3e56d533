public import JSON

extension JSON {
    /// The value behind several keys, one inside the other; nil when any of them is missing.
    ///
    /// Assigning makes the objects on the way, also in the place of something that is none; `nil` removes the last key
    /// and leaves the objects on the way.
    public subscript(_ first: String, _ second: String, _ rest: String...) -> JSON? {
        get { ([second] + rest).reduce(self[first]) { $0?[$1] } }
        set { set(([first, second] + rest)[...], newValue) }
    }

    private mutating func set(_ path: ArraySlice<String>, _ value: JSON?) {
        guard let key = path.first else { return }
        guard case .object(var members) = self else {
            if value == nil { return }
            self = .object([:])
            return set(path, value)
        }
        // Let go of the second reference first, so that the dictionary is changed in place and not copied.
        self = .null
        if path.count == 1 {
            members[key] = value
        } else if value != nil || members[key] != nil {
            members[key, default: .object([:])].set(path.dropFirst(), value)
        }
        self = .object(members)
    }

    /// The texts of an object whose values are texts, such as labels; others are left out.
    public var texts: [String: String] { (object ?? [:]).compactMapValues(\.string) }

    public init(texts: [String: String]) { self = .object(texts.mapValues { .string($0) }) }

    // What is empty is left out of an object. These say so with an Optional: where a JSON can stand, `nil` is a JSON null.

    static func unlessEmpty(_ texts: [String: String]) -> JSON? { texts.isEmpty ? JSON?.none : JSON(texts: texts) }

    static func unlessEmpty(_ elements: [JSON]) -> JSON? { elements.isEmpty ? JSON?.none : .array(elements) }

    static func unlessEmpty(_ texts: [String]) -> JSON? { unlessEmpty(texts.map { JSON.string($0) }) }
}
