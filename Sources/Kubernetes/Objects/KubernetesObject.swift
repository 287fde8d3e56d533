public import JSON

/// A typed view of an object of the Kubernetes API.
///
/// It holds the whole object and gives names to the few fields that are used, so that fields of later versions, and of
/// others, are still there when it is written back.
public protocol KubernetesObject: Sendable {
    static var resource: Resource { get }
    var json: JSON { get set }
    init(json: JSON)
}

/// The name that an object has among those of its kind.
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Nil for objects of the whole cluster.
    public let namespace: String?
    public let name: String

    public init(namespace: String? = nil, name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { namespace.map { "\($0)/\(name)" } ?? name }

    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace ?? "", left.name) < (right.namespace ?? "", right.name)
    }
}

extension KubernetesObject {
    /// A new object that has not been created yet.
    public init(name: String, namespace: String? = nil) {
        var metadata: [String: JSON] = ["name": .string(name)]
        if let namespace { metadata["namespace"] = .string(namespace) }
        self.init(
            json: .object([
                "apiVersion": .string(Self.resource.apiVersion), "kind": .string(Self.resource.kind),
                "metadata": .object(metadata),
            ]))
    }

    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// Empty for an object that has none, which the server never sends.
    public var name: String { json["metadata", "name"]?.string ?? "" }

    public var namespace: String? { json["metadata", "namespace"]?.string }

    public var uid: String { json["metadata", "uid"]?.string ?? "" }

    /// Which state of the object this is. Written back, it makes the write fail when the object has changed since.
    public var resourceVersion: String? {
        get { json["metadata", "resourceVersion"]?.string }
        set { json["metadata", "resourceVersion"] = newValue.map { .string($0) } }
    }

    /// Counts the changes of what is wished for; 0 where the kind does not count them.
    public var generation: Int64 { json["metadata", "generation"]?.integer ?? 0 }

    public var labels: [String: String] {
        get { json["metadata", "labels"]?.texts ?? [:] }
        set { json["metadata", "labels"] = .unlessEmpty(newValue) }
    }

    public var annotations: [String: String] {
        get { json["metadata", "annotations"]?.texts ?? [:] }
        set { json["metadata", "annotations"] = .unlessEmpty(newValue) }
    }

    public var finalizers: [String] {
        get { json["metadata", "finalizers"]?.array?.compactMap(\.string) ?? [] }
        set {
            json["metadata", "finalizers"] = .unlessEmpty(newValue)
        }
    }

    public var ownerReferences: [OwnerReference] {
        get { json["metadata", "ownerReferences"]?.array?.map(OwnerReference.init(json:)) ?? [] }
        set {
            json["metadata", "ownerReferences"] = .unlessEmpty(newValue.map(\.json))
        }
    }

    public var creationTimestamp: Timestamp? { Timestamp(json["metadata", "creationTimestamp"]) }

    public var deletionTimestamp: Timestamp? { Timestamp(json["metadata", "deletionTimestamp"]) }

    /// Whether it was deleted and goes once its finalizers are gone.
    public var isBeingDeleted: Bool { json["metadata", "deletionTimestamp"]?.string != nil }
}

/// Which object another one belongs to, and goes with.
public struct OwnerReference: Sendable, Equatable {
    public let json: JSON

    public init(json: JSON) { self.json = json }

    public init(apiVersion: String, kind: String, name: String, uid: String, isController: Bool = false) {
        var members: [String: JSON] = [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
        ]
        if isController { members["controller"] = true }
        json = .object(members)
    }

    public init(to owner: some KubernetesObject, isController: Bool = false) {
        let resource = type(of: owner).resource
        self.init(
            apiVersion: resource.apiVersion, kind: resource.kind, name: owner.name, uid: owner.uid,
            isController: isController)
    }

    public var apiVersion: String { json["apiVersion"]?.string ?? "" }
    public var kind: String { json["kind"]?.string ?? "" }
    public var name: String { json["name"]?.string ?? "" }
    public var uid: String { json["uid"]?.string ?? "" }
    public var isController: Bool { json["controller"]?.bool ?? false }
}
