internal import CSI
internal import JSON
internal import Kubernetes
internal import Testing

@Suite("A claim's life")
struct LifeTests {
    @Test("a claim gets a volume, grows, and leaves nothing behind", arguments: APIServer.allCases)
    func life(server: APIServer) async throws {
        try await withGround(server) { ground in
            try await ground.makeClass(parameters: ["csi.storage.k8s.io/fstype": "ext4", "provisioning": "thin"])
            try ground.start()
            let claim = try await ground.makeClaim()
            try await ground.waitUntilBound()

            let volumes = try await ground.persistentVolumes()
            let volume = try #require(volumes.first)
            #expect(volumes.count == 1)
            #expect(volume.name == "pvc-\(claim.uid)")
            #expect(volume.claimRef?.uid == claim.uid)
            #expect(volume.capacity == Quantity("32Mi"))
            #expect(volume.csi?.fsType == "ext4")
            #expect(volume.reclaimPolicy == "Delete")
            #expect(volume.annotations["pv.kubernetes.io/provisioned-by"] == ground.driver)
            #expect(volume.finalizers.contains("external-provisioner.volume.kubernetes.io/finalizer"))
            #expect(volume.labels["topology.holdfast.dev/node"] == ground.node)
            let held = try await ground.heldVolumes()
            #expect(held == [volume.csi?.volumeHandle])
            try await ground.wait("the event") {
                try await ground.events(of: claim.uid).contains { $0.reason == "ProvisioningSucceeded" }
            }

            _ = try await ground.client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: "default",
                ["spec": ["resources": ["requests": ["storage": "64Mi"]]]])
            try await ground.wait("the new size") {
                let claim = try await ground.claim(named: "claim")
                return claim.capacity == Quantity("64Mi") && claim.allocatedStorageStatus == nil
                    && claim.conditions.isEmpty
            }
            let grown = try await ground.persistentVolumes()
            #expect(grown.first?.capacity == Quantity("64Mi"))

            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }

    @Test("a claim that waits for its pod is provisioned on the node that was selected, and on no other")
    func selectedNode() async throws {
        try await withGround { ground in
            try await ground.makeClass(binding: "WaitForFirstConsumer")
            try ground.start()
            try await ground.makeClaim("other") {
                $0.annotations["volume.kubernetes.io/selected-node"] = "another-node"
            }
            try await ground.makeClaim { $0.annotations["volume.kubernetes.io/selected-node"] = ground.node }
            try await ground.waitUntilBound()
            let other = try await ground.claim(named: "other")
            #expect(other.phase == "Pending")
            #expect(other.labels["topology.holdfast.dev/node"] == "another-node")
            let held = try await ground.heldVolumes()
            #expect(held.count == 1)
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }

    @Test("a retained volume outlives its claim, and is deleted when its policy says so", arguments: APIServer.allCases)
    func retained(server: APIServer) async throws {
        try await withGround(server) { ground in
            try await ground.makeClass(policy: "Retain")
            try ground.start()
            try await ground.makeClaim()
            try await ground.waitUntilBound()
            try await ground.deleteClaim()
            try await ground.wait("the release") { try await ground.persistentVolumes().first?.phase == "Released" }
            let held = try await ground.heldVolumes()
            #expect(held.count == 1)
            let volume = try #require(try await ground.persistentVolumes().first)
            _ = try await ground.client.mergePatch(
                PersistentVolume.self, volume.name, ["spec": ["persistentVolumeReclaimPolicy": "Delete"]])
            try await ground.waitUntilClean()
        }
    }

    @Test("what the node has room for is told of each class, and goes with the class", arguments: APIServer.allCases)
    func capacity(server: APIServer) async throws {
        try await withGround(server) { ground in
            try await ground.makeClass()
            try await ground.makeClass("thick", parameters: ["provisioning": "thick"])
            try await ground.makeClass("wrong", parameters: ["no-such-parameter": "x"])
            try ground.start(loops: "capacity")
            try await ground.wait("the capacity objects") { try await ground.capacities().count == 2 }
            let told = try await ground.capacities()
            #expect(Set(told.map(\.storageClassName)) == [ground.name("class"), ground.name("thick")])
            for capacity in told {
                #expect(capacity.nodeTopology == ["topology.holdfast.dev/node": ground.node])
                #expect((capacity.capacity?.bytes ?? 0) > 0)
                #expect(capacity.labels["csi.storage.k8s.io/drivername"] == ground.driver)
            }
            try await ground.client.delete(StorageClass.self, ground.name("thick"))
            try await ground.wait("the end of one") { try await ground.capacities().count == 1 }
        }
    }
}

extension ReconcilerGround {
    func capacities() async throws -> [CSIStorageCapacity] {
        try await client.list(CSIStorageCapacity.self, namespace: "default").items.filter {
            $0.storageClassName.hasPrefix(prefix)
        }
    }
}
