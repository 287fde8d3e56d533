internal import JSON
internal import Kubernetes
internal import Testing

@testable internal import Reconciler

@Suite("What becomes of a claim that asks for more")
struct ExpandDecisionTests {
    static let rows: [Row<SampleChange, ExpandDecision>] = [
        Row("it has what it asks for", .nothing) { $0.claim.requestedStorage = Quantity("10Mi") },
        Row("it asks for less", .nothing) { $0.claim.requestedStorage = Quantity("5Mi") },
        Row("it asks for more", .grow(to: size("20Mi"), isNoted: false), { _ in }),
        Row("it is not bound", .nothing) { $0.claim.json["status", "phase"] = "Pending" },
        Row("it is being deleted", .nothing) { $0.deleteClaim() },
        Row("the volume is another one's", .nothing) { $0.volume.claimRef?.json["uid"] = "other" },
        Row("the claim names another volume", .nothing) { $0.claim.volumeName = "other" },
        Row("another driver's", .nothing) { $0.volume.csi = CSISource(driver: "other", volumeHandle: "h") },
        Row("on another node", .nothing) { $0.volume.nodeAffinity = Sample.affinity([[Sample.key: ["m"]]]) },
        Row("its size is not known yet", .nothing) { $0.claim.capacity = nil },
        Row("the class does not allow it", .refuse("")) { $0.storageClass?.allowVolumeExpansion = false },
        Row("the class does not allow it any more, and it was begun", .grow(to: size("20Mi"), isNoted: true)) {
            $0.storageClass?.allowVolumeExpansion = false
            $0.note("20Mi", .controllerInProgress)
        },
        Row("the class is gone", .grow(to: size("20Mi"), isNoted: false)) { $0.storageClass = nil },
        Row("begun", .grow(to: size("20Mi"), isNoted: true)) { $0.note("20Mi", .controllerInProgress) },
        Row("begun for another size, which comes first", .grow(to: size("15Mi"), isNoted: true)) {
            $0.note("15Mi", .controllerInProgress)
        },
        Row("grown, and kubelet's turn", .nothing) {
            $0.note("20Mi", .nodePending)
            $0.volume.capacity = Quantity("20Mi")
        },
        Row("kubelet is at it", .nothing) {
            $0.note("20Mi", .nodeInProgress)
            $0.volume.capacity = Quantity("20Mi")
        },
        Row("kubelet's turn for a smaller size", .nothing) {
            $0.note("15Mi", .nodePending)
            $0.volume.capacity = Quantity("15Mi")
        },
        Row("kubelet's turn, but the volume has not grown", .grow(to: size("15Mi"), isNoted: true)) {
            $0.note("15Mi", .nodePending)
        },
        Row("impossible, as before", .hold) { $0.note("20Mi", .controllerInfeasible) },
        Row("impossible, and asked for otherwise", .grow(to: size("20Mi"), isNoted: false)) {
            $0.note("50Gi", .controllerInfeasible)
        },
        Row("impossible for kubelet", .grow(to: size("20Mi"), isNoted: true)) { $0.note("20Mi", .nodeInfeasible) },
        Row("the volume has grown, the claim was not told", .grow(to: size("20Mi"), isNoted: false)) {
            $0.volume.capacity = Quantity("20Mi")
        },
        Row("a status that is not known", .grow(to: size("20Mi"), isNoted: true)) {
            $0.note("20Mi", .controllerInProgress)
            $0.claim.allocatedStorageStatus = "ResizeSomehow"
        },
    ]

    @Test("what was begun comes to its end before anything else", arguments: rows)
    func decision(row: Row<SampleChange, ExpandDecision>) {
        var sample = Sample.bound
        sample.claim.requestedStorage = Quantity("20Mi")
        row.change(&sample)
        let found = ExpandDecision.decide(sample.claim, sample.volume, sample.storageClass, sample.identity)
        if case (.refuse, .refuse(let reason)) = (row.expected, found) {
            #expect(reason.contains("set allowVolumeExpansion"))
        } else {
            #expect(found == row.expected)
        }
    }

    static let writings: [Row<GrowthStatus, (status: String?, conditions: [String])>] = [
        Row("it grows", ("ControllerResizeInProgress", ["Else", "Resizing"]), .resizing(to: size("20Mi"))),
        Row("the node's turn", ("NodeResizePending", ["Else", "FileSystemResizePending"]), .nodePending),
        Row("done", (nil, ["Else"]), .finished(size("20Mi"))),
        Row("failed", ("", ["Else", "Resizing", "ControllerResizeError"]), .failed("no")),
        Row("impossible", ("ControllerResizeInfeasible", ["Else", "ControllerResizeError"]), .infeasible("no")),
    ]

    @Test("the claim's status says how far it is, and keeps what others say", arguments: writings)
    func written(row: Row<GrowthStatus, (status: String?, conditions: [String])>) {
        var claim = Sample.bound.claim
        let now = Timestamp.now
        claim.conditions = ["Else", "Resizing", "FileSystemResizePending"].map { Condition(type: $0, since: now) }
        let patch = row.change.patch(of: claim, now: now)
        let types = patch["status", "conditions"]?.array?.compactMap { $0["type"]?.string }
        #expect(types == row.expected.conditions)
        let status = patch["status", "allocatedResourceStatuses", "storage"]
        switch row.expected.status {
        case nil: #expect(status == .null)
        case "": #expect(status == nil)
        case let word?: #expect(status == .string(word))
        }
    }
}

extension Sample {
    fileprivate mutating func note(_ text: String, _ progress: GrowthProgress) {
        claim.allocatedStorage = size(text)
        claim.allocatedStorageStatus = progress.rawValue
    }
}

private func size(_ text: String) -> Quantity { Quantity(text) ?? Quantity(bytes: -1) }
