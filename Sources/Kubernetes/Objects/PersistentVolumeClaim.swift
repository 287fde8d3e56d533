public import JSON

/// What a person asks for: a volume of a size and a class.
public struct PersistentVolumeClaim: KubernetesObject {
    public static let resource = Resource.persistentVolumeClaims
    public var json: JSON

    public init(json: JSON) { self.json = json }

    /// The annotation that named the class before there was a field for it; it still wins over the field.
    public static let legacyClassAnnotation = "volume.beta.kubernetes.io/storage-class"

    /// The volume that it is bound to, or wants to be bound to; nil while there is none.
    public var volumeName: String? {
        get { json["spec", "volumeName"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        set { json["spec", "volumeName"] = newValue.map { .string($0) } }
    }

    /// Nil when none is named, and the cluster's default has not been filled in. Empty: none is wanted.
    public var storageClassName: String? {
        get { annotations[Self.legacyClassAnnotation] ?? json["spec", "storageClassName"]?.string }
        set { json["spec", "storageClassName"] = newValue.map { .string($0) } }
    }

    public var volumeAttributesClassName: String? { json["spec", "volumeAttributesClassName"]?.string }

    public var accessModes: [String] {
        get { json["spec", "accessModes"]?.array?.compactMap(\.string) ?? [] }
        set { json["spec", "accessModes"] = .array(newValue.map { .string($0) }) }
    }

    /// `Filesystem` or `Block`.
    public var volumeMode: String {
        get { json["spec", "volumeMode"]?.string ?? "Filesystem" }
        set { json["spec", "volumeMode"] = .string(newValue) }
    }

    /// The size that is asked for; nil when there is none or it is none.
    public var requestedStorage: Quantity? {
        get { Quantity(json["spec", "resources", "requests", "storage"]) }
        set { json["spec", "resources", "requests", "storage"] = newValue.map { .string($0.text) } }
    }

    public var storageLimit: Quantity? { Quantity(json["spec", "resources", "limits", "storage"]) }

    /// Which of the existing volumes will do; a provisioner cannot make one to fit.
    public var selector: JSON? { json["spec", "selector"] }

    public var dataSource: DataSource? { DataSource(json["spec", "dataSource"]) }

    /// It stands for ``dataSource`` too where that is filled in, and may name other kinds and namespaces.
    public var dataSourceRef: DataSource? { DataSource(json["spec", "dataSourceRef"]) }

    /// `Pending`, `Bound` or `Lost`.
    public var phase: String { json["status", "phase"]?.string ?? "Pending" }

    /// The size that it has; nil until it is bound.
    public var capacity: Quantity? {
        get { Quantity(json["status", "capacity", "storage"]) }
        set { json["status", "capacity", "storage"] = newValue.map { .string($0.text) } }
    }

    public var conditions: [Condition] {
        get { json["status", "conditions"]?.array?.map(Condition.init(json:)) ?? [] }
        set { json["status", "conditions"] = .array(newValue.map(\.json)) }
    }

    /// The size that is set aside for it while it grows; see the API's `status.allocatedResources`.
    public var allocatedStorage: Quantity? {
        get { Quantity(json["status", "allocatedResources", "storage"]) }
        set { json["status", "allocatedResources", "storage"] = newValue.map { .string($0.text) } }
    }

    /// How far its growth is, such as `ControllerResizeInProgress` or `NodeResizePending`; nil when it does not grow.
    public var allocatedStorageStatus: String? {
        get { json["status", "allocatedResourceStatuses", "storage"]?.string }
        set { json["status", "allocatedResourceStatuses", "storage"] = newValue.map { .string($0) } }
    }

    public var currentVolumeAttributesClassName: String? { json["status", "currentVolumeAttributesClassName"]?.string }
}

/// Where the content of a new volume comes from.
public struct DataSource: Sendable, Equatable {
    /// Empty for the core group.
    public let apiGroup: String
    public let kind: String
    public let name: String
    /// Nil for the claim's own.
    public let namespace: String?

    public init(apiGroup: String = "", kind: String, name: String, namespace: String? = nil) {
        self.apiGroup = apiGroup
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }

    init?(_ json: JSON?) {
        guard let json, let kind = json["kind"]?.string, let name = json["name"]?.string else { return nil }
        self.init(
            apiGroup: json["apiGroup"]?.string ?? "", kind: kind, name: name, namespace: json["namespace"]?.string)
    }
}

/// One of the `status.conditions` of an object.
public struct Condition: Sendable, Equatable {
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public init(type: String, status: String = "True", reason: String? = nil, message: String? = nil, since: Timestamp)
    {
        json = ["type": .string(type), "status": .string(status), "lastTransitionTime": .string(since.text)]
        if let reason { json["reason"] = .string(reason) }
        if let message { json["message"] = .string(message) }
    }

    public var type: String { json["type"]?.string ?? "" }
    /// `True`, `False` or `Unknown`.
    public var status: String { json["status"]?.string ?? "Unknown" }
    public var reason: String? { json["reason"]?.string }
    public var message: String? { json["message"]?.string }
    public var lastTransitionTime: Timestamp? { Timestamp(json["lastTransitionTime"]) }
}
