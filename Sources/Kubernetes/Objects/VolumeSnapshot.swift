public import JSON

/// What a person asks for: a snapshot of a claim's volume (`snapshot.storage.k8s.io/v1`).
public struct VolumeSnapshot: KubernetesObject {
    public static let resource = Resource.volumeSnapshots
    public var json: JSON

    public init(json: JSON) { self.json = json }

    /// The claim to take it of; nil when its content exists already.
    public var sourceClaimName: String? { json["spec", "source", "persistentVolumeClaimName"]?.string }
    public var className: String? { json["spec", "volumeSnapshotClassName"]?.string }
    public var boundContentName: String? { json["status", "boundVolumeSnapshotContentName"]?.string }
    public var isReadyToUse: Bool { json["status", "readyToUse"]?.bool ?? false }
    public var restoreSize: Quantity? { Quantity(json["status", "restoreSize"]) }
}

/// A snapshot that exists or is to be taken, and which VolumeSnapshot it is for.
public struct VolumeSnapshotContent: KubernetesObject {
    public static let resource = Resource.volumeSnapshotContents
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var driver: String { json["spec", "driver"]?.string ?? "" }
    /// `Delete` or `Retain`.
    public var deletionPolicy: String { json["spec", "deletionPolicy"]?.string ?? "Retain" }
    public var className: String? { json["spec", "volumeSnapshotClassName"]?.string }
    public var snapshotRef: ObjectReference { ObjectReference(json: json["spec", "volumeSnapshotRef"] ?? .null) }
    /// The volume to take it of; nil for a snapshot that existed before.
    public var sourceVolumeHandle: String? { json["spec", "source", "volumeHandle"]?.string }
    /// The snapshot that existed before; nil for one that is to be taken.
    public var sourceSnapshotHandle: String? { json["spec", "source", "snapshotHandle"]?.string }

    public var snapshotHandle: String? {
        get { json["status", "snapshotHandle"]?.string }
        set { json["status", "snapshotHandle"] = newValue.map { .string($0) } }
    }

    public var isReadyToUse: Bool {
        get { json["status", "readyToUse"]?.bool ?? false }
        set { json["status", "readyToUse"] = .bool(newValue) }
    }

    /// Nanoseconds since 1970.
    public var creationTime: Int64? {
        get { json["status", "creationTime"]?.integer }
        set { json["status", "creationTime"] = newValue.map { .integer($0) } }
    }

    /// In bytes.
    public var restoreSize: Int64? {
        get { json["status", "restoreSize"]?.integer }
        set { json["status", "restoreSize"] = newValue.map { .integer($0) } }
    }
}

public struct VolumeSnapshotClass: KubernetesObject {
    public static let resource = Resource.volumeSnapshotClasses
    public var json: JSON

    public init(json: JSON) { self.json = json }

    public var driver: String { json["driver"]?.string ?? "" }
    /// `Delete` or `Retain`.
    public var deletionPolicy: String { json["deletionPolicy"]?.string ?? "Delete" }
    public var parameters: [String: String] { json["parameters"]?.texts ?? [:] }
}
