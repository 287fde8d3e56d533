/// How a double begins.
public struct APIDoubleOptions: Sendable {
    /// Seconds between bookmarks of a watch that asked for them; the real server's are about 60.
    public var bookmarkSeconds = 60.0
    /// Seconds after which a watch that named no `timeoutSeconds` ends.
    public var watchSeconds = 1_800.0
    /// The certificates that it shows.
    public var serverCertificate = ServerCertificate.valid
    /// Seconds that a list waits for a version that does not exist yet; the real server waits 3.
    public var freshnessSeconds = 3.0
    /// What runs beside it; the others are started with `start(_:)`.
    public var controllers: Set<Controller> = []

    public enum ServerCertificate: Sendable {
        case valid
        case expired
        /// For another host.
        case otherName
        /// Signed by an authority that the kubeconfig does not name.
        case unknownAuthority
    }

    public init() {}
}

/// Controllers of a cluster that run beside its API server.
public enum Controller: Sendable, CaseIterable {
    /// The PV binder: phases, claimRef and volumeName, the annotation that asks a provisioner.
    case binder
    /// Removes kubernetes.io/pvc-protection and kubernetes.io/pv-protection from what is deleted and not in use.
    case protection
    /// Deletes what has no owner any more, and what is in a namespace that is deleted. It looks only when it is started and
    /// when `run` is called, so that a test sees what was before.
    case garbageCollector
}
