internal import JSON
internal import Kubernetes

/// The states of a growing claim as they are written into its status.
enum GrowthStatus {
    /// The volume is being made larger.
    case resizing(to: Quantity)
    /// kubelet has to make its filesystem larger.
    case nodePending
    /// It has its size.
    case finished(Quantity)
    /// It failed for now.
    case failed(String)
    /// It can never be: the size has to be asked for otherwise.
    case infeasible(String)

    /// The conditions that growing writes; all others in a claim are somebody else's.
    private static let conditions: Set<String> = [
        "Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError",
    ]

    /// What a merge patch of the claim's status holds, with the claim's version: it fails when the claim has changed since.
    func patch(of claim: PersistentVolumeClaim, now: Timestamp) -> JSON {
        var changed = PersistentVolumeClaim(name: claim.name, namespace: claim.namespace)
        changed.resourceVersion = claim.resourceVersion
        var conditions = claim.conditions.filter { !Self.conditions.contains($0.type) }
        let ours = claim.conditions.filter { Self.conditions.contains($0.type) }
        switch self {
        case .resizing(let size):
            changed.allocatedStorage = size
            changed.allocatedStorageStatus = GrowthProgress.controllerInProgress.rawValue
            conditions.append(Self.condition("Resizing", nil, ours, now))
        case .nodePending:
            changed.allocatedStorageStatus = GrowthProgress.nodePending.rawValue
            conditions.append(
                Self.condition(
                    "FileSystemResizePending",
                    "Waiting for user to (re-)start a pod to finish file system resize of volume on node.", ours, now))
        case .finished(let size):
            changed.capacity = size
            changed.json["status", "allocatedResourceStatuses", "storage"] = .null
        case .failed(let reason):
            conditions.append(Self.condition("Resizing", nil, ours, now))
            conditions.append(Self.condition("ControllerResizeError", reason, ours, now))
        case .infeasible(let reason):
            changed.allocatedStorageStatus = GrowthProgress.controllerInfeasible.rawValue
            conditions.append(Self.condition("ControllerResizeError", reason, ours, now))
        }
        changed.conditions = conditions
        return changed.json
    }

    /// A condition that was there already keeps its time.
    private static func condition(_ type: String, _ message: String?, _ old: [Condition], _ now: Timestamp) -> Condition
    {
        if let same = old.first(where: { $0.type == type && $0.message == message }) { return same }
        return Condition(type: type, message: message, since: now)
    }
}
