public import JSON

extension JSON {
    /// The value at a path of member names; nil when there is none. Assigning makes the objects on the way; nil removes.
    public subscript(path path: [String]) -> JSON? {
        get {
            var value: JSON? = self
            for key in path { value = value?[key] }
            return value
        }
        set {
            guard let first = path.first else {
                self = newValue ?? .null
                return
            }
            if path.count == 1 {
                self[first] = newValue
                return
            }
            var member = self[first] ?? [:]
            if newValue == nil && self[first] == nil { return }
            if case .object = member {} else { member = [:] }
            self[first] = nil
            member[path: Array(path.dropFirst())] = newValue
            self[first] = member
        }
    }

    /// The value at a path written with dots: `metadata.name`. Names with dots in them want the other subscript.
    public subscript(at path: String) -> JSON? {
        get { self[path: path.split(separator: ".").map(String.init)] }
        set { self[path: path.split(separator: ".").map(String.init)] = newValue }
    }

    /// Metadata that every object has.
    public var name: String { self["metadata"]?["name"]?.string ?? "" }
    public var namespace: String { self["metadata"]?["namespace"]?.string ?? "" }
    public var uid: String { self["metadata"]?["uid"]?.string ?? "" }
    public var resourceVersion: String { self["metadata"]?["resourceVersion"]?.string ?? "" }
    public var finalizers: [String] { self["metadata"]?["finalizers"]?.array?.compactMap(\.string) ?? [] }
    public var labels: [String: String] { self["metadata"]?["labels"]?.object?.compactMapValues(\.string) ?? [:] }
    public var annotations: [String: String] {
        self["metadata"]?["annotations"]?.object?.compactMapValues(\.string) ?? [:]
    }
    public var isBeingDeleted: Bool { self["metadata"]?["deletionTimestamp"] != nil }
    public var phase: String { self["status"]?["phase"]?.string ?? "" }

    func text(at path: String) -> String { self[at: path]?.string ?? "" }

    /// Without members that are null, which the server's types do not tell from absent ones.
    var withoutNulls: JSON {
        switch self {
        case .object(let members): .object(members.filter { !$0.value.isNull }.mapValues(\.withoutNulls))
        case .array(let elements): .array(elements.map(\.withoutNulls))
        case .null, .bool, .integer, .number, .string: self
        }
    }

    var isEmptyObjectOrArray: Bool { self == [:] || self == [] }
}
