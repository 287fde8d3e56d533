internal import CSI
internal import JSON
internal import Kubernetes
internal import Syscalls
internal import Testing

@Suite("Volumes that nobody was told of")
struct OrphanTests {
    @Test("empty ones go; what an object speaks of by any name stays, and so does a copy, which holds data")
    func sweep() async throws {
        try await withGround { ground in
            try await ground.makeClass(policy: "Retain")
            try ground.start(grace: 60)
            try await ground.makeClaim("plain")
            try await ground.waitUntilBound("plain")
            let source = ground.name("plain")
            try await ground.makeClaim("copy") {
                $0.json["spec", "dataSource"] = ["kind": "PersistentVolumeClaim", "name": .string(source)]
            }
            try await ground.waitUntilBound("copy")
            try await ground.wait("the source's release") {
                try await !ground.claim(named: "plain").finalizers.contains { $0.contains("cloning-protection") }
            }
            let kept = try await ground.heldVolumes()
            let plain = try #require(try await ground.persistentVolumes().first(where: { $0.claimRef?.name == source }))
            await ground.end(gently: true)

            // All objects are deleted by hand, and one of the volumes gets an object of another name.
            for suffix in ["copy", "plain"] { try await ground.deleteClaim(suffix) }
            for volume in try await ground.persistentVolumes() {
                try await ground.client.delete(PersistentVolume.self, volume.name)
            }
            try await ground.wait("the end of the objects") { try await ground.persistentVolumes().isEmpty }
            var adopted = PersistentVolume(name: ground.name("adopted"))
            adopted.json["spec"] = plain.json["spec"]
            adopted.claimRef = nil
            adopted.labels = plain.labels
            _ = try await ground.client.create(adopted)
            // A volume that was made for a claim which nobody has seen: it goes when all are looked at.
            let witness = try await ground.makeVolume("pvc-\(ground.randomUID)")
            // The source is kept for another copy by now, which has nothing to do with the one that is there.
            let volume = ground.name("adopted")
            _ = try await ground.client.mergePatch(
                PersistentVolume.self, volume,
                ["spec": ["claimRef": ["namespace": "default", "name": .string(ground.name("again"))]]])
            try await ground.makeClaim("again") { claim in
                claim.volumeName = volume
                claim.finalizers = ["provisioner.storage.kubernetes.io/cloning-protection"]
                claim.labels = plain.labels
            }
            try await ground.waitUntilBound("again")

            try ground.start()
            try await ground.wait("the sweep") { try await !ground.heldVolumes().contains(witness) }
            // In no order: what follows in the list had its turn when the next claim has lived.
            try await ground.makeClass("other")
            try await ground.makeClaim(of: "other")
            try await ground.waitUntilBound()
            try await ground.deleteClaim()
            try await ground.wait("the end of the other claim's volume") {
                try await ground.persistentVolumes().count == 1
            }
            let held = try await ground.heldVolumes()
            #expect(Set(held) == Set(kept))
            #expect(kept.count == 2)
        }
    }

    @Test("a claim that no node has room for is told why, and tried again ever later")
    func noRoom() async throws {
        try await withGround { ground in
            let double = try #require(ground.double)
            try await ground.makeClass(parameters: ["provisioning": "thick"])
            try await ground.makeClass("thin")
            try ground.start()
            let claim = try await ground.makeClaim(size: "60Ti")
            try await ground.wait("the event") {
                try await ground.events(of: claim.uid).contains { $0.message.contains("another node is to be chosen") }
            }
            for number in 0..<3 {
                try await ground.makeClaim("other-\(number)", of: "thin")
                try await ground.waitUntilBound("other-\(number)")
                try await ground.deleteClaim("other-\(number)")
                try await ground.waitUntilClean()
            }
            let writes = double.requests(
                ReconcilerGround.its("patch", "persistentvolumeclaims", name: ground.name("claim")))
            #expect(writes.count < 12, "\(writes.count) writes")
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }
}

extension ReconcilerGround {
    /// A uid as the server makes them.
    fileprivate var randomUID: String {
        [4, 2, 2, 2, 6].map { randomBytes($0).hexadecimal }.joined(separator: "-")
    }

    /// Has the node make a volume that no object speaks of; its id.
    fileprivate func makeVolume(_ name: String) async throws -> String {
        let capability = VolumeCapability(
            access: .mount(.init(fsType: "ext4", mountFlags: [])), accessMode: .singleNodeWriter)
        let made = try await plugin.call(
            CSIMethod.createVolume,
            CreateVolumeRequest(
                name: name, capacityRange: CapacityRange(requiredBytes: 32 << 20), volumeCapabilities: [capability]))
        return try #require(made.volume?.volumeID)
    }
}
