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
    private var sources: ContentSources { ContentSources(cluster: cluster) }

    /// One look at the volumes of the node; how many were deleted.
    ///
    /// - Parameter source: looks at the copies of that volume alone, and at young ones too: it is about to be let go, and
    ///   nobody will know any more that they were being made.
    @discardableResult
    func sweep(copiesOf source: String? = nil) async throws -> Int {
        var deleted = 0
        for volume in try await cluster.node.volumes() {
            if let source {
                guard case .volume(source)? = volume.source else { continue }
            }
            guard try await isOrphan(volume, grace: source == nil ? grace : 0) else { continue }
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

    private func isOrphan(_ volume: HeldVolume, grace: Double) async throws -> Bool {
        let (known, name) = (volume.known, ObjectKey(name: volume.known.name))
        func decide(hasClaim: Bool, hasPersistentVolume: Bool) -> Bool {
            OrphanDecision.isOrphan(known, hasClaim: hasClaim, hasPersistentVolume: hasPersistentVolume, grace: grace)
        }
        guard let uid = OrphanDecision.claim(of: known.name), decide(hasClaim: false, hasPersistentVolume: false),
            cluster.volumes.byIndex(Cluster.handleIndex, known.id).isEmpty
        else { return false }
        // One of that name that speaks of another volume says that the claim has got its volume elsewhere.
        let named = try await read(PersistentVolume.self, name)
        let hasClaim = named == nil ? try await self.hasClaim(uid, volume.claim) : false
        guard decide(hasClaim: hasClaim, hasPersistentVolume: named?.csi?.volumeHandle == known.id) else {
            return false
        }
        // A copy holds data from the first moment on. Its source says for which claims copies are being made; afterwards one
        // belongs to whoever has asked for it, whether or not an object speaks of it.
        if let source = volume.source, try await !sources.fills(uid, from: source) { return false }
        // An object may speak of it by any name.
        return try await !cluster.client.list(PersistentVolume.self).items.contains {
            $0.csi?.driver == cluster.identity.driver && $0.csi?.volumeHandle == known.id
        }
    }

    /// Whether a claim of that uid is there. One whose name was not told is looked for among all.
    private func hasClaim(_ uid: String, _ key: ObjectKey?) async throws(KubernetesError) -> Bool {
        if cluster.claims.all.contains(where: { $0.uid == uid }) { return true }
        if let key { return try await read(PersistentVolumeClaim.self, key)?.uid == uid }
        return try await cluster.client.list(PersistentVolumeClaim.self).items.contains { $0.uid == uid }
    }

    private func read<Object: KubernetesObject>(
        _ kind: Object.Type, _ key: ObjectKey
    ) async throws(KubernetesError) -> Object? {
        do throws(KubernetesError) {
            return try await cluster.client.get(kind, key)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }
}
