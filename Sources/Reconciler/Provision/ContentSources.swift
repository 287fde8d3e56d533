internal import CSI
internal import JSON
internal import Kubernetes

/// Where the content of a claim's volume comes from.
enum ClaimSource: Equatable {
    case none
    case claim(ObjectKey)
    case snapshot(ObjectKey)
    /// Somebody else fills it: it is not ours to make.
    case populator(String)

    init(_ claim: PersistentVolumeClaim) throws(OrderError) {
        guard let source = claim.dataSourceRef ?? claim.dataSource else {
            self = .none
            return
        }
        guard !source.name.isEmpty else { throw OrderError("the claim's data source has no name") }
        if let namespace = source.namespace, namespace != claim.namespace {
            throw OrderError(
                "the data source lies in namespace \"\(namespace)\"; one of the claim's own namespace is needed")
        }
        let key = ObjectKey(namespace: claim.namespace, name: source.name)
        switch (source.apiGroup, source.kind) {
        case ("", "PersistentVolumeClaim"): self = .claim(key)
        case ("snapshot.storage.k8s.io", "VolumeSnapshot"): self = .snapshot(key)
        case (_, "VolumeSnapshot"):
            throw OrderError(
                "the data source is a VolumeSnapshot of \"\(source.apiGroup)\", not of snapshot.storage.k8s.io")
        default: self = .populator("\(source.kind) \(source.name)")
        }
    }
}

/// Finds the volume or snapshot that a claim's content comes from, and keeps it while it is being copied.
struct ContentSources: Sendable {
    let cluster: Cluster

    /// The source as the plugin knows it, kept by a finalizer from now on.
    func take(_ source: ClaimSource, for order: ProvisionOrder) async throws -> VolumeContentSource? {
        switch source {
        case .none, .populator: return nil
        case .claim(let key): return VolumeContentSource(.volume(id: try await takeClaim(key, order)))
        case .snapshot(let key): return VolumeContentSource(.snapshot(id: try await takeSnapshot(key, order)))
        }
    }

    private func takeClaim(_ key: ObjectKey, _ order: ProvisionOrder) async throws -> String {
        let found: PersistentVolumeClaim = try await read(key, "claim")
        let isKept = found.finalizers.contains(ClusterNames.cloneFinalizer)
        guard !found.isBeingDeleted || isKept else { throw OrderError("claim \(key), the source, is being deleted") }
        guard found.phase == "Bound", let name = found.volumeName else {
            throw OrderError("claim \(key), the source, is not bound yet", mayPass: true)
        }
        let volume: PersistentVolume = try await read(ObjectKey(name: name), "volume")
        guard let source = volume.csi, source.driver == cluster.identity.driver else {
            throw OrderError("claim \(key), the source, has a volume of another driver; copy it by a pod instead")
        }
        guard volume.claimRef?.uid == found.uid else {
            throw OrderError("claim \(key), the source, and its volume do not belong together", mayPass: true)
        }
        guard volume.isReachable(from: cluster.identity.segments) else {
            throw OrderError(
                "claim \(key), the source, lies on another node than \(cluster.identity.node); "
                    + "let the pod run where the source is, with a claim made anew", isElsewhere: true)
        }
        guard volume.volumeMode == order.claim.volumeMode else {
            throw OrderError("the source's volumeMode is \(volume.volumeMode), the claim's \(order.claim.volumeMode)")
        }
        if let size = volume.capacity, order.bytes < size.bytes {
            throw OrderError("the claim asks for less than its source has, \(size); ask for that or more")
        }
        try await keep(found, by: ClusterNames.cloneFinalizer, for: order)
        return source.volumeHandle
    }

    private func takeSnapshot(_ key: ObjectKey, _ order: ProvisionOrder) async throws -> String {
        let found: VolumeSnapshot = try await read(key, "snapshot")
        let isKept = found.finalizers.contains(ClusterNames.snapshotFinalizer)
        guard !found.isBeingDeleted || isKept else { throw OrderError("snapshot \(key), the source, is being deleted") }
        guard let name = found.boundContentName, found.isReadyToUse else {
            throw OrderError("snapshot \(key), the source, is not ready yet", mayPass: true)
        }
        let content: VolumeSnapshotContent = try await read(ObjectKey(name: name), "snapshot content")
        guard content.snapshotRef.uid == found.uid else {
            throw OrderError("snapshot \(key), the source, and its content do not belong together", mayPass: true)
        }
        guard content.driver == cluster.identity.driver else {
            throw OrderError("snapshot \(key), the source, is one of driver \(content.driver)")
        }
        guard let handle = content.snapshotHandle else {
            throw OrderError("snapshot \(key), the source, has no handle yet", mayPass: true)
        }
        if let size = found.restoreSize, order.bytes < size.bytes {
            throw OrderError("the claim asks for less than its source has, \(size); ask for that or more")
        }
        if let mode = content.json["spec", "sourceVolumeMode"]?.string, mode != order.claim.volumeMode,
            content.annotations["snapshot.storage.kubernetes.io/allow-volume-mode-change"] != "true"
        {
            throw OrderError(
                "the source's volumeMode is \(mode), the claim's \(order.claim.volumeMode); to allow that, annotate "
                    + "VolumeSnapshotContent \(name) with snapshot.storage.kubernetes.io/allow-volume-mode-change: \"true\""
            )
        }
        try await keep(found, by: ClusterNames.snapshotFinalizer, for: order)
        return handle
    }

