internal import JSON
internal import Kubernetes
internal import Testing

@testable internal import Reconciler

/// A row of a table: objects that are changed in one respect, and what is to be done about them.
struct Row<Change: Sendable, Expected: Sendable>: Sendable, CustomTestStringConvertible {
    let label: String
    let change: Change
    let expected: Expected

    init(_ label: String, _ expected: Expected, _ change: Change) {
        (self.label, self.change, self.expected) = (label, change, expected)
    }

    var testDescription: String { label }
}

/// A claim, its class and its volume, all as they should be on node `n` of driver `d`.
struct Sample {
    static let uid = "11111111-2222-3333-4444-555555555555"
    static let key = "topology.holdfast.dev/node"

    let identity = NodeIdentity(driver: "d", node: "n", segments: [Self.key: "n"])
    var claim: PersistentVolumeClaim
    var storageClass: StorageClass?
    var volume: PersistentVolume

    /// A claim that waits for its volume on this node, of a class that waits for pods.
    init() {
        claim = PersistentVolumeClaim(name: "c", namespace: "s")
        claim.json["metadata", "uid"] = .string(Self.uid)
        claim.annotations = ["volume.kubernetes.io/storage-provisioner": "d", ClusterNames.selectedNode: "n"]
        claim.storageClassName = "fast"
        claim.accessModes = ["ReadWriteOnce"]
        claim.requestedStorage = Quantity("10Mi")
        var made = StorageClass(name: "fast")
        made.provisioner = "d"
        made.json["volumeBindingMode"] = "WaitForFirstConsumer"
        made.allowVolumeExpansion = true
        storageClass = made
        volume = PersistentVolume(name: "pvc-\(Self.uid)")
        volume.csi = CSISource(driver: "d", volumeHandle: "h")
        volume.annotations = [ClusterNames.provisionedBy: "d"]
        volume.finalizers = [ClusterNames.volumeFinalizer]
        volume.reclaimPolicy = "Delete"
        volume.capacity = Quantity("10Mi")
        volume.claimRef = ObjectReference(to: claim)
        volume.nodeAffinity = Self.affinity([[Self.key: ["n"]]])
    }

    /// The same claim with its volume.
    static var bound: Sample {
        var sample = Sample()
        sample.claim.volumeName = sample.volume.name
        sample.claim.json["status", "phase"] = "Bound"
        sample.claim.capacity = Quantity("10Mi")
        sample.volume.json["status", "phase"] = "Bound"
        return sample
    }

    static func affinity(_ terms: [[String: [String]]]) -> JSON {
        let terms = terms.map { term -> JSON in
            let expressions = term.map { key, values -> JSON in
                ["key": .string(key), "operator": "In", "values": .array(values.map { .string($0) })]
            }
            return ["matchExpressions": .array(expressions)]
        }
        return ["required": ["nodeSelectorTerms": .array(terms)]]
    }

    mutating func deleteClaim() { claim.json["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z" }
    mutating func deleteVolume() { volume.json["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z" }
}

typealias SampleChange = @Sendable (inout Sample) -> Void
