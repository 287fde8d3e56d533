/// A volume of the node as far as it matters for whether anybody wants it.
struct KnownVolume: Equatable {
    let id: String
    let name: String
    /// Whether it was never staged since it was made, so that nobody can have written to it.
    let isUnused: Bool
    /// Seconds since it was made.
    let age: Double
}

/// Whether a volume was left behind by a provisioner that ended between making it and telling of it.
enum OrphanDecision {
    /// The uid of the claim that a volume was made for; nil if it was made by somebody else.
    static func claim(of name: String) -> String? {
        guard name.hasPrefix("pvc-") else { return nil }
        let uid = String(name.dropFirst(4))
        let groups = uid.split(separator: "-", omittingEmptySubsequences: false)
        let isUID =
            groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && groups.allSatisfy { $0.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }
        return isUID ? uid : nil
    }

    /// Whether the volume may be deleted although nobody has asked for it. Only one that was never staged, that no
    /// PersistentVolume speaks of and whose claim is gone holds nothing that anybody could miss.
    ///
    /// - Parameter grace: seconds that a volume must be old, because whoever is making it may not have told yet.
    static func isOrphan(_ volume: KnownVolume, hasClaim: Bool, hasPersistentVolume: Bool, grace: Double) -> Bool {
        claim(of: volume.name) != nil && volume.isUnused && volume.age >= grace && !hasClaim && !hasPersistentVolume
    }
}
