public import JSON

/// A volume that exists, and which claim it is for.
public struct PersistentVolume: KubernetesObject {
    public static let resource = Resource.persistentVolumes
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var capacity: Quantity? {
        get { Quantity(json["spec", "capacity", "storage"]) }
        set { json["spec", "capacity", "storage"] = newValue.map { .string($0.text) } }
    }

    /// Nil for a volume that no CSI driver serves.
    public var csi: CSISource? {
        get { json["spec", "csi"].map(CSISource.init(json:)) }
        set { json["spec", "csi"] = newValue?.json }
    }

    /// The claim that it is bound to or kept for; nil while it is free.
    public var claimRef: ObjectReference? {
        get { json["spec", "claimRef"].map(ObjectReference.init(json:)) }
        set { json["spec", "claimRef"] = newValue?.json }
    }

    /// `Retain`, `Delete` or `Recycle`.
    public var reclaimPolicy: String {
        get { json["spec", "persistentVolumeReclaimPolicy"]?.string ?? "Retain" }
        set { json["spec", "persistentVolumeReclaimPolicy"] = .string(newValue) }
    }

    public var storageClassName: String {
        get { json["spec", "storageClassName"]?.string ?? "" }
        set { json["spec", "storageClassName"] = .string(newValue) }
    }

    public var volumeAttributesClassName: String? {
        get { json["spec", "volumeAttributesClassName"]?.string }
        set { json["spec", "volumeAttributesClassName"] = newValue.map { .string($0) } }
    }

    public var mountOptions: [String] {
        get { json["spec", "mountOptions"]?.array?.compactMap(\.string) ?? [] }
        set { json["spec", "mountOptions"] = .unlessEmpty(newValue) }
    }

    public var accessModes: [String] {
        get { json["spec", "accessModes"]?.array?.compactMap(\.string) ?? [] }
        set { json["spec", "accessModes"] = .array(newValue.map { .string($0) }) }
    }

    /// `Filesystem` or `Block`.
    public var volumeMode: String {
        get { json["spec", "volumeMode"]?.string ?? "Filesystem" }
        set { json["spec", "volumeMode"] = .string(newValue) }
    }

    /// From which nodes it can be reached, as the API has it (`required.nodeSelectorTerms`); nil: from all.
    public var nodeAffinity: JSON? {
        get { json["spec", "nodeAffinity"] }
        set { json["spec", "nodeAffinity"] = newValue }
    }

    /// `Pending`, `Available`, `Bound`, `Released` or `Failed`.
    public var phase: String { json["status", "phase"]?.string ?? "Pending" }
}

/// How a volume is reached through a CSI driver (`spec.csi` of a PersistentVolume).
public struct CSISource: Sendable, Equatable {
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public init(driver: String, volumeHandle: String) {
        json = ["driver": .string(driver), "volumeHandle": .string(volumeHandle)]
    }

    public var driver: String { json["driver"]?.string ?? "" }
    public var volumeHandle: String { json["volumeHandle"]?.string ?? "" }

    public var fsType: String? {
        get { json["fsType"]?.string }
        set { json["fsType"] = newValue.map { .string($0) } }
    }

    public var isReadOnly: Bool { json["readOnly"]?.bool ?? false }

    public var volumeAttributes: [String: String] {
        get { json["volumeAttributes"]?.texts ?? [:] }
        set { json["volumeAttributes"] = .unlessEmpty(newValue) }
    }

    /// Which secret goes along with a call.
    public enum SecretUse: String, Sendable, CaseIterable {
        case controllerPublish = "controllerPublishSecretRef"
        case controllerExpand = "controllerExpandSecretRef"
        case nodeStage = "nodeStageSecretRef"
        case nodePublish = "nodePublishSecretRef"
        case nodeExpand = "nodeExpandSecretRef"
    }

    public subscript(secret use: SecretUse) -> ObjectKey? {
        get {
            guard let reference = json[use.rawValue], let name = reference["name"]?.string else { return nil }
            return ObjectKey(namespace: reference["namespace"]?.string, name: name)
        }
        set {
            json[use.rawValue] = newValue.map {
                ["name": .string($0.name), "namespace": .string($0.namespace ?? "")]
            }
        }
    }
}

/// A reference to an object of any kind (`v1.ObjectReference`).
public struct ObjectReference: Sendable, Equatable {
    public var json: JSON

    public init(json: JSON) { self.json = json }

    /// The reference to an object that was read from the server.
    public init(to object: some KubernetesObject) {
        let resource = type(of: object).resource
        json = [
            "apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind), "name": .string(object.name),
        ]
        if let namespace = object.namespace { json["namespace"] = .string(namespace) }
        if !object.uid.isEmpty { json["uid"] = .string(object.uid) }
        if let version = object.resourceVersion { json["resourceVersion"] = .string(version) }
    }

    public var kind: String { json["kind"]?.string ?? "" }
    public var name: String { json["name"]?.string ?? "" }
    public var namespace: String? { json["namespace"]?.string }
    /// Empty when the reference does not say which of the objects of that name is meant.
    public var uid: String { json["uid"]?.string ?? "" }
    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
}
