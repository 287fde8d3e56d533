internal import JSON
internal import Kubernetes

/// What is to be done about a PersistentVolume of this node, so that its volume goes when nobody wants it any more.
enum DeleteDecision: Equatable {
    case nothing
    /// The volume is deleted, then the finalizer, then the object.
    case delete
    /// It is to be kept until its volume is deleted.
    case addFinalizer
    /// Its volume is not to be deleted after all.
    case removeFinalizer

    static func decide(_ volume: PersistentVolume, _ identity: NodeIdentity) -> DeleteDecision {
        guard let source = volume.csi, source.driver == identity.driver,
            volume.annotations[ClusterNames.provisionedBy] == identity.driver,
            volume.isReachable(from: identity.segments)
        else { return .nothing }
        let isKept = volume.finalizers.contains(ClusterNames.volumeFinalizer)
        guard volume.reclaimPolicy == "Delete" else { return isKept ? .removeFinalizer : .nothing }
        if volume.isBeingDeleted, !isKept {
            // It was decided about already, by whoever took the finalizer away.
            return .nothing
        }
        if volume.phase == "Released" { return .delete }
        return isKept || volume.phase != "Bound" ? .nothing : .addFinalizer
    }
}

extension PersistentVolume {
    /// Whether its affinity names the place of those segments, and no other: such a volume lies there. One without affinity
    /// lies nowhere that could be known.
    func isReachable(from segments: [String: String]) -> Bool {
        let terms = nodeAffinity?["required", "nodeSelectorTerms"]?.array ?? []
        return !terms.isEmpty
            && terms.allSatisfy { term in
                let expressions = term["matchExpressions"]?.array ?? []
                return !expressions.isEmpty
                    && expressions.allSatisfy { expression in
                        guard expression["operator"]?.string == "In", let key = expression["key"]?.string,
                            let value = segments[key]
                        else { return false }
                        return expression["values"]?.array?.compactMap(\.string) == [value]
                    }
            }
    }
}
