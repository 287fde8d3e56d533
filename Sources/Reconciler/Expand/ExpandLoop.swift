internal import CSI
internal import JSON
internal import Kubernetes
internal import RPC

/// Makes volumes of this node larger when their claims ask for more.
struct ExpandLoop: Sendable {
    let cluster: Cluster
    /// Seconds after which a size that was found impossible is tried again, for the pool may have grown meanwhile.
    private static let patience = 300.0
    private let tried = Lately(seconds: patience)

    init(cluster: Cluster) { self.cluster = cluster }

    func settle(_ key: ObjectKey) async throws -> Turn {
        guard let claim = cluster.claims.get(key), let name = claim.volumeName else { return .done }
        guard let volume = cluster.volumes.get(ObjectKey(name: name)) else { return .done }
        try await tidy(claim, volume)
        switch ExpandDecision.decide(claim, volume, cluster.storageClass(claim.storageClassName), cluster.identity) {
        case .nothing: return .done
        case .refuse(let reason):
            cluster.events.warning(claim, "VolumeResizeFailed", reason)
            return .again(after: Self.patience)
        case .hold:
            if let rest = tried.rest(of: claim.uid) { return .again(after: rest) }
            return try await grow(claim, volume, to: claim.allocatedStorage ?? Quantity(bytes: 0), isNoted: true)
        case .grow(let size, let isNoted): return try await grow(claim, volume, to: size, isNoted: isNoted)
        }
    }

    /// The node has done its part: what the volume had before is of no use any more.
    private func tidy(_ claim: PersistentVolumeClaim, _ volume: PersistentVolume) async throws(KubernetesError) {
        guard volume.annotations[ClusterNames.sizeBeforeGrowth] != nil, volume.claimRef?.uid == claim.uid,
            let has = claim.capacity, let capacity = volume.capacity, has >= capacity
        else { return }
        _ = try await cluster.client.mergePatch(
            PersistentVolume.self, volume.name,
            ["metadata": ["uid": .string(volume.uid), "annotations": [ClusterNames.sizeBeforeGrowth: .null]]])
    }

    private func grow(
        _ known: PersistentVolumeClaim, _ volume: PersistentVolume, to size: Quantity, isNoted: Bool
    ) async throws -> Turn {
        var claim = known
        if !isNoted || claim.allocatedStorageStatus != GrowthProgress.controllerInProgress.rawValue {
            guard let written = try await write(.resizing(to: size), to: claim) else { return .retry }
            claim = written
            cluster.events.normal(claim, "Resizing", "volume \(volume.name) is being made larger, to \(size)")
        }
        let answer: ControllerExpandVolumeResponse
        do throws(RPCStatus) {
            answer = try await cluster.node.expand(try await request(volume, size))
        } catch {
            return try await afterFailure(claim, error)
        }
        let reached = Quantity(bytes: answer.capacityBytes)
        try await write(reached, to: volume, before: claim.capacity, needsNode: answer.nodeExpansionRequired)
        guard try await write(answer.nodeExpansionRequired ? .nodePending : .finished(reached), to: claim) != nil else {
            return .retry
        }
        if answer.nodeExpansionRequired {
            cluster.events.normal(
                claim, "FileSystemResizeRequired", "the node makes the filesystem larger when it is next mounted")
        } else {
            cluster.events.normal(claim, "VolumeResizeSuccessful", "volume \(volume.name) has \(reached) now")
        }
        return .done
    }

    private func request(
        _ volume: PersistentVolume, _ size: Quantity
    ) async throws(RPCStatus) -> ControllerExpandVolumeRequest {
        let source = volume.csi
        let access: VolumeCapability.Access =
            volume.volumeMode == "Block"
            ? .block : .mount(.init(fsType: source?.fsType ?? "", mountFlags: volume.mountOptions))
        let mode = volume.accessModes.first.flatMap {
            AccessModes.mode($0, hasMultiWriter: cluster.node.hasMultiWriter)
        }
        do throws(SecretError) {
            return ControllerExpandVolumeRequest(
                volumeID: source?.volumeHandle ?? "", capacityRange: CapacityRange(requiredBytes: size.bytes),
                secrets: try await cluster.secrets(source?[secret: .controllerExpand]),
                volumeCapability: VolumeCapability(access: access, accessMode: mode))
        } catch {
            throw RPCStatus(.unavailable, error.description)
        }
    }

    private func afterFailure(_ claim: PersistentVolumeClaim, _ error: RPCStatus) async throws -> Turn {
        let sentence = "\(error.message) (\(error.code.name))"
        cluster.events.warning(claim, "VolumeResizeFailed", sentence)
        switch error.code {
        case .cancelled, .deadlineExceeded, .unavailable, .resourceExhausted, .aborted: return .retry
        case .invalidArgument, .outOfRange, .notFound:
            tried.note(claim.uid)
            _ = try await write(.infeasible(sentence), to: claim)
            return .again(after: Self.patience)
        default:
            _ = try await write(.failed(sentence), to: claim)
            return .retry
        }
    }

    /// Nil when the claim has changed since: it comes again.
    private func write(
        _ status: GrowthStatus, to claim: PersistentVolumeClaim
    ) async throws(KubernetesError) -> PersistentVolumeClaim? {
        do throws(KubernetesError) {
            return try await cluster.client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: claim.namespace, status.patch(of: claim, now: .now),
                subresource: "status")
        } catch {
            if error.isConflict || error.isNotFound { return nil }
            throw error
        }
    }

    private func write(
        _ size: Quantity, to volume: PersistentVolume, before: Quantity?, needsNode: Bool
    ) async throws(KubernetesError) {
        if let has = volume.capacity, has >= size { return }
        var patch: JSON = [
            "metadata": ["uid": .string(volume.uid)], "spec": ["capacity": ["storage": .string(size.text)]],
        ]
        if needsNode, let before, volume.annotations[ClusterNames.sizeBeforeGrowth] == nil {
            patch["metadata", "annotations"] = [ClusterNames.sizeBeforeGrowth: .string(before.text)]
        }
        _ = try await cluster.client.mergePatch(PersistentVolume.self, volume.name, patch)
    }
}
