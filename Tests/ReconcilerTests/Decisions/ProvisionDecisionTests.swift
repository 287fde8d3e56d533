internal import JSON
internal import Kubernetes
internal import RPC
internal import Testing

@testable internal import Reconciler

@Suite("Which claims get a volume here")
struct ProvisionDecisionTests {
    enum Expected {
        case nothing, race, provision
        case refuses(String)
        case waits(String)
    }

    static let rows: [Row<SampleChange, Expected>] = [
        Row("its node is this one", .provision, { _ in }),
        Row("by the older annotation", .provision) {
            $0.claim.annotations["volume.kubernetes.io/storage-provisioner"] = nil
            $0.claim.annotations["volume.beta.kubernetes.io/storage-provisioner"] = "d"
        },
        Row("the newer annotation counts", .nothing) {
            $0.claim.annotations["volume.kubernetes.io/storage-provisioner"] = "other"
            $0.claim.annotations["volume.beta.kubernetes.io/storage-provisioner"] = "d"
        },
        Row("another driver's", .nothing) {
            $0.claim.annotations["volume.kubernetes.io/storage-provisioner"] = "other"
        },
        Row("nobody has said whose", .nothing) {
            $0.claim.annotations["volume.kubernetes.io/storage-provisioner"] = nil
        },
        Row("it has a volume", .nothing) { $0.claim.volumeName = "pv" },
        Row("it is being deleted", .nothing) { $0.deleteClaim() },
        Row("no class", .nothing) { $0.claim.storageClassName = nil },
        Row("the class without a name", .nothing) { $0.claim.storageClassName = "" },
        Row("another node's", .nothing) { $0.claim.annotations[ClusterNames.selectedNode] = "m" },
        Row("no node yet, and it waits for a pod", .nothing) { $0.claim.annotations[ClusterNames.selectedNode] = nil },
        Row("an empty node is none", .nothing) { $0.claim.annotations[ClusterNames.selectedNode] = "" },
        Row("no node yet, at once", .race) {
            $0.claim.annotations[ClusterNames.selectedNode] = nil
            $0.storageClass?.json["volumeBindingMode"] = "Immediate"
        },
        Row("at once, and won", .provision) { $0.storageClass?.json["volumeBindingMode"] = "Immediate" },
        Row("a binding mode that is not known is not raced for", .nothing) {
            $0.claim.annotations[ClusterNames.selectedNode] = nil
            $0.storageClass?.json["volumeBindingMode"] = "Sometimes"
        },
        Row("at once, but not here", .nothing) {
            $0.claim.annotations[ClusterNames.selectedNode] = nil
            $0.storageClass?.json["volumeBindingMode"] = "Immediate"
            $0.storageClass?.allow([[Sample.key: ["m", "o"]]])
        },
        Row("at once, and here among others", .race) {
            $0.claim.annotations[ClusterNames.selectedNode] = nil
            $0.storageClass?.json["volumeBindingMode"] = "Immediate"
            $0.storageClass?.allow([["zone": ["z"]], [Sample.key: ["m", "n"]]])
        },
        Row("here, where the class does not allow it", .refuses("allowedTopologies")) {
            $0.storageClass?.allow([[Sample.key: ["m"]]])
        },
        Row("all of a term has to fit", .refuses("allowedTopologies")) {
            $0.storageClass?.allow([[Sample.key: ["n"], "zone": ["z"]]])
        },
        Row("the class is gone", .waits("storage class \"fast\" does not exist")) { $0.storageClass = nil },
        Row("the class is gone, and no node is meant", .nothing) {
            $0.storageClass = nil
            $0.claim.annotations[ClusterNames.selectedNode] = nil
        },
        Row("the class was made anew for another driver", .nothing) { $0.storageClass?.provisioner = "other" },
    ]

    @Test("the claim, its class and its node decide", arguments: rows)
    func decision(row: Row<SampleChange, Expected>) {
        var sample = Sample()
        row.change(&sample)
        let found = ProvisionDecision.decide(sample.claim, sample.storageClass, sample.identity)
        switch (row.expected, found) {
        case (.nothing, .nothing), (.race, .race), (.provision, .provision): break
        case (.refuses(let words), .refuse(let reason)), (.waits(let words), .wait(let reason)):
            #expect(reason.contains(words))
        default: Issue.record("\(found)")
        }
    }

    static let outcomes: [(StatusCode, CallOutcome)] = StatusCode.allCases.map { code in
        switch code {
        case .cancelled, .deadlineExceeded, .unavailable, .aborted: (code, .unknown)
        case .resourceExhausted: (code, .noRoom)
        default: (code, .final)
        }
    }

    @Test("an answer from which nothing follows is asked for again", arguments: outcomes)
    func outcome(code: StatusCode, expected: CallOutcome) { #expect(CallOutcome(code) == expected) }
}

extension StorageClass {
    fileprivate mutating func allow(_ terms: [[String: [String]]]) {
        let terms = terms.map { term -> JSON in
            let expressions = term.map { key, values -> JSON in
                ["key": .string(key), "values": .array(values.map { .string($0) })]
            }
            return ["matchLabelExpressions": .array(expressions)]
        }
        json["allowedTopologies"] = .array(terms)
    }
}
