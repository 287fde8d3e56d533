internal import JSON
internal import Kubernetes

/// What one process of the whole cluster does, for as long as it holds the Lease.
struct LeaderWork: Sendable {
    let client: KubernetesClient
    let identity: NodeIdentity
    /// The topology key.
    let key: String
    let election: LeaderElection
    let events: Telling
    let settings: ReconcilerSettings
    /// This node's own loop, which may take a claim at once that the nodes would race for.
    let provisioning: ProvisionLoop

    /// Runs for the Lease, and works while it is held, until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await election.run() }
            group.addTask {
                while !Task.isCancelled {
                    await election.waitForLeadership()
                    await lead()
                }
            }
        }
    }

    /// Works until the Lease is lost.
    private func lead() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask {
                while election.isLeader, !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func work() async {
        let claims = Informer(PersistentVolumeClaim.self, client, trim: Self.trimClaim)
        let volumes = Informer(PersistentVolume.self, client, trim: Self.trimVolume)
        let classes = Informer(StorageClass.self, client)
        let driver = identity.driver
        let registrations = Informer(
            CSINode.self, client, indexes: [Self.driverIndex: { $0.drivers.map(\.name) }], trim: Self.trimRegistration)
        let assign = AssignLoop(
            client: client, driver: identity.driver, key: key, election: election, claims: claims, volumes: volumes,
            classes: classes,
            share: { [settings, provisioning] in
                guard settings.loops.contains(.provision), registrations.status.hasSynced else { return nil }
                let count = registrations.count(Self.driverIndex, driver)
                return count > 0 ? (provisioning, count) : nil
            })
        let backoff = Backoff(first: 0.2, cap: 30)
        let claimLoop = Loop("assign claims", workers: 8, backoff: backoff, settle: assign.settle(claim:))
        let volumeLoop = Loop("assign volumes", workers: 4, backoff: backoff, settle: assign.settle(volume:))
        claims.onChange { change in
            guard let claim = change.current else { return }
            if let name = claim.volumeName {
                volumeLoop.queue.add(ObjectKey(name: name))
            } else if claim.provisioner == driver {
                claimLoop.queue.add(claim.key)
            }
        }
        volumes.onChange { change in
            if let volume = change.current { volumeLoop.queue.add(volume.key) }
        }
        classes.onChange { change in
            guard change.current != nil else { return }
            for claim in claims.all where claim.volumeName == nil { claimLoop.queue.add(claim.key) }
        }
        await withTaskGroup(of: Void.self) { group in
            if settings.loops.contains(.node) {
                // Its handlers have to be there before the informers run.
                let watch = NodeWatch(self, claims: claims, volumes: volumes, grace: settings.orphanGrace)
                group.addTask { await watch.run() }
                group.addTask { await registrations.run() }
            }
            if settings.loops.contains(.provision) {
                let release = SnapshotRelease(
                    client: client, driver: identity.driver, election: election, claims: claims,
                    // By then the nodes have looked for what is left of copies that the finalizer stands for.
                    interval: max(settings.orphanGrace * 5, 3))
                group.addTask { await release.run() }
            }
            group.addTask { await classes.run() }
            group.addTask { await volumes.run() }
            group.addTask { await claims.run() }
            group.addTask {
                await classes.waitForSync()
                await volumes.waitForSync()
                await claims.waitForSync()
                await withTaskGroup(of: Void.self) { loops in
                    loops.addTask { await claimLoop.run() }
                    loops.addTask { await volumeLoop.run() }
                }
            }
        }
    }

    /// All claims of the cluster are held: of each no more than the decision needs.
    @Sendable private static func trimClaim(_ json: inout JSON) {
        json["metadata", "managedFields"] = nil
        // One without a volume may be made into an order.
        guard json["spec", "volumeName"]?.string?.isEmpty == false else { return }
        json["status"] = nil
        json["spec", "resources"] = nil
    }

    @Sendable private static func trimVolume(_ json: inout JSON) {
        json["metadata", "managedFields"] = nil
        json["status"] = json["status", "phase"].map { ["phase": $0] }
        json["spec", "csi", "volumeAttributes"] = nil
        json["spec", "mountOptions"] = nil
    }

    /// The index by which those nodes are counted that have a driver.
    private static let driverIndex = "driver"

    @Sendable private static func trimRegistration(_ json: inout JSON) {
        let drivers = json["spec", "drivers"]?.array ?? []
        let metadata = json["metadata"]?.object ?? [:]
        json = [
            "metadata": .object(metadata.filter { ["name", "uid", "resourceVersion"].contains($0.key) }),
            "spec": ["drivers": .array(drivers.map { ["name": $0["name"] ?? .null] })],
        ]
    }
}
