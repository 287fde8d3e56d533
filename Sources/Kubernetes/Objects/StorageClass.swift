public import JSON

/// What a class of volumes is made by, and with which parameters.
public struct StorageClass: KubernetesObject {
    public static let resource = Resource.storageClasses
    public var json: JSON

    public init(json: JSON) { self.json = json }

    /// The driver's name.
    public var provisioner: String {
        get { json["provisioner"]?.string ?? "" }
        set { json["provisioner"] = .string(newValue) }
    }

    public var parameters: [String: String] {
        get { json["parameters"]?.texts ?? [:] }
        set { json["parameters"] = JSON(texts: newValue) }
    }

    /// `Delete` or `Retain`.
    public var reclaimPolicy: String {
        get { json["reclaimPolicy"]?.string ?? "Delete" }
        set { json["reclaimPolicy"] = .string(newValue) }
    }

    public var mountOptions: [String] { json["mountOptions"]?.array?.compactMap(\.string) ?? [] }

    /// `Immediate` or `WaitForFirstConsumer`.
    public var volumeBindingMode: String {
        get { json["volumeBindingMode"]?.string ?? "Immediate" }
        set { json["volumeBindingMode"] = .string(newValue) }
    }

    public var allowVolumeExpansion: Bool {
        get { json["allowVolumeExpansion"]?.bool ?? false }
        set { json["allowVolumeExpansion"] = .bool(newValue) }
    }

    /// Topology terms, of which one has to fit: each has for some keys the values that will do. Empty: every place will.
    public var allowedTopologies: [[String: [String]]] {
        (json["allowedTopologies"]?.array ?? []).map { term in
            let expressions = term["matchLabelExpressions"]?.array ?? []
            return Dictionary(
                expressions.map { ($0["key"]?.string ?? "", $0["values"]?.array?.compactMap(\.string) ?? []) },
                uniquingKeysWith: { first, second in first.filter(second.contains) })
        }
    }
}

/// Mutable parameters of volumes, by name.
public struct VolumeAttributesClass: KubernetesObject {
    public static let resource = Resource.volumeAttributesClasses
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var driverName: String { json["driverName"]?.string ?? "" }
    public var parameters: [String: String] { json["parameters"]?.texts ?? [:] }
}

/// How much a class can still give in one place.
public struct CSIStorageCapacity: KubernetesObject {
    public static let resource = Resource.csiStorageCapacities
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var storageClassName: String {
        get { json["storageClassName"]?.string ?? "" }
        set { json["storageClassName"] = .string(newValue) }
    }

    /// The place, as a label selector over nodes (`matchLabels`).
    public var nodeTopology: [String: String] {
        get { json["nodeTopology", "matchLabels"]?.texts ?? [:] }
        set { json["nodeTopology", "matchLabels"] = JSON(texts: newValue) }
    }

    public var capacity: Quantity? {
        get { Quantity(json["capacity"]) }
        set { json["capacity"] = newValue.map { .string($0.text) } }
    }

    public var maximumVolumeSize: Quantity? {
        get { Quantity(json["maximumVolumeSize"]) }
        set { json["maximumVolumeSize"] = newValue.map { .string($0.text) } }
    }
}

/// What the cluster knows of a CSI driver.
public struct CSIDriver: KubernetesObject {
    public static let resource = Resource.csiDrivers
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var attachRequired: Bool { json["spec", "attachRequired"]?.bool ?? true }
    public var storageCapacity: Bool { json["spec", "storageCapacity"]?.bool ?? false }
}
