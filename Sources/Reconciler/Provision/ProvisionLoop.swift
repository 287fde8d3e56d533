internal import CSI
internal import JSON
internal import Kubernetes
internal import RPC

/// Makes the volumes that claims of this node wait for.
///
/// Nothing is remembered between two turns: the name of a volume follows from its claim, so every turn begins where the one
/// before has ended, in whichever process. A volume that was made for a claim that has gone meanwhile is deleted at once; if
/// even that is cut off, `OrphanSweep` finds it.
struct ProvisionLoop: Sendable {
    let cluster: Cluster
    let sources: ContentSources
    private let hesitation: Hesitation
    /// The server tells of a write a moment after it has taken it: a turn that is taken in between would make everything once
    /// more, only to find that it is there.
    private let published = Lately(seconds: 5)

    private let sweep: OrphanSweep

    /// - Parameter grace: seconds for which a node without room leaves a claim to the others.
    init(_ cluster: Cluster, grace: Double, sweep: OrphanSweep) {
        self.cluster = cluster
        self.sweep = sweep
        sources = ContentSources(cluster: cluster)
        hesitation = Hesitation(grace: grace)
    }

    /// One turn for one claim.
    func settle(_ key: ObjectKey) async throws -> Turn {
        guard let claim = cluster.claims.get(key) else { return .done }
        if claim.isBeingDeleted {
            // Whoever was copying it may have ended before it let go: the finalizer stands for what is left of that.
            if claim.isHeldAsSource {
                if let name = claim.volumeName,
                    let handle = cluster.volumes.get(ObjectKey(name: name))?.csi?.volumeHandle
                {
                    try await sweep.sweep(copiesOf: handle)
                }
                try await sources.release(.claim(key), from: nil)
            }
            return .done
        }
        let storageClass = cluster.storageClass(claim.storageClassName)
        switch ProvisionDecision.decide(claim, storageClass, cluster.identity) {
        case .nothing:
            // Whoever has made its volume may have ended before it let the source go.
            if claim.volumeName != nil { try await releaseKnownSource(of: claim) }
            return .done
        case .refuse(let reason), .wait(let reason):
            tell(claim, reason)
            return .retry
        case .race: return try await race(for: claim, storageClass)
        case .provision:
            guard let storageClass else { return .done }
            return try await provision(claim, storageClass)
        }
    }

    private func provision(_ claim: PersistentVolumeClaim, _ storageClass: StorageClass) async throws -> Turn {
        // What we know of the server may be older than what we have written there: the next turn knows more.
        if let rest = published.rest(of: claim.uid) { return .again(after: rest) }
        // The PersistentVolume is there, and the binder has not come to it yet.
        if cluster.volumes.get(ObjectKey(name: ProvisionOrder.name(of: claim))) != nil {
            try await releaseKnownSource(of: claim)
            return .done
        }
        do {
            let order = try ProvisionOrder(claim, storageClass)
            let source = try ClaimSource(claim)
            if case .populator(let name) = source {
                cluster.events.normal(
                    claim, "Provisioning", "\(name) is no source of ours: somebody else is to fill the volume")
                return .done
            }
            let request = try await request(order, source)
            return try await make(order, source, request)
        } catch let error as OrderError {
            tell(claim, error.description)
            if error.isElsewhere, storageClass.volumeBindingMode == "Immediate" {
                hesitation.refused(claim.uid)
                try await giveBack(claim, storageClass)
            }
            return .retry
        } catch let error as SecretError {
            tell(claim, error.description)
            return .retry
        }
    }

    /// A source that lies here is known, and so is whether it is kept; the server is asked only where it is.
    private func releaseKnownSource(of claim: PersistentVolumeClaim) async throws(KubernetesError) {
        guard let source = try? ClaimSource(claim), case .claim(let key) = source,
            cluster.claims.get(key)?.finalizers.contains(ClusterNames.cloneFinalizer) == true
        else { return }
        try await sources.release(source, from: claim)
    }

    private func request(_ order: ProvisionOrder, _ source: ClaimSource) async throws -> CreateVolumeRequest {
        let place = Topology(segments: cluster.identity.segments)
        return CreateVolumeRequest(
            name: order.name, capacityRange: CapacityRange(requiredBytes: order.bytes),
            volumeCapabilities: order.capabilities(hasMultiWriter: cluster.node.hasMultiWriter),
            parameters: order.parameters, secrets: try await cluster.secrets(order.secrets[.provision]),
            volumeContentSource: try await sources.take(source, for: order),
            accessibilityRequirements: TopologyRequirement(requisite: [place], preferred: [place]),
            mutableParameters: try await mutableParameters(order.claim))
    }

