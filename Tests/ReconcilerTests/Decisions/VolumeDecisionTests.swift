internal import JSON
internal import Kubernetes
internal import Testing

@testable internal import Reconciler

@Suite("What becomes of volumes")
struct VolumeDecisionTests {
    static let deletions: [Row<SampleChange, DeleteDecision>] = [
        Row("claimed", .nothing, { _ in }),
        Row("released", .delete) { $0.release() },
        Row("released and deleted", .delete) {
            $0.release()
            $0.deleteVolume()
        },
        Row("claimed and deleted", .nothing) { $0.deleteVolume() },
        Row("deleted, and let go by whoever held it", .nothing) {
            $0.release()
            $0.deleteVolume()
            $0.volume.finalizers = []
        },
        Row("released, and never held", .delete) {
            $0.release()
            $0.volume.finalizers = []
        },
        Row("claimed, and not held yet", .addFinalizer) { $0.volume.finalizers = ["else"] },
        Row("free, and not held", .nothing) {
            $0.volume.json["status", "phase"] = "Available"
            $0.volume.finalizers = []
        },
        Row("to be kept, released", .removeFinalizer) {
            $0.release()
            $0.volume.reclaimPolicy = "Retain"
        },
        Row("to be kept, not held", .nothing) {
            $0.release()
            $0.volume.reclaimPolicy = "Retain"
            $0.volume.finalizers = []
        },
        Row("to be recycled", .removeFinalizer) {
            $0.release()
            $0.volume.reclaimPolicy = "Recycle"
        },
        Row("failed", .nothing) { $0.volume.json["status", "phase"] = "Failed" },
        Row("another driver's", .nothing) {
            $0.release()
            $0.volume.csi = CSISource(driver: "other", volumeHandle: "h")
        },
        Row("no CSI driver's", .nothing) {
            $0.release()
            $0.volume.csi = nil
        },
        Row("made by hand", .nothing) {
            $0.release()
            $0.volume.annotations = [:]
        },
        Row("another node's", .nothing) {
            $0.release()
            $0.volume.nodeAffinity = Sample.affinity([[Sample.key: ["m"]]])
        },
        Row("on two nodes", .nothing) {
            $0.release()
            $0.volume.nodeAffinity = Sample.affinity([[Sample.key: ["n", "m"]]])
        },
        Row("here or there", .nothing) {
            $0.release()
            $0.volume.nodeAffinity = Sample.affinity([[Sample.key: ["n"]], [Sample.key: ["m"]]])
        },
        Row("here, by a key that is not known", .nothing) {
            $0.release()
            $0.volume.nodeAffinity = Sample.affinity([[Sample.key: ["n"], "zone": ["z"]]])
        },
        Row("nowhere that could be known", .nothing) {
            $0.release()
            $0.volume.nodeAffinity = nil
        },
    ]

    @Test("a volume goes when it is released here, and its policy says so", arguments: deletions)
    func deletion(row: Row<SampleChange, DeleteDecision>) {
        var sample = Sample.bound
        row.change(&sample)
        #expect(DeleteDecision.decide(sample.volume, sample.identity) == row.expected)
    }

    struct Found: Sendable {
        var name = "pvc-\(Sample.uid)"
        var isUnused = true
        var age = 100.0
        var hasClaim = false
        var hasVolume = false
    }

    static let orphans: [Row<@Sendable (inout Found) -> Void, Bool>] = [
        Row("nobody speaks of it", true, { _ in }),
        Row("just made", false) { $0.age = 59 },
        Row("as old as it has to be", true) { $0.age = 60 },
        Row("it was staged once", false) { $0.isUnused = false },
        Row("its claim is there", false) { $0.hasClaim = true },
        Row("a PersistentVolume is there", false) { $0.hasVolume = true },
        Row("made by hand", false) { $0.name = "data" },
        Row("made by hand, with such a name", false) { $0.name = "pvc-data" },
        Row("a uid in capitals is none", false) { $0.name = "pvc-AAAAAAAA-2222-3333-4444-555555555555" },
        Row("a uid that is too long is none", false) { $0.name += "0" },
    ]

    @Test("only what nobody has ever used or spoken of is swept", arguments: orphans)
    func orphan(row: Row<@Sendable (inout Found) -> Void, Bool>) {
        var found = Found()
        row.change(&found)
        let volume = KnownVolume(id: "h", name: found.name, isUnused: found.isUnused, age: found.age)
        #expect(
            OrphanDecision.isOrphan(
                volume, hasClaim: found.hasClaim, hasPersistentVolume: found.hasVolume, grace: 60) == row.expected)
    }

    static let nodes: [Row<SampleChange, [String?]>] = [
        Row("claim and volume here", ["n", "n"], { _ in }),
        Row("a claim that waits for a pod", [nil, "n"]) { $0.claim.annotations[ClusterNames.selectedNode] = nil },
        Row("a claim that is raced for", ["", "n"]) {
            $0.claim.annotations[ClusterNames.selectedNode] = nil
            $0.storageClass?.json["volumeBindingMode"] = "Immediate"
        },
        Row("a claim that has its volume", [nil, "n"]) {
            $0.claim.annotations[ClusterNames.selectedNode] = nil
            $0.claim.volumeName = "pv"
            $0.storageClass?.json["volumeBindingMode"] = "Immediate"
        },
        Row("another driver's", [nil, nil]) {
            $0.claim.annotations["volume.kubernetes.io/storage-provisioner"] = "other"
            $0.volume.csi = CSISource(driver: "other", volumeHandle: "h")
        },
        Row("on several nodes", ["n", nil]) {
            $0.volume.nodeAffinity = Sample.affinity([[Sample.key: ["n"]], [Sample.key: ["m"]]])
        },
        Row("on no node", ["n", nil]) { $0.volume.nodeAffinity = nil },
    ]

    @Test("claims and volumes are marked with their node", arguments: nodes)
    func node(row: Row<SampleChange, [String?]>) {
        var sample = Sample()
        row.change(&sample)
        let claim = AssignDecision.node(of: sample.claim, sample.storageClass, driver: "d")
        let volume = AssignDecision.node(of: sample.volume, driver: "d", key: Sample.key)
        #expect([claim, volume] == row.expected)
    }
}

extension Sample {
    fileprivate mutating func release() { volume.json["status", "phase"] = "Released" }
}
