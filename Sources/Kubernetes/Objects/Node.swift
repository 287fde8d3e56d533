public import JSON

public struct Node: KubernetesObject {
    public static let resource = Resource.nodes
    public var json: JSON

    public init(json: JSON) { self.json = json }

    /// Each with `key`, `value` and `effect`.
    public var taints: [JSON] {
        get { json["spec", "taints"]?.array ?? [] }
        set { json["spec", "taints"] = .unlessEmpty(newValue) }
    }

    public var conditions: [Condition] { json["status", "conditions"]?.array?.map(Condition.init(json:)) ?? [] }
}

/// Which CSI drivers run on a node; it has the node's name.
public struct CSINode: KubernetesObject {
    public static let resource = Resource.csiNodes
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var drivers: [Driver] { json["spec", "drivers"]?.array?.map(Driver.init(json:)) ?? [] }

    public struct Driver: Sendable, Equatable {
        let json: JSON

        public var name: String { json["name"]?.string ?? "" }
        public var nodeID: String { json["nodeID"]?.string ?? "" }
        public var topologyKeys: [String] { json["topologyKeys"]?.array?.compactMap(\.string) ?? [] }
        /// How many volumes the driver takes on this node; nil: no limit.
        public var allocatableCount: Int64? { json["allocatable", "count"]?.integer }
    }
}

public struct Pod: KubernetesObject {
    public static let resource = Resource.pods
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var nodeName: String? { json["spec", "nodeName"]?.string }

    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    public var phase: String { json["status", "phase"]?.string ?? "Unknown" }

    /// The names of the claims that its volumes use.
    public var claimNames: [String] {
        (json["spec", "volumes"]?.array ?? []).compactMap { $0["persistentVolumeClaim", "claimName"]?.string }
    }
}

/// A volume that is, or is to be, attached to a node.
public struct VolumeAttachment: KubernetesObject {
    public static let resource = Resource.volumeAttachments
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var attacher: String { json["spec", "attacher"]?.string ?? "" }
    public var nodeName: String { json["spec", "nodeName"]?.string ?? "" }
    public var persistentVolumeName: String? { json["spec", "source", "persistentVolumeName"]?.string }
    public var isAttached: Bool { json["status", "attached"]?.bool ?? false }
}

/// However it is printed, and whatever it is printed within, none of its values shows.
public struct Secret: KubernetesObject, CustomStringConvertible, CustomReflectable {
    public static let resource = Resource.secrets
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var type: String { json["type"]?.string ?? "Opaque" }

    /// The values by name, without their base64. Nil for one that is no base64.
    public var data: [String: [UInt8]?] { (json["data"]?.texts ?? [:]).mapValues { Base64.decode($0) } }

    public var description: String { "secret \(key) (\(json["data"]?.object?.count ?? 0) values)" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Who leads, and since when (`coordination.k8s.io/v1`).
public struct Lease: KubernetesObject {
    public static let resource = Resource.leases
    public var json: JSON

    public init(json: JSON) { self.json = json }

    /// Nil when nobody holds it.
    public var holderIdentity: String? {
        get { json["spec", "holderIdentity"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        set { json["spec", "holderIdentity"] = .string(newValue ?? "") }
    }

    public var leaseDurationSeconds: Int64 {
        get { json["spec", "leaseDurationSeconds"]?.integer ?? 0 }
        set { json["spec", "leaseDurationSeconds"] = .integer(newValue) }
    }

    public var acquireTime: Timestamp? {
        get { Timestamp(json["spec", "acquireTime"]) }
        set { json["spec", "acquireTime"] = newValue.map { .string($0.microText) } }
    }

    /// By the clock of the holder, which may be wrong: for people, never to be compared with our own.
    public var renewTime: Timestamp? {
        get { Timestamp(json["spec", "renewTime"]) }
        set { json["spec", "renewTime"] = newValue.map { .string($0.microText) } }
    }

    public var leaseTransitions: Int64 {
        get { json["spec", "leaseTransitions"]?.integer ?? 0 }
        set { json["spec", "leaseTransitions"] = .integer(newValue) }
    }
}

/// Something that happened to an object, for people (`v1`).
public struct Event: KubernetesObject {
    public static let resource = Resource.events
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var regarding: ObjectReference { ObjectReference(json: json["involvedObject"] ?? .null) }
    /// `Normal` or `Warning`.
    public var type: String { json["type"]?.string ?? "" }
    public var reason: String { json["reason"]?.string ?? "" }
    public var message: String { json["message"]?.string ?? "" }
    public var count: Int64 { json["count"]?.integer ?? 1 }
    public var lastTimestamp: Timestamp? { Timestamp(json["lastTimestamp"]) }
}