    private func mutableParameters(_ claim: PersistentVolumeClaim) async throws -> [String: String] {
        guard let name = claim.volumeAttributesClassName, !name.isEmpty else { return [:] }
        do throws(KubernetesError) {
            let attributes = try await cluster.client.get(VolumeAttributesClass.self, name)
            guard attributes.driverName == cluster.identity.driver else {
                throw KubernetesError.invalid(
                    request: "use volume attributes class \(name)",
                    reason: "it is one of driver \(attributes.driverName)")
            }
            return attributes.parameters
        } catch {
            if error.isNotFound {
                throw OrderError("volume attributes class \"\(name)\" does not exist; create it", mayPass: true)
            }
            if case .invalid(_, let reason) = error {
                throw OrderError("volume attributes class \"\(name)\": \(reason)")
            }
            throw error
        }
    }

    private func make(_ order: ProvisionOrder, _ source: ClaimSource, _ request: CreateVolumeRequest) async throws
        -> Turn
    {
        let volume: Volume
        do throws(RPCStatus) {
            volume = try await cluster.node.create(request)
        } catch {
            return try await afterFailure(order, error)
        }
        if let mistake = mistake(in: volume, order, request) {
            tell(order.claim, mistake)
            try await undo(volume, order, request)
            return .retry
        }
        guard try await isWanted(order) else {
            try await undo(volume, order, request)
            try await sources.release(source, from: order.claim)
            return .done
        }
        guard try await publish(order.persistentVolume(of: volume, cluster.identity), order) else { return .retry }
        published.note(order.claim.uid)
        hesitation.forget(order.claim.uid)
        cluster.events.normal(
            order.claim, "ProvisioningSucceeded", "volume \(order.name) was made on node \(cluster.identity.node)")
        try await sources.release(source, from: order.claim)
        return .done
    }

    private func afterFailure(_ order: ProvisionOrder, _ error: RPCStatus) async throws -> Turn {
        switch CallOutcome(error.code) {
        case .unknown:
            // The same name finds what has come of it.
            tell(order.claim, "\(error.message) (\(error.code.name)); asking again")
            return .retry
        case .noRoom:
            tell(order.claim, "\(error.message) (\(error.code.name)); another node is to be chosen")
            hesitation.refused(order.claim.uid)
            try await giveBack(order.claim, order.storageClass)
            return .retry
        case .final:
            tell(order.claim, "\(error.message) (\(error.code.name))")
            return .retry
        }
    }

    /// What the plugin has made otherwise than asked for; nil if it is as it should be.
    private func mistake(in volume: Volume, _ order: ProvisionOrder, _ request: CreateVolumeRequest) -> String? {
        if volume.capacityBytes != 0, volume.capacityBytes < order.bytes {
            return
                "the volume has \(volume.capacityBytes) bytes, less than the \(order.bytes) that were asked for; it is deleted again"
        }
        if request.volumeContentSource != nil, volume.contentSource == nil {
            return "the volume was made without its data source; it is deleted again"
        }
        return nil
    }

