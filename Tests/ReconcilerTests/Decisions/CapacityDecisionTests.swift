internal import JSON
internal import Kubernetes
internal import Testing

@testable internal import Reconciler

@Suite("What the cluster is told about room")
struct CapacityDecisionTests {
    private static func told(
        _ name: String, _ storageClass: String, _ available: Int64, _ largest: Int64? = nil, on node: String = "n"
    ) -> CSIStorageCapacity {
        var object = CSIStorageCapacity(name: name)
        object.storageClassName = storageClass
        object.nodeTopology = [Sample.key: node]
        object.capacity = Quantity(bytes: available)
        object.maximumVolumeSize = largest.map { Quantity(bytes: $0) }
        return object
    }

    private static let fast = ClassCapacity(storageClass: "fast", available: 100, largest: 50)
    private static let slow = ClassCapacity(storageClass: "slow", available: 200, largest: nil)

    static let rows: [Row<[CSIStorageCapacity], CapacityDecision>] = [
        Row("nothing is told yet", CapacityDecision(create: [fast, slow]), []),
        Row("all is told", CapacityDecision(), [told("a", "fast", 100, 50), told("b", "slow", 200)]),
        Row(
            "other room", CapacityDecision(update: ["a": fast]), [told("a", "fast", 99, 50), told("b", "slow", 200)]),
        Row(
            "another largest", CapacityDecision(update: ["a": fast, "b": slow]),
            [told("a", "fast", 100), told("b", "slow", 200, 7)]),
        Row(
            "a class that is gone", CapacityDecision(delete: ["c"]),
            [told("a", "fast", 100, 50), told("b", "slow", 200), told("c", "gone", 1)]),
        Row(
            "told twice", CapacityDecision(delete: ["c"]),
            [told("a", "fast", 100, 50), told("b", "slow", 200), told("c", "fast", 100, 50)]),
        Row(
            "told of another place", CapacityDecision(create: [fast], delete: ["a"]),
            [told("a", "fast", 100, 50, on: "m"), told("b", "slow", 200)]),
    ]

    @Test("each class is told of once", arguments: rows)
    func decision(row: Row<[CSIStorageCapacity], CapacityDecision>) {
        let identity = NodeIdentity(driver: "d", node: "n", segments: [Sample.key: "n"])
        #expect(CapacityDecision.decide([Self.fast, Self.slow], row.change, identity) == row.expected)
    }
}
