internal import CSI
internal import RPC
internal import Settings
internal import Volumes

/// A volume that stands in a pod's own specification (`csi:` with `volumeAttributes`), understood.
///
/// Whoever may make a pod writes these attributes, so they are few: none that a StorageClass has beside them, for those are
/// the administrator's.
struct EphemeralVolume {
    /// Set by kubelet (CSIDriver, `volumeLifecycleModes`).
    static let key = "csi.storage.k8s.io/ephemeral"

    private static let sizeKey = "size"
    private static let filesystemKey = "csi.storage.k8s.io/fstype"
    private static let poolKey = "pool"

    /// What kubelet adds of the pod by itself (`podInfoOnMount`, `tokenRequests`).
    private static let addedKeys: Set<String> = [
        key, "csi.storage.k8s.io/pod.name", "csi.storage.k8s.io/pod.namespace", "csi.storage.k8s.io/pod.uid",
        "csi.storage.k8s.io/serviceAccount.name", "csi.storage.k8s.io/serviceAccount.tokens",
    ]

    let order: EphemeralOrder

    init(_ request: NodePublishVolumeRequest, _ capability: Capability) throws(RPCStatus) {
        let allowed = [Self.sizeKey, Self.filesystemKey, Self.poolKey]
        let attributes = request.volumeContext.filter { !Self.addedKeys.contains($0.key) }
        if let other = attributes.keys.sorted().first(where: { !allowed.contains($0) }) {
            throw .invalid(
                "the attribute '\(other)' is not for an ephemeral volume; it takes \(allowed.joined(separator: ", "))")
        }
        guard case .mount(let wanted) = capability.access else {
            throw .invalid("an ephemeral volume is a mounted filesystem, not a raw block device")
        }
        if request.readonly || !capability.mode.mayWrite {
            throw .invalid("an ephemeral volume is empty, so a read-only one would never hold anything")
        }
        let named = attributes[Self.filesystemKey]
        if let wanted, let named, wanted != named {
            throw .invalid("the volume asks for \(wanted) and its attribute \(Self.filesystemKey) for \(named)")
        }
        order = EphemeralOrder(
            name: try requireName(request.volumeID, "volume_id"), targetPath: request.targetPath,
            size: try Self.bytes(attributes[Self.sizeKey]), pool: attributes[Self.poolKey],
            access: .mount(filesystem: wanted ?? named), mountFlags: capability.mountFlags)
    }

    /// A Kubernetes quantity: a whole number with `Ki`, `Mi`, `Gi`, `Ti`, `k`, `M`, `G`, `T` or nothing behind it.
    private static func bytes(_ text: String?) throws(RPCStatus) -> Int64 {
        guard let text else { return 0 }
        guard let bytes = Quantity.bytes(text), bytes > 0 else {
            throw .invalid("the attribute '\(sizeKey)' is '\(text)'; expected a size such as 500Mi or 2Gi")
        }
        return bytes
    }
}
