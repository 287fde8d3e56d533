/// A kind of object of the Kubernetes API, and where the server keeps it.
public struct Resource: Sendable, Hashable {
    /// Empty for the core group.
    public let group: String
    public let version: String
    /// The name in paths: `persistentvolumeclaims`.
    public let plural: String
    public let kind: String
    public let isNamespaced: Bool

    public init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    /// What objects carry as `apiVersion`: `v1`, `storage.k8s.io/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The folder of the group's version on the server.
    var root: String { group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)" }
}

extension Resource {
    public static let persistentVolumes = core("persistentvolumes", "PersistentVolume", isNamespaced: false)
    public static let persistentVolumeClaims = core("persistentvolumeclaims", "PersistentVolumeClaim")
    public static let nodes = core("nodes", "Node", isNamespaced: false)
    public static let pods = core("pods", "Pod")
    public static let secrets = core("secrets", "Secret")
    public static let events = core("events", "Event")
    public static let storageClasses = storage("storageclasses", "StorageClass")
    public static let csiNodes = storage("csinodes", "CSINode")
    public static let csiDrivers = storage("csidrivers", "CSIDriver")
    public static let csiStorageCapacities = storage("csistoragecapacities", "CSIStorageCapacity", isNamespaced: true)
    public static let volumeAttachments = storage("volumeattachments", "VolumeAttachment")
    /// Version v1 is there from Kubernetes 1.34 on.
    public static let volumeAttributesClasses = storage("volumeattributesclasses", "VolumeAttributesClass")
    public static let volumeSnapshots = snapshot("volumesnapshots", "VolumeSnapshot", isNamespaced: true)
    public static let volumeSnapshotContents = snapshot("volumesnapshotcontents", "VolumeSnapshotContent")
    public static let volumeSnapshotClasses = snapshot("volumesnapshotclasses", "VolumeSnapshotClass")
    public static let leases = Resource(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)
    public static let customResourceDefinitions = Resource(
        group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition", isNamespaced: false)

    private static func core(_ plural: String, _ kind: String, isNamespaced: Bool = true) -> Resource {
        Resource(group: "", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }

    private static func storage(_ plural: String, _ kind: String, isNamespaced: Bool = false) -> Resource {
        Resource(group: "storage.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }

    private static func snapshot(_ plural: String, _ kind: String, isNamespaced: Bool = false) -> Resource {
        Resource(
            group: "snapshot.storage.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }
}
