internal import CSI
internal import JSON
internal import Kubernetes
internal import RPC

/// Deletes the volumes of this node that nobody claims any more: first the volume, then the finalizer, then the object, so
/// that whatever is cut off leaves an object that says what is still to be done.
struct DeleteLoop: Sendable {
    let cluster: Cluster

    func settle(_ key: ObjectKey) async throws -> Turn {
        guard let volume = cluster.volumes.get(key) else { return .done }
        switch DeleteDecision.decide(volume, cluster.identity) {
        case .nothing: return .done
        case .addFinalizer: return try await write(volume, volume.finalizers + [ClusterNames.volumeFinalizer])
        case .removeFinalizer: return try await dropFinalizer(volume)
        case .delete: return try await delete(volume)
        }
    }

    private func delete(_ known: PersistentVolume) async throws -> Turn {
        // What we know may be old: its claim may have come back to it, or its policy may have changed.
        let volume: PersistentVolume
        do throws(KubernetesError) {
            volume = try await cluster.client.get(PersistentVolume.self, known.name)
        } catch {
            guard error.isNotFound else { throw error }
            return .done
        }
        guard volume.uid == known.uid, DeleteDecision.decide(volume, cluster.identity) == .delete,
            let source = volume.csi
        else { return .done }
        if let node = try await attachment(of: volume) {
            tell(volume, "it is still attached to node \(node)")
            return .retry
        }
        do throws(RPCStatus) {
            try await cluster.node.delete(source.volumeHandle, secrets: try await secrets(volume))
        } catch {
            tell(volume, "\(error.message) (\(error.code.name))")
            return .retry
        }
        if volume.finalizers.contains(ClusterNames.volumeFinalizer) {
            let turn = try await dropFinalizer(volume)
            if turn != .done { return turn }
        }
        do throws(KubernetesError) {
            try await cluster.client.delete(
                PersistentVolume.self, volume.name, preconditions: Preconditions(uid: volume.uid))
        } catch {
            // Gone, or another one of that name.
            if !error.isNotFound, !error.isConflict { throw error }
        }
        return .done
    }

    /// The node that the volume is attached to, by a VolumeAttachment; nil if it is to none. Drivers without attachment, which
    /// is what ours asks for, have none.
    private func attachment(of volume: PersistentVolume) async throws(KubernetesError) -> String? {
        let driver: CSIDriver?
        do throws(KubernetesError) {
            driver = try await cluster.client.get(CSIDriver.self, cluster.identity.driver)
        } catch {
            guard error.isNotFound else { throw error }
            driver = nil
        }
        if let driver, !driver.attachRequired { return nil }
        let all = try await cluster.client.list(VolumeAttachment.self).items
        return all.first { $0.persistentVolumeName == volume.name }?.nodeName
    }

    /// A secret that is missing does not keep a volume: the plugin says whether it can do without.
    private func secrets(_ volume: PersistentVolume) async throws(RPCStatus) -> Secrets {
        guard let name = volume.annotations[ClusterNames.deletionSecretName], !name.isEmpty,
            let namespace = volume.annotations[ClusterNames.deletionSecretNamespace]
        else { return Secrets() }
        do throws(SecretError) {
            return try await cluster.secrets(ObjectKey(namespace: namespace, name: name))
        } catch {
            guard error.isMissing else { throw RPCStatus(.unavailable, error.description) }
            return Secrets()
        }
    }

    private func dropFinalizer(_ volume: PersistentVolume) async throws(KubernetesError) -> Turn {
        try await write(volume, volume.finalizers.filter { $0 != ClusterNames.volumeFinalizer })
    }

    private func write(_ volume: PersistentVolume, _ finalizers: [String]) async throws(KubernetesError) -> Turn {
        do throws(KubernetesError) {
            _ = try await cluster.client.mergePatch(
                PersistentVolume.self, volume.name,
                [
                    "metadata": [
                        "uid": .string(volume.uid), "resourceVersion": .string(volume.resourceVersion ?? ""),
                        "finalizers": .array(finalizers.map { .string($0) }),
                    ]
                ])
            return .done
        } catch {
            if error.isNotFound { return .done }
            if error.isConflict { return .retry }
            throw error
        }
    }

    private func tell(_ volume: PersistentVolume, _ sentence: String) {
        cluster.events.warning(volume, "VolumeFailedDelete", sentence)
    }
}
