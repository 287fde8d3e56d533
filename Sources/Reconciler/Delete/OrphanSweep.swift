internal import CSI
internal import Diagnostics
internal import Kubernetes
internal import RPC

/// Deletes the volumes that were made for claims that are gone, and that nobody was ever told of: whoever made them ended
/// between the two.
///
/// It looks at what the node holds, and asks the server about each volume that it does not know; it never judges by what it has
/// merely not seen.
struct OrphanSweep: Sendable {
    let cluster: Cluster
    /// See `OrphanDecision.isOrphan`.
    let grace: Double

    /// One look at all volumes of the node; how many were deleted.
    @discardableResult
    func sweep() async throws -> Int {
        var deleted = 0
        for volume in try await cluster.node.volumes() {
            let name = ObjectKey(name: volume.known.name)
            guard let uid = OrphanDecision.claim(of: volume.known.name), cluster.volumes.get(name) == nil,
                OrphanDecision.isOrphan(volume.known, hasClaim: false, hasPersistentVolume: false, grace: grace)
            else { continue }
            let hasVolume = try await exists(PersistentVolume.self, name) { _ in true }
            let hasClaim = try await hasClaim(uid, volume.claim)
            guard
                OrphanDecision.isOrphan(
                    volume.known, hasClaim: hasClaim, hasPersistentVolume: hasVolume, grace: grace)
            else { continue }
            do throws(RPCStatus) {
                try await cluster.node.delete(volume.known.id, secrets: Secrets())
                deleted += 1
                Log.shared.info(
                    "deleted a volume that nobody was told of",
                    ["volume": volume.known.id, "name": volume.known.name, "claim": volume.claim?.description ?? ""])
            } catch {
                Log.shared.warning(
                    "a volume that nobody was told of could not be deleted: \(error)", ["volume": volume.known.id])
            }
        }
        return deleted
    }

    /// Whether a claim of that uid is there. One whose name was not told is looked for among all.
    private func hasClaim(_ uid: String, _ key: ObjectKey?) async throws(KubernetesError) -> Bool {
        if cluster.claims.all.contains(where: { $0.uid == uid }) { return true }
        if let key { return try await exists(PersistentVolumeClaim.self, key) { $0.uid == uid } }
        return try await cluster.client.list(PersistentVolumeClaim.self).items.contains { $0.uid == uid }
    }

    private func exists<Object: KubernetesObject>(
        _ kind: Object.Type, _ key: ObjectKey, _ isMeant: (Object) -> Bool
    ) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            return isMeant(try await cluster.client.get(kind, key))
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }
}
