internal import CSI
internal import JSON
internal import Kubernetes
internal import Testing

@Suite("Volumes made from snapshots")
struct SnapshotSourceTests {
    private static let finalizer = "provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection"

    @Test("a claim is filled from a snapshot, which is kept meanwhile and let go afterwards")
    func restore() async throws {
        try await withGround { ground in
            try await ground.makeClass()
            try ground.start()
            try await ground.makeClaim("source")
            try await ground.waitUntilBound("source")
            try await ground.makeSnapshot(of: "source")
            let claim = try await ground.makeClaim { $0.json["spec", "dataSource"] = ground.snapshotSource }
            try await ground.waitUntilBound()
            let volumes = try await ground.persistentVolumes()
            #expect(volumes.contains { $0.claimRef?.uid == claim.uid })
            try await ground.wait("the snapshot's release") { try await ground.snapshot().finalizers.isEmpty }
            #expect(ground.double?.requests(ReconcilerGround.its("update", "volumesnapshots")).count == 2)
            try await ground.finish()
        }
    }

    @Test("a snapshot that was kept by a process that has ended is let go by the next one")
    func left() async throws {
        try await withGround { ground in
            try await ground.makeClass()
            try ground.start()
            try await ground.makeClaim("source")
            try await ground.waitUntilBound("source")
            try await ground.makeSnapshot(of: "source", finalizers: [Self.finalizer, "else.where/keeps"])
            try await ground.wait("the snapshot's release") {
                try await ground.snapshot().finalizers == ["else.where/keeps"]
            }
            try await ground.finish()
        }
    }

    @Test("a snapshot is kept for as long as a claim waits for it")
    func wanted() async throws {
        try await withGround { ground in
            try await ground.makeClass(parameters: ["no-such-parameter": "1"])
            try await ground.makeClass("good")
            try ground.start()
            try await ground.makeClaim("source", of: "good")
            try await ground.waitUntilBound("source")
            try await ground.makeSnapshot(of: "source")
            let claim = try await ground.makeClaim { $0.json["spec", "dataSource"] = ground.snapshotSource }
            try await ground.wait("the refusal") {
                try await ground.events(of: claim.uid).contains { $0.message.contains("no-such-parameter") }
            }
            let looks = ReconcilerGround.its("list", "volumesnapshots")
            let before = ground.double?.requests(looks).count ?? 0
            try await ground.wait("three more looks") { (ground.double?.requests(looks).count ?? 0) >= before + 3 }
            #expect(try await ground.snapshot().finalizers == [Self.finalizer])
            try await ground.deleteClaim()
            try await ground.wait("the snapshot's release") { try await ground.snapshot().finalizers.isEmpty }
            try await ground.finish()
        }
    }
}

extension ReconcilerGround {
    var snapshotSource: JSON {
        ["apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": .string(name("snapshot"))]
    }

    func snapshot() async throws -> VolumeSnapshot {
        try await client.get(VolumeSnapshot.self, name("snapshot"), namespace: "default")
    }

    /// Takes a snapshot, with the objects that the snapshot controller and csi-snapshotter would have made of it.
    func makeSnapshot(of suffix: String, finalizers: [String] = []) async throws {
        let volumes = try await persistentVolumes()
        let claim = try await claim(named: suffix)
        let handle = volumes.first { $0.claimRef?.uid == claim.uid }?.csi?.volumeHandle ?? ""
        let taken = try await plugin.call(
            CSIMethod.createSnapshot, CreateSnapshotRequest(sourceVolumeID: handle, name: name("snapshot"))
        ).snapshot
        var made = VolumeSnapshot(name: name("snapshot"), namespace: "default")
        made.finalizers = finalizers
        made.json["spec"] = ["source": ["persistentVolumeClaimName": .string(claim.name)]]
        made = try await client.create(made)
        var content = VolumeSnapshotContent(name: name("content"))
        content.json["spec"] = [
            "deletionPolicy": "Delete", "driver": .string(driver), "source": ["volumeHandle": .string(handle)],
            "volumeSnapshotRef": [
                "kind": "VolumeSnapshot", "name": .string(made.name), "namespace": "default", "uid": .string(made.uid),
            ],
        ]
        content = try await client.create(content)
        content.json["status"] = ["snapshotHandle": .string(taken?.snapshotID ?? ""), "readyToUse": true]
        _ = try await client.updateStatus(content)
        made.json["status"] = [
            "boundVolumeSnapshotContentName": .string(content.name), "readyToUse": true, "restoreSize": "32Mi",
        ]
        _ = try await client.updateStatus(made)
    }

    /// Deletes the snapshots and their objects.
    func deleteSnapshots() async throws {
        for entry in try await plugin.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries {
            guard let id = entry.snapshot?.snapshotID else { continue }
            _ = try await plugin.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: id))
        }
        try? await client.delete(VolumeSnapshotContent.self, name("content"))
        try? await client.delete(VolumeSnapshot.self, name("snapshot"), namespace: "default")
    }

    /// Deletes claims and snapshots, and looks that nothing is left.
    func finish() async throws {
        try await deleteSnapshots()
        for suffix in ["claim", "source"] { try? await deleteClaim(suffix) }
        try await waitUntilClean()
    }
}