    private func read<Object: KubernetesObject>(_ key: ObjectKey, _ kind: String) async throws -> Object {
        do throws(KubernetesError) {
            return try await cluster.client.get(Object.self, key)
        } catch {
            guard error.isNotFound else { throw error }
            throw OrderError("\(kind) \(key), the source, does not exist", mayPass: true)
        }
    }

    private func keep<Object: KubernetesObject>(
        _ object: Object, by finalizer: String, for order: ProvisionOrder
    ) async throws(KubernetesError) {
        var changed = object
        if !object.finalizers.contains(finalizer) { changed.finalizers.append(finalizer) }
        // What a class retains is never deleted unasked, not even when it was made in vain.
        if order.storageClass.reclaimPolicy == "Delete" { changed.annotations[mark(order.claim.uid)] = "" }
        if changed.json == object.json { return }
        _ = try await cluster.client.update(changed)
    }

    private func mark(_ uid: String) -> String { ClusterNames.fills(cluster.identity.driver) + uid }

    /// Whether a volume or snapshot says that the claim of that uid was being filled from it, and has not got its volume yet.
    func fills(_ uid: String, from source: HeldVolume.Source) async throws(KubernetesError) -> Bool {
        switch source {
        case .volume(let handle):
            return cluster.volumes.byIndex(Cluster.handleIndex, handle).contains { volume in
                volume.claimRef.flatMap { cluster.claims.get($0.key) }?.annotations[mark(uid)] != nil
            }
        case .snapshot(let handle):
            let all: [VolumeSnapshot]
            do throws(KubernetesError) {
                all = try await cluster.client.list(VolumeSnapshot.self).items
            } catch {
                guard error.isNotFound else { throw error }
                return false
            }
            for snapshot in all where snapshot.annotations[mark(uid)] != nil {
                guard let name = snapshot.boundContentName else { continue }
                do throws(KubernetesError) {
                    let content = try await cluster.client.get(VolumeSnapshotContent.self, name)
                    if content.snapshotHandle == handle, content.driver == cluster.identity.driver { return true }
                } catch {
                    if !error.isNotFound { throw error }
                }
            }
            return false
        }
    }

    /// Lets the source go, unless another claim is being filled from it.
    ///
    /// - Parameter claim: the claim that has its volume now, or never will; nil for nobody's in particular.
    func release(_ source: ClaimSource, from claim: PersistentVolumeClaim?) async throws(KubernetesError) {
        switch source {
        case .none, .populator: return
        case .claim(let key):
            // Known here, as it lies here: without the finalizer there is nothing to ask the server for.
            let known = claim == nil ? cluster.claims.get(key) : nil
            if let known, !known.finalizers.contains(ClusterNames.cloneFinalizer) { return }
            try await release(PersistentVolumeClaim.self, key, ClusterNames.cloneFinalizer, source, claim)
        case .snapshot(let key):
            try await release(VolumeSnapshot.self, key, ClusterNames.snapshotFinalizer, source, claim)
        }
    }

    private func release<Object: KubernetesObject>(
        _ kind: Object.Type, _ key: ObjectKey, _ finalizer: String, _ source: ClaimSource,
        _ claim: PersistentVolumeClaim?
    ) async throws(KubernetesError) {
        // Those that wait on other nodes are not seen here; each of them takes the source anew when it begins.
        let isWanted = cluster.claims.all.contains { other in
            other.uid != claim?.uid && other.volumeName == nil && !other.isBeingDeleted
                && other.namespace == key.namespace && (try? ClaimSource(other)) == source
        }
        do throws(KubernetesError) {
            let object = try await cluster.client.get(kind, key)
            var changed = object
            if let claim {
                changed.annotations[mark(claim.uid)] = nil
            } else {
                changed.removeMarks(cluster.identity.driver)
            }
            if !isWanted, object.finalizers.contains(finalizer) { changed.finalizers.removeAll { $0 == finalizer } }
            if changed.json == object.json { return }
            _ = try await cluster.client.update(changed)
        } catch {
            // Gone, or changed meanwhile: the next one that is done with it takes it away.
            if !error.isNotFound, !error.isConflict { throw error }
        }
    }
}

extension KubernetesObject {
    /// Takes away what says for which claims it was a source.
    mutating func removeMarks(_ driver: String) {
        annotations = annotations.filter { !$0.key.hasPrefix(ClusterNames.fills(driver)) }
    }
}
