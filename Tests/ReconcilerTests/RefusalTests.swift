internal import JSON
internal import Kubernetes
internal import Testing

/// A claim, or its class, that can have no volume as it is.
struct Refusal: Sendable, CustomTestStringConvertible {
    let label: String
    var parameters: [String: String] = [:]
    var binding = "Immediate"
    /// Whether this node is chosen for it by hand.
    var isChosen = false
    var change: @Sendable (inout PersistentVolumeClaim) -> Void = { _ in }
    /// Words of what its owner is told.
    let words: String

    var testDescription: String { label }

    private static func source(_ kind: String, _ group: String = "", _ name: String)
        -> @Sendable (
            inout PersistentVolumeClaim
        ) -> Void
    {
        { claim in
            claim.json["spec", "dataSource"] = ["kind": .string(kind), "name": .string(name)]
            if !group.isEmpty { claim.json["spec", "dataSource", "apiGroup"] = .string(group) }
        }
    }

    static let all = [
        Refusal(
            label: "a parameter that the plugin does not know", parameters: ["speed": "11"],
            words: "speed"),
        Refusal(
            label: "a parameter of ours that there is not", parameters: ["csi.storage.k8s.io/fs": "xfs"],
            words: "csi.storage.k8s.io/fs of storage class"),
        Refusal(
            label: "a filesystem that there is not", parameters: ["csi.storage.k8s.io/fstype": "ntfs"], words: "ntfs"),
        Refusal(
            label: "parameters that contradict each other",
            parameters: ["fstype": "xfs", "csi.storage.k8s.io/fstype": "ext4"], words: "leave one of them"),
        Refusal(
            label: "half a secret", parameters: ["csi.storage.k8s.io/provisioner-secret-name": "a"],
            words: "correct the class"),
        Refusal(
            label: "a secret that there is not",
            parameters: [
                "csi.storage.k8s.io/provisioner-secret-name": "no-such-secret",
                "csi.storage.k8s.io/provisioner-secret-namespace": "default",
            ], words: "secret default/no-such-secret could not be read"),
        Refusal(
            label: "a selector", change: { $0.json["spec", "selector"] = ["matchLabels": ["a": "b"]] },
            words: "take spec.selector out"),
        Refusal(
            label: "an access mode of several nodes", change: { $0.accessModes = ["ReadWriteMany"] },
            words: "INVALID_ARGUMENT"),
        Refusal(
            label: "a size that no disk has", isChosen: true, change: { $0.requestedStorage = Quantity("8Ei") },
            words: "OUT_OF_RANGE"),
        Refusal(
            label: "a source that there is not", change: source("PersistentVolumeClaim", "", "no-such-claim"),
            words: "claim default/no-such-claim, the source, does not exist"),
        Refusal(
            label: "a snapshot that there is not", change: source("VolumeSnapshot", "snapshot.storage.k8s.io", "none"),
            words: "snapshot default/none, the source, does not exist"),
        Refusal(
            label: "a class of volume attributes that there is not",
            change: { $0.json["spec", "volumeAttributesClassName"] = "no-such-class" },
            words: "volume attributes class \"no-such-class\" does not exist"),
    ]
}

@Suite("Refusals are told to the owner")
struct RefusalTests {
    /// All at once: each has a class and a claim of its own.
    @Test(
        "once, however often it is tried again, and a claim that can be served is served beside them",
        arguments: APIServer.allCases)
    func refusals(server: APIServer) async throws {
        try await withGround(server) { ground in
            try ground.start()
            var claims: [(Refusal, PersistentVolumeClaim)] = []
            for (number, row) in Refusal.all.enumerated() {
                try await ground.makeClass("class-\(number)", binding: row.binding, parameters: row.parameters)
                let claim = try await ground.makeClaim("claim-\(number)", of: "class-\(number)") { claim in
                    row.change(&claim)
                    if row.isChosen { claim.annotations["volume.kubernetes.io/selected-node"] = ground.node }
                }
                claims.append((row, claim))
            }
            for (row, claim) in claims {
                try await ground.wait("\(row.label): the event") {
                    try await ground.refusals(of: claim).contains { $0.message.contains(row.words) }
                }
            }
            try await ground.makeClass()
            try await ground.makeClaim()
            try await ground.waitUntilBound()
            // By then each was tried again: after one second, and after two more.
            try await Task.sleep(for: .seconds(4))
            for (row, claim) in claims {
                let told = try await ground.refusals(of: claim)
                #expect(told.map(\.count) == [1], "\(row.label): \(told.map(\.message))")
                let now = try await ground.client.get(
                    PersistentVolumeClaim.self, claim.name, namespace: "default")
                #expect(now.phase == "Pending", "\(row.label)")
            }
            let held = try await ground.heldVolumes()
            #expect(held.count == 1)
            for number in claims.indices { try await ground.deleteClaim("claim-\(number)") }
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }

    private static let plain = "a passphrase that nobody may find again"
    private static let encoded = "YSBwYXNzcGhyYXNlIHRoYXQgbm9ib2R5IG1heSBmaW5kIGFnYWlu"

    @Test("what changes is told anew, and what is mended is served, without a trace of the secret")
    func mended() async throws {
        try await withGround { ground in
            try ground.start()
            try await ground.makeClass(parameters: [
                "csi.storage.k8s.io/provisioner-secret-name": "key",
                "csi.storage.k8s.io/provisioner-secret-namespace": "default",
            ])
            let claim = try await ground.makeClaim()
            try await ground.wait("the first sentence") {
                try await ground.refusals(of: claim).contains { $0.message.contains("could not be read") }
            }
            try ground.require { double throws in
                try double.create([
                    "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "key"],
                    "data": ["word": "/////w=="],
                ])
            }
            try await ground.wait("the second sentence") {
                try await ground.refusals(of: claim).contains { $0.message.contains("is no UTF-8 text") }
            }
            try ground.require { double throws in
                try double.change("secrets", "key") { $0["data", "word"] = .string(Self.encoded) }
            }
            try await ground.waitUntilBound()
            let volume = try #require(try await ground.persistentVolumes().first)
            #expect(volume.annotations["volume.kubernetes.io/provisioner-deletion-secret-name"] == "key")
            #expect(volume.annotations["volume.kubernetes.io/provisioner-deletion-secret-namespace"] == "default")
            let told = try await ground.refusals(of: claim)
            #expect(told.count == 2)
            #expect(told.allSatisfy { !$0.message.contains(Self.encoded) && !$0.message.contains("/////w==") })
            // What it does have in memory is found.
            let known = try ground.memory(holding: ground.driver)
            #expect(!known.isEmpty)
            for text in [Self.plain, Self.encoded] {
                #expect(!ground.log.contains(text))
                let found = try ground.memory(holding: text)
                #expect(found.isEmpty, "\(text): \(found)")
            }
            // A secret that is gone by then does not keep the volume.
            try ground.require { double throws in try double.delete("secrets", "key") }
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }
}

extension ReconcilerGround {
    fileprivate func refusals(of claim: PersistentVolumeClaim) async throws -> [Event] {
        // The binder tells of the same for a moment, where it has not heard of the class yet.
        try await events(of: claim.uid).filter {
            $0.reason == "ProvisioningFailed" && $0.json["source", "component"]?.string == driver
        }
    }
}
