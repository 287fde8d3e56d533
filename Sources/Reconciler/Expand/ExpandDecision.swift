internal import Kubernetes

/// What is to be done about a claim that may ask for more than it has.
enum ExpandDecision: Equatable {
    case nothing
    /// The volume is to have that size. `isNoted` says that the claim's status names it already, so this goes on with what
    /// was begun before.
    case grow(to: Quantity, isNoted: Bool)
    /// It was found impossible, and nobody has asked for another size since.
    case hold
    /// Its class does not allow it.
    case refuse(String)

    /// As the standard resizer decides, with the recovery from impossible requests (KEP-1790): what was begun is brought to an
    /// end before a size that was asked for later.
    static func decide(
        _ claim: PersistentVolumeClaim, _ volume: PersistentVolume, _ storageClass: StorageClass?,
        _ identity: NodeIdentity
    ) -> ExpandDecision {
        guard claim.phase == "Bound", !claim.isBeingDeleted, claim.volumeName == volume.name,
            let reference = volume.claimRef, reference.uid == claim.uid, !claim.uid.isEmpty,
            volume.csi?.driver == identity.driver, volume.isReachable(from: identity.segments),
            let wanted = claim.requestedStorage, let had = claim.capacity, wanted > had
        else { return .nothing }
        let noted = claim.allocatedStorage
        let progress = claim.allocatedStorageStatus.flatMap(GrowthProgress.init) ?? .none
        if progress == .none, noted == nil, storageClass?.allowVolumeExpansion == false {
            // The server refuses such a change of a claim; the class was changed behind it.
            return .refuse(
                "storage class \"\(claim.storageClassName ?? "")\" does not allow volumes to grow; set allowVolumeExpansion"
            )
        }
        let isLargeEnough = (volume.capacity ?? Quantity(bytes: 0)) >= wanted
        guard let size = size(wanted, noted, progress, volume, isLargeEnough) else { return .nothing }
        if progress == .controllerInfeasible, noted == size { return .hold }
        return .grow(to: size, isNoted: noted == size)
    }

    /// Nil when it is kubelet's turn.
    private static func size(
        _ wanted: Quantity, _ noted: Quantity?, _ progress: GrowthProgress, _ volume: PersistentVolume,
        _ isLargeEnough: Bool
    ) -> Quantity? {
        switch progress {
        case .nodePending, .nodeInProgress:
            guard let noted, !isLargeEnough else { return isLargeEnough ? nil : wanted }
            return (volume.capacity ?? Quantity(bytes: 0)) >= noted ? nil : noted
        case .nodeInfeasible, .controllerInProgress: return noted ?? wanted
        case .controllerInfeasible:
            // Another size was asked for since: it is tried, unless the volume has come to the noted one after all.
            return isLargeEnough ? noted ?? wanted : wanted
        case .none: return isLargeEnough ? noted ?? wanted : wanted
        }
    }
}

/// How far the growth of a claim is (`status.allocatedResourceStatuses`).
enum GrowthProgress: String {
    case none = ""
    case controllerInProgress = "ControllerResizeInProgress"
    case controllerInfeasible = "ControllerResizeInfeasible"
    case nodePending = "NodeResizePending"
    case nodeInProgress = "NodeResizeInProgress"
    case nodeInfeasible = "NodeResizeInfeasible"
}