    /// Whether the claim is still there and has no other volume. What we know may be old: where a volume would be retained for a
    /// claim that is gone, the server is asked. Another one goes with its PersistentVolume, which the binder then releases.
    private func isWanted(_ order: ProvisionOrder) async throws(KubernetesError) -> Bool {
        func isWaiting(_ claim: PersistentVolumeClaim) -> Bool {
            claim.uid == order.claim.uid && !claim.isBeingDeleted
                && (claim.volumeName == nil || claim.volumeName == order.name)
        }
        guard let known = cluster.claims.get(order.claim.key), isWaiting(known) else { return false }
        if order.storageClass.reclaimPolicy == "Delete" { return true }
        do throws(KubernetesError) {
            return isWaiting(
                try await cluster.client.get(
                    PersistentVolumeClaim.self, order.claim.name, namespace: order.claim.namespace))
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }

    /// Deletes a volume that was made in vain. One that a PersistentVolume speaks of, or that was ever staged, is not in vain:
    /// an earlier turn has made it, and what we know of the claim was old. It is kept or deleted as that object says.
    private func undo(_ volume: Volume, _ order: ProvisionOrder, _ request: CreateVolumeRequest) async throws {
        guard cluster.volumes.byIndex(Cluster.handleIndex, volume.volumeID).isEmpty else { return }
        do throws(KubernetesError) {
            _ = try await cluster.client.get(PersistentVolume.self, order.name)
            return
        } catch {
            guard error.isNotFound else { throw error }
        }
        guard try await cluster.node.isUntouched(volume.volumeID) else { return }
        try await cluster.node.delete(volume.volumeID, secrets: request.secrets)
    }

    /// Creates the PersistentVolume; whether it is there now. One that is there already is ours, unless it speaks of another
    /// claim or volume.
    private func publish(_ volume: PersistentVolume, _ order: ProvisionOrder) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            _ = try await cluster.client.create(volume)
            return true
        } catch {
            if error.isForbidden || error.isInvalid {
                tell(order.claim, "the volume is made, but the server takes no PersistentVolume for it: \(error)")
            }
            guard error.isAlreadyExists else { throw error }
        }
        let found = try await cluster.client.get(PersistentVolume.self, volume.name)
        if found.claimRef?.uid == order.claim.uid, found.csi?.volumeHandle == volume.csi?.volumeHandle { return true }
        tell(
            order.claim,
            "a PersistentVolume \(volume.name) is there already, for another claim or volume; rename or delete it")
        return false
    }

    /// Asks the scheduler for another node.
    private func giveBack(
        _ claim: PersistentVolumeClaim, _ storageClass: StorageClass
    ) async throws(KubernetesError) {
        var metadata: JSON = [
            "resourceVersion": .string(claim.resourceVersion ?? ""),
            "annotations": [ClusterNames.selectedNode: .null],
        ]
        if storageClass.volumeBindingMode == "Immediate" {
            // The other nodes see it again at once.
            metadata["labels"] = .object(cluster.identity.segments.mapValues { _ in "" })
        }
        do throws(KubernetesError) {
            _ = try await cluster.client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: claim.namespace, ["metadata": metadata])
        } catch {
            // It has changed since, and comes again.
            if !error.isNotFound, !error.isConflict { throw error }
        }
    }

    /// Gives this node its share of the claims that the nodes race for, before they hear of them: one in so many as there are
    /// nodes with the driver. Where there are no others, neither a race nor its writes are needed.
    /// - Returns: whether it has taken this one; whoever asks gives the others notice otherwise.
    func takeShare(of claim: PersistentVolumeClaim, nodes: Int) async throws -> Bool {
        let storageClass = cluster.storageClass(claim.storageClassName)
        guard ProvisionDecision.decide(claim, storageClass, cluster.identity) == .race, let storageClass,
            let order = try? ProvisionOrder(claim, storageClass), hesitation.rest(of: claim.uid) == nil,
            !hesitation.wasRefused(claim.uid)
        else { return false }
        guard Int.random(in: 0..<max(nodes, 1)) == 0 else {
            leaveToOthers(claim)
            return false
        }
        // Others wait for their notice meanwhile: a node that hangs is given no share.
        guard hasSource(order), let room = await room(for: order, within: 1), room >= order.bytes else { return false }
        // Where the claim has changed meanwhile, it comes again.
        _ = try await choose(claim)
        return true
    }

    /// Has this node let the others go ahead, from now on.
    func leaveToOthers(_ claim: PersistentVolumeClaim) { hesitation.leave(claim.uid, ahead: 0.2) }

    private func race(for claim: PersistentVolumeClaim, _ storageClass: StorageClass?) async throws -> Turn {
        guard let storageClass, let order = try? ProvisionOrder(claim, storageClass) else {
            // It fails wherever it is tried, and its owner is told by the node that gets it.
            return try await choose(claim)
        }
        if let rest = hesitation.rest(of: claim.uid) { return .again(after: rest) }
        // A node that does not say tells the owner why, when it fails.
        let suits = hasSource(order) ? await room(for: order) ?? order.bytes >= order.bytes : false
        if !suits, !hesitation.wasRefused(claim.uid) { return .again(after: hesitation.refused(claim.uid)) }
        return try await choose(claim)
    }

    /// Whether what the volume is to be filled from lies here, if it is to be filled.
    private func hasSource(_ order: ProvisionOrder) -> Bool {
        guard case .claim(let key)? = try? ClaimSource(order.claim) else { return true }
        // Of the claims, we know those that lie here.
        guard let name = cluster.claims.get(key)?.volumeName else { return false }
        return cluster.volumes.get(ObjectKey(name: name)) != nil
    }

    /// Bytes that this node has left for such a volume; nil where it does not say.
    private func room(for order: ProvisionOrder, within seconds: Double = .infinity) async -> Int64? {
        try? await cluster.node.capacity(
            order.capabilities(hasMultiWriter: cluster.node.hasMultiWriter), order.parameters,
            cluster.identity.segments, within: seconds
        ).availableCapacity
    }

    /// Writes our name into a claim that has no node, and our label with it, which else the Lease's holder would write next.
    /// Whoever writes first has won: the others' version is old then.
    private func choose(_ claim: PersistentVolumeClaim) async throws(KubernetesError) -> Turn {
        do throws(KubernetesError) {
            _ = try await cluster.client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: claim.namespace,
                [
                    "metadata": [
                        "resourceVersion": .string(claim.resourceVersion ?? ""),
                        "annotations": [ClusterNames.selectedNode: .string(cluster.identity.node)],
                        "labels": .object(cluster.identity.segments.mapValues { .string($0) }),
                    ]
                ])
        } catch {
            if error.isConflict { return .retry }
            if !error.isNotFound { throw error }
        }
        return .done
    }

    private func tell(_ claim: PersistentVolumeClaim, _ sentence: String) {
        cluster.events.warning(claim, "ProvisioningFailed", sentence)
    }
}
