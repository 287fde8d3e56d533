internal import JSON
internal import Kubernetes
internal import Syscalls
internal import Testing

@testable internal import Reconciler

@Suite("The life of nodes")
struct NodeLifeTests {
    private static let loops = "provision,delete,node"

    @Test(
        "the start-up taint goes when kubelet has registered the driver, and no other taint does",
        arguments: APIServer.allCases)
    func taint(server: APIServer) async throws {
        try await withGround(server) { ground in
            let ours = "\(ground.driver)/agent-not-ready"
            try await ground.makeNode(
                taints: [
                    ["key": .string(ours), "effect": "NoSchedule"], ["key": "else.where", "effect": "NoExecute"],
                ])
            try await ground.makeRegistration(of: "other.driver")
            try ground.start(loops: Self.loops)
            try await ground.wait("the first look") { ground.log.contains("reconciling") }
            // Registered is somebody else; a claim's volume shows that the process is at work by now.
            try await ground.makeClass()
            try await ground.makeClaim()
            try await ground.waitUntilBound()
            let before = try await ground.client.get(Node.self, ground.node)
            #expect(before.taintKeys == [ours, "else.where"])

            try await ground.register(ground.driver)
            try await ground.wait("the end of the taint") {
                try await ground.client.get(Node.self, ground.node).taintKeys == ["else.where"]
            }
            try await ground.wait("the event") {
                try await ground.client.list(Event.self, namespace: "default").items.contains {
                    $0.reason == "VolumesReady" && $0.regarding.name == ground.node
                }
            }
            // One that comes later goes as well.
            _ = try await ground.client.mergePatch(
                Node.self, ground.node, ["spec": ["taints": [["key": .string(ours), "effect": "NoExecute"]]]])
            try await ground.wait("the end of the second taint") {
                try await ground.client.get(Node.self, ground.node).taintKeys.isEmpty
            }
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }

    @Test("a claim that waits for a node that is gone is given to another one", arguments: APIServer.allCases)
    func claimOfGoneNode(server: APIServer) async throws {
        try await withGround(server) { ground in
            try await ground.makeNode()
            try await ground.makeClass()
            try ground.start(loops: Self.loops)
            let claim = try await ground.makeClaim {
                $0.annotations["volume.kubernetes.io/selected-node"] = ground.name("gone")
            }
            try await ground.waitUntilBound()
            try await ground.wait("the event") {
                try await ground.events(of: claim.uid).contains {
                    $0.reason == "NodeGone" && $0.message.contains("node \(ground.name("gone")), which was to have")
                }
            }
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }

    @Test("a claim that is kept as a source on a node that is gone can be deleted", arguments: APIServer.allCases)
    func sourceOnGoneNode(server: APIServer) async throws {
        try await withGround(server) { ground in
            try await ground.makeNode()
            try await ground.makeClass(binding: "WaitForFirstConsumer")
            try ground.start(loops: Self.loops)
            // The annotation as the binder writes it once a node is selected.
            try await ground.makeClaim {
                $0.annotations["volume.kubernetes.io/storage-provisioner"] = ground.driver
                $0.labels["topology.holdfast.dev/node"] = ground.name("gone")
                $0.finalizers = ["provisioner.storage.kubernetes.io/cloning-protection"]
            }
            try await ground.deleteClaim()
            try await ground.wait("the claim's end") {
                try await ground.client.list(PersistentVolumeClaim.self, namespace: "default").items
                    .allSatisfy { !$0.name.hasPrefix(ground.prefix) }
            }
        }
    }

    @Test(
        "what was told of the room on a node that is gone is deleted, and nothing else", arguments: APIServer.allCases)
    func capacityOfGoneNode(server: APIServer) async throws {
        try await withGround(server) { ground in
            try await ground.makeNode()
            try await ground.makeClass()
            for (node, driver) in [("gone", ground.driver), ("gone", "other.driver"), ("", ground.driver)] {
                var told = CSIStorageCapacity(
                    name: ground.name("\(node)-\(driver.prefix(1))-told"), namespace: "default")
                told.labels = ["csi.storage.k8s.io/drivername": driver]
                told.storageClassName = ground.name("class")
                told.nodeTopology = ["topology.holdfast.dev/node": node.isEmpty ? ground.node : ground.name(node)]
                told.capacity = Quantity("1Gi")
                _ = try await ground.client.create(told)
            }
            try ground.start(loops: "node")
            try await ground.wait("the end of one") { try await ground.capacities().count == 2 }
            let left = try await ground.capacities()
            #expect(left.contains { $0.nodeTopology.values.contains(ground.node) })
            #expect(left.contains { $0.labels["csi.storage.k8s.io/drivername"] == "other.driver" })
        }
    }

    @Test(
        "a volume of a node that is gone is told of, and given up on an operator's word", arguments: APIServer.allCases)
    func volumeOfGoneNode(server: APIServer) async throws {
        try await withGround(server) { ground in
            let (gone, key) = (ground.name("gone"), "topology.holdfast.dev/node")
            try await ground.makeNode()
            try await ground.makeNode(gone)
            let storageClass = try await ground.makeClass()
            let claim = try await ground.makeClaim {
                $0.annotations["volume.kubernetes.io/selected-node"] = gone
            }
            let volume = try await ground.client.create(ground.volume(for: claim, storageClass, on: gone))
            // The binder alone: the volume lies elsewhere.
            try ground.start(loops: Self.loops)
            try await ground.waitUntilBound()
            try await ground.wait("the label") {
                try await ground.client.get(PersistentVolume.self, volume.name).labels[key] == gone
            }
            #expect(try await ground.events(of: volume.uid).isEmpty)

            try await ground.client.delete(Node.self, gone)
            for uid in [volume.uid, claim.uid] {
                try await ground.wait("the event") {
                    try await ground.events(of: uid).contains {
                        $0.type == "Warning" && $0.reason == "NodeGone" && $0.message.contains("node \(gone)")
                    }
                }
            }
            try await ground.annotate(volume, "another-node")
            try await ground.wait("the wrong word") {
                try await ground.events(of: volume.uid).contains { $0.message.contains("names node another-node") }
            }
            // Its claim keeps it.
            try await ground.annotate(volume, gone)
            try await ground.wait("the word") {
                try await ground.events(of: volume.uid).contains { $0.message.contains("is given up") }
            }
            let kept = try await ground.persistentVolumes()
            #expect(kept.map(\.phase) == ["Bound"])
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }
}

@Suite("Whether a volume's node is gone for good")
struct GoneDecisionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        var isThere = false
        var word: String?
        var phase = "Bound"
        var policy = "Delete"
        var isBeingDeleted = false
        var finalizers = [ClusterNames.volumeFinalizer]
        let expected: Expected

        enum Expected {
            case nothing, release
            case tells(String)
        }

        var testDescription: String { label }
    }

    static let rows = [
        Row(label: "its node is there", isThere: true, expected: .nothing),
        Row(label: "an empty word is none", isThere: true, word: "", expected: .nothing),
        Row(
            label: "its node is there, whatever is said", isThere: true, word: "n", phase: "Released",
            expected: .tells("is in the cluster")),
        Row(
            label: "gone, and nobody has said for good", phase: "Released",
            expected: .tells("kubectl annotate pv -l key=n d/node-gone=n")),
        Row(
            label: "gone, and being deleted without a word", phase: "Released", isBeingDeleted: true,
            expected: .tells("no longer")),
        Row(label: "another node is named", word: "m", phase: "Released", expected: .tells("names node m")),
        Row(label: "claimed", word: "n", expected: .tells("when its claim is deleted")),
        Row(label: "released", word: "n", phase: "Released", expected: .release),
        Row(label: "released, without our finalizer", word: "n", phase: "Released", finalizers: [], expected: .release),
        Row(label: "a deletion that failed", word: "n", phase: "Failed", expected: .release),
        Row(label: "retained", word: "n", phase: "Released", policy: "Retain", expected: .tells("delete this object")),
        Row(
            label: "retained and deleted", word: "n", phase: "Released", policy: "Retain", isBeingDeleted: true,
            expected: .release),
        Row(label: "free", word: "n", phase: "Available", expected: .tells("delete this object")),
        Row(label: "claimed and deleted, held by us", word: "n", isBeingDeleted: true, expected: .release),
        Row(
            label: "deleted, held by others", word: "n", isBeingDeleted: true, finalizers: ["else"], expected: .nothing),
    ]

    @Test("the word of an operator decides, and the volume's state", arguments: rows)
    func decision(row: Row) {
        var volume = PersistentVolume(name: "pv")
        volume.finalizers = row.finalizers
        volume.reclaimPolicy = row.policy
        volume.json["status", "phase"] = .string(row.phase)
        if let word = row.word { volume.annotations["d/node-gone"] = word }
        if row.isBeingDeleted { volume.json["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        let found = GoneDecision.decide(volume, node: "n", isThere: row.isThere, driver: "d", label: "key")
        switch (row.expected, found) {
        case (.nothing, .nothing), (.release, .release): break
        case (.tells(let words), .tell(let sentence)): #expect(sentence.contains(words))
        default: Issue.record("\(found)")
        }
    }
}

extension Node {
    /// Without those that the server itself gives to a node that nobody has heard of.
    fileprivate var taintKeys: [String] {
        taints.compactMap { $0["key"]?.string }.filter { !$0.hasPrefix("node.kubernetes.io/") }
    }
}

extension ReconcilerGround {
    /// Creates a Node, this test's own unless named.
    func makeNode(_ name: String? = nil, taints: [JSON] = []) async throws {
        var made = Node(name: name ?? node)
        made.taints = taints
        _ = try await client.create(made)
    }

    /// What kubelet writes when a driver registers.
    func makeRegistration(of other: String? = nil) async throws {
        var made = CSINode(name: node)
        made.json["spec"] = ["drivers": [Self.registration(other ?? driver, node)]]
        _ = try await client.create(made)
    }

    fileprivate func register(_ driver: String) async throws {
        let drivers = try await client.get(CSINode.self, node).json["spec", "drivers"]?.array ?? []
        _ = try await client.mergePatch(
            CSINode.self, node, ["spec": ["drivers": .array(drivers + [Self.registration(driver, node)])]])
    }

    private static func registration(_ driver: String, _ node: String) -> JSON {
        ["name": .string(driver), "nodeID": .string(node), "topologyKeys": ["topology.holdfast.dev/node"]]
    }

    /// A volume as the reconciler of another node has made it for a claim.
    fileprivate func volume(
        for claim: PersistentVolumeClaim, _ storageClass: StorageClass, on node: String
    ) throws -> PersistentVolume {
        let order = try ProvisionOrder(claim, storageClass)
        let segments = ["topology.holdfast.dev/node": node]
        let identity = NodeIdentity(driver: driver, node: node, segments: segments)
        var made = order.persistentVolume(
            of: .init(
                capacityBytes: order.bytes, volumeID: "somewhere-else", accessibleTopology: [.init(segments: segments)]),
            identity)
        made.labels = [:]
        return made
    }

    fileprivate func annotate(_ volume: PersistentVolume, _ node: String) async throws {
        _ = try await client.mergePatch(
            PersistentVolume.self, volume.name, ["metadata": ["annotations": ["\(driver)/node-gone": .string(node)]]])
    }
}
