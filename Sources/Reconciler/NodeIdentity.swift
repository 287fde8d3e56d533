/// Which driver and which node this process acts for. It never changes while the process runs.
public struct NodeIdentity: Sendable, Hashable {
    /// The CSI driver's name, `csi.holdfast.dev` unless overridden.
    public let driver: String
    /// The node's name in the cluster, which is also the value of its topology segment.
    public let node: String
    /// The topology of the node's volumes, as the plugin tells it (NodeGetInfo).
    public let segments: [String: String]

    public init(driver: String, node: String, segments: [String: String]) {
        self.driver = driver
        self.node = node
        self.segments = segments
    }
}

/// Names that others read and write too.
enum ClusterNames {
    /// Which provisioner a claim waits for: written by the binder, the older name beside the newer one.
    static let provisionerAnnotations = [
        "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
    ]
    /// The node that a claim's volume is to be made on: written by the scheduler, taken back by a provisioner.
    static let selectedNode = "volume.kubernetes.io/selected-node"
    /// The driver that has made a volume.
    static let provisionedBy = "pv.kubernetes.io/provisioned-by"
    /// It keeps a PersistentVolume until its volume is deleted. The standard provisioner's, so that either can go on with the
    /// other's volumes.
    static let volumeFinalizer = "external-provisioner.volume.kubernetes.io/finalizer"
    /// It keeps a claim, and a snapshot, while a volume is being made from them.
    static let cloneFinalizer = "provisioner.storage.kubernetes.io/cloning-protection"
    static let snapshotFinalizer = "provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection"
    /// The secret that goes with DeleteVolume, beside the volume because the class may be gone by then.
    static let deletionSecretName = "volume.kubernetes.io/provisioner-deletion-secret-name"
    static let deletionSecretNamespace = "volume.kubernetes.io/provisioner-deletion-secret-namespace"
    /// The size that a volume had before it grew, for the binder.
    static let sizeBeforeGrowth = "volume.alpha.kubernetes.io/pre-resize-capacity"
    /// The prefix of class parameters that are for us and not for the plugin.
    static let parameterPrefix = "csi.storage.k8s.io/"

    /// The prefix of annotations on the source of a copy, one for each claim that is being filled from it, with the claim's uid:
    /// what was made for such a claim, and for no other, may be deleted when the claim is gone.
    static func fills(_ driver: String) -> String { "\(driver)/fills-" }
    /// The taint that keeps pods from a node until the driver is registered there.
    static func startupTaint(_ driver: String) -> String { "\(driver)/agent-not-ready" }
    /// An operator's word on a PersistentVolume that its node is gone for good; the value is the node's name.
    static func nodeGone(_ driver: String) -> String { "\(driver)/node-gone" }
}
