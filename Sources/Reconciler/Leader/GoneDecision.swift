internal import JSON
internal import Kubernetes

/// What is to be done about a PersistentVolume whose node may have gone for good.
///
/// A node that is not in the cluster any more may come back with its disks, so nothing is given up until an operator says so
/// on the volume: with the annotation `DRIVER/node-gone`, whose value is the node's name. Even then only the objects go that
/// nobody claims any more. What is on the disks stays there.
enum GoneDecision: Equatable {
    case nothing
    /// Its owner and its operator are told that sentence.
    case tell(String)
    /// Our finalizer goes, and then the object: there is no volume to delete any more.
    case release

    /// - Parameters:
    ///   - node: where the volume lies.
    ///   - isThere: whether that node is in the cluster.
    ///   - label: the label of the volumes that has the node's name as its value.
    static func decide(
        _ volume: PersistentVolume, node: String, isThere: Bool, driver: String, label: String
    ) -> GoneDecision {
        let annotation = ClusterNames.nodeGone(driver)
        let word = volume.annotations[annotation]
        if isThere {
            guard let word, !word.isEmpty else { return .nothing }
            return .tell(
                "node \(node) is in the cluster, so its volume is not given up; remove the annotation \(annotation)")
        }
        guard let word, !word.isEmpty else {
            return .tell(
                "node \(node), where the volume lies, is no longer in the cluster; bring it back with its disks, or, if "
                    + "they are lost for good: kubectl annotate pv -l \(label)=\(node) \(annotation)=\(node)")
        }
        guard word == node else {
            return .tell(
                "the annotation \(annotation) names node \(word), but the volume lies on node \(node); name that one")
        }
        let isOurs = volume.finalizers.contains(ClusterNames.volumeFinalizer)
        if volume.isBeingDeleted { return isOurs ? .release : .nothing }
        switch (volume.phase, volume.reclaimPolicy) {
        case ("Released", "Delete"), ("Failed", "Delete"): return .release
        case ("Bound", _):
            return .tell("the volume on node \(node) is given up; it goes when its claim is deleted")
        default:
            return .tell("the volume on node \(node) is given up; delete this object, which nothing else deletes")
        }
    }
}
