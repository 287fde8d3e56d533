/// A JSON value.
///
/// A document is read with ``parse(_:)-([UInt8])`` and written with ``serialized(pretty:)``. Every field survives the way
/// through, known to us or not, so an object of the Kubernetes API can be read, changed in one place and written back.
///
/// Strings compare as Swift compares them: two spellings of one character (composed and decomposed) are equal.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent.
    case integer(Int64)
    /// A number written with a fraction or an exponent.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
}

extension JSON {
    /// The member of that name; nil when there is none, and when this is not an object.
    ///
    /// Assigning makes an object of `null`, and `nil` removes the member. A JSON `null` is assigned as `JSON.null`.
    /// Assigning to a member of an array, a string, a number or a boolean is a programming error.
    public subscript(key: String) -> JSON? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[key]
        }
        set {
            switch self {
            case .object(var members):
                // Let go of the second reference first, so that the dictionary is changed in place and not copied.
                self = .null
                members[key] = newValue
                self = .object(members)
            case .null:
                self = newValue.map { .object([key: $0]) } ?? .null
            case .bool, .integer, .number, .string, .array:
                preconditionFailure("a member is assigned to a JSON value that is no object")
            }
        }
    }

    /// The element at that index; nil when there is none, and when this is not an array.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The text, when this is a string.
    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The value, when this is a number written without fraction and exponent.
    public var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The value, when this is a number of either kind; an integer beyond 2^53 is rounded.
    public var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The value, when this is a boolean.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements, when this is an array.
    public var array: [JSON]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    /// The members, when this is an object.
    public var object: [String: JSON]? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }
}
