internal import JSON
internal import Kubernetes
internal import TestSupport
internal import Testing

/// What somebody does to the objects of a bound claim with kubectl, and what is to come of it before the claim is deleted.
private struct HandEdit: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var policy = "Delete"
    let edit: @Sendable (ReconcilerGround) async throws -> Void

    static let nodeLabel = "topology.holdfast.dev/node"

    static let all = [
        HandEdit(testDescription: "the node's labels are taken away") { ground in
            try await ground.label(with: .null)
            try await ground.waitForLabels()
        },
        HandEdit(testDescription: "the labels name another node") { ground in
            try await ground.label(with: .string("another-node"))
            try await ground.waitForLabels()
        },
        HandEdit(testDescription: "the finalizer of the volume is taken away") { ground in
            try await ground.patch(["metadata": ["finalizers": ["kubernetes.io/pv-protection"]]])
            try await ground.wait("the finalizer") {
                try await ground.volume().finalizers.contains("external-provisioner.volume.kubernetes.io/finalizer")
            }
        },
        HandEdit(testDescription: "the volume is to be retained, and after its claim's end to be deleted") { ground in
            try await ground.patch(["spec": ["persistentVolumeReclaimPolicy": "Retain"]])
            try await ground.wait("the finalizer's end") {
                try await ground.volume().finalizers == ["kubernetes.io/pv-protection"]
            }
            try await ground.deleteClaim()
            try await ground.wait("the release") { try await ground.volume().phase == "Released" }
            try await ground.expectKept()
            try await ground.patch(["spec": ["persistentVolumeReclaimPolicy": "Delete"]])
        },
        HandEdit(testDescription: "the volume's object is deleted while its claim is bound") { ground in
            try await ground.client.delete(PersistentVolume.self, try await ground.volume().name)
            // It is protected, and the claim can grow as before.
            try await ground.grow()
            let held = try await ground.heldVolumes()
            #expect(held.count == 1)
            let volume = try await ground.volume()
            #expect(volume.isBeingDeleted)
        },
        HandEdit(testDescription: "the volume's object is torn away while its claim is bound") { ground in
            let name = try await ground.volume().name
            try await ground.client.delete(PersistentVolume.self, name)
            try await ground.patch(["metadata": ["finalizers": .null]])
            try await ground.wait("the loss") { try await ground.claim().phase == "Lost" }
            // As long as there is a claim, somebody may make the object anew.
            try await ground.expectKept()
        },
        HandEdit(testDescription: "a released volume is given to another claim", policy: "Retain") { ground in
            try await ground.deleteClaim()
            try await ground.wait("the release") { try await ground.volume().phase == "Released" }
            try await ground.patch(["spec": ["claimRef": .null]])
            try await ground.wait("the volume to be free") { try await ground.volume().phase == "Available" }
            let name = try await ground.volume().name
            try await ground.makeClaim { $0.volumeName = name }
            try await ground.waitUntilBound()
            try await ground.waitForLabels()
            try await ground.grow()
            try await ground.patch(["spec": ["persistentVolumeReclaimPolicy": "Delete"]])
        },
    ]
}

@Suite("Objects edited by hand")
struct HandTests {
    @Test(
        "what is ours is put right, nothing is lost, and nothing is left in the end", .tellsApart,
        arguments: APIServer.allCases)
    func edits(server: APIServer) async {
        await sideBySide(HandEdit.all, atMost: 4) { row in
            try await withGround(server) { ground in
                try await ground.makeClass(policy: row.policy)
                try ground.start()
                try await ground.makeClaim()
                try await ground.waitUntilBound()
                try await row.edit(ground)
                let claims = try await ground.client.list(PersistentVolumeClaim.self, namespace: "default").items
                if claims.contains(where: { $0.name == ground.name("claim") }) { try await ground.deleteClaim() }
                try await ground.waitUntilClean(row.testDescription)
            }
        }
    }
}

extension ReconcilerGround {
    /// The test's only PersistentVolume.
    fileprivate func volume() async throws -> PersistentVolume { try #require(try await persistentVolumes().first) }

    fileprivate func patch(_ change: JSON) async throws {
        _ = try await client.mergePatch(PersistentVolume.self, try await volume().name, change)
    }

    fileprivate func label(with value: JSON) async throws {
        let change: JSON = ["metadata": ["labels": [HandEdit.nodeLabel: value]]]
        try await patch(change)
        _ = try await client.mergePatch(PersistentVolumeClaim.self, name("claim"), namespace: "default", change)
    }

    fileprivate func waitForLabels() async throws {
        try await wait("the labels") {
            let (volume, claim) = (try await volume(), try await claim())
            return volume.labels[HandEdit.nodeLabel] == node && claim.labels[HandEdit.nodeLabel] == node
        }
    }

    /// The volume is still there when another claim has lived its life beside it.
    fileprivate func expectKept() async throws {
        let before = try await heldVolumes()
        #expect(before.count == 1)
        try await makeClass("beside")
        try await makeClaim("beside", of: "beside")
        try await waitUntilBound("beside")
        try await deleteClaim("beside")
        let other = name("beside")
        try await wait("the other's end") {
            let objects = try await persistentVolumes()
            return try await heldVolumes().count <= 1 && !objects.contains { $0.claimRef?.name == other }
        }
        let after = try await heldVolumes()
        #expect(after == before)
    }

    fileprivate func grow() async throws {
        _ = try await client.mergePatch(
            PersistentVolumeClaim.self, name("claim"), namespace: "default",
            ["spec": ["resources": ["requests": ["storage": "64Mi"]]]])
        try await wait("the new size") { try await claim().capacity == Quantity("64Mi") }
    }
}
