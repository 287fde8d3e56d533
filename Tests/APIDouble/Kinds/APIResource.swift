public import JSON

/// A kind of object that the server serves.
public struct APIResource: Sendable {
    public let group: String
    public let version: String
    public let plural: String
    public let kind: String
    public let isNamespaced: Bool
    public var shortNames: [String] = []
    /// Whether it is defined by a CustomResourceDefinition.
    public var isCustom = false
    /// Whether `/status` is a sub-resource, which alone changes the status.
    public var hasStatus = false
    /// What becomes of the status that a creation brings along.
    public var firstStatus = FirstStatus.kept
    public var generation = Generation.none
    public var createsOnUpdate = false
    /// Whether an update without a resourceVersion overwrites.
    public var updatesUnconditionally = true
    /// Whether DELETE answers with the object rather than with a Status.
    public var returnsDeleted = true
    /// What field selectors may name besides metadata.name and metadata.namespace, and where it stands.
    public var selectable: [String: String] = [:]
    var rules = Rules()

    public enum FirstStatus: Sendable {
        case kept, dropped
        case set(JSON)
    }

    public enum Generation: Sendable {
        case none
        /// Only changes count, from nothing: CSIDriver.
        case changes
        /// 1 at creation, and more with each change of anything but metadata and status.
        case specification
    }

    public init(_ group: String, _ version: String, _ plural: String, _ kind: String, isNamespaced: Bool) {
        (self.group, self.version, self.plural, self.kind) = (group, version, plural, kind)
        self.isNamespaced = isNamespaced
    }

    /// A custom resource, as a CustomResourceDefinition makes it.
    public static func custom(
        _ group: String, _ version: String, _ plural: String, _ kind: String, isNamespaced: Bool, hasStatus: Bool
    ) -> APIResource {
        var resource = APIResource(group, version, plural, kind, isNamespaced: isNamespaced)
        resource.isCustom = true
        resource.hasStatus = hasStatus
        resource.firstStatus = hasStatus ? .dropped : .kept
        resource.generation = .specification
        resource.updatesUnconditionally = false
        resource.returnsDeleted = false
        return resource
    }

    public var groupVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    public var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }
    public var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }
    public var singular: String { kind.lowercased() }

    func details(_ name: String) -> JSON {
        var details: JSON = ["kind": .string(plural)]
        if !name.isEmpty { details["name"] = .string(name) }
        if !group.isEmpty { details["group"] = .string(group) }
        return details
    }
}

/// What one kind adds to what holds for all.
struct Rules: Sendable {
    /// Fills in what was left out.
    var fill: @Sendable (inout JSON) -> Void = { _ in }
    /// What admission adds at creation.
    var admit: @Sendable (inout JSON, borrowing StoreState) -> Void = { _, _ in }
    /// What is wrong with an object.
    var check: @Sendable (JSON) -> [APIStatus.Cause] = { _ in [] }
    /// What is wrong with a change: the new object, the old one.
    var checkChange: @Sendable (JSON, JSON) -> [APIStatus.Cause] = { _, _ in [] }
    /// Why admission refuses a change that is valid: the new object, the old one.
    var refuse: @Sendable (JSON, JSON, borrowing StoreState) -> String? = { _, _, _ in nil }
    var name = NameRule.subdomain
    /// Where amounts stand, or objects whose members are amounts.
    var amounts: [String] = []
}
