internal import APIDouble
internal import JSON
internal import Kubernetes
internal import TestSupport
internal import Testing

/// What goes wrong with the API while the reconciler works.
struct Trouble: Sendable, CustomTestStringConvertible {
    let label: String
    let fault: Fault
    /// What it befalls; nil: each kind of write, the first time.
    var requests: [(String, String)] = Trouble.writes
    var times = 1

    var testDescription: String { label }

    static let writes = [
        ("create", "persistentvolumes"), ("patch", "persistentvolumeclaims"), ("patch", "persistentvolumes"),
        ("patch", "persistentvolumeclaims/status"), ("delete", "persistentvolumes"), ("create", "events"),
        ("get", "persistentvolumeclaims"), ("get", "persistentvolumes"),
    ]
    private static let watches = [
        ("watch", "persistentvolumeclaims"), ("watch", "persistentvolumes"), ("watch", "storageclasses"),
    ]

    static let all = [
        Trouble(label: "500, and nothing done", fault: .answer(500)),
        Trouble(label: "500 after it was done", fault: .answerAfterwards(500)),
        Trouble(label: "503, twice", fault: .answer(503), times: 2),
        Trouble(label: "429 with a time to wait", fault: .answer(429, retryAfter: 1)),
        Trouble(label: "the connection cut, and nothing done", fault: .cut),
        Trouble(label: "the connection cut after it was done", fault: .cutAfterwards),
        Trouble(label: "watches that end after each event", fault: .dropAfter(events: 1), requests: watches, times: 50),
        Trouble(label: "watches whose version is too old", fault: .gone, requests: watches, times: 3),
        Trouble(label: "watches that are late", fault: .delayEvents(seconds: 0.5), requests: watches, times: 50),
        Trouble(
            label: "lists that show what was there long ago", fault: .stale(resourceVersion: "1"),
            requests: [("list", "persistentvolumeclaims"), ("list", "persistentvolumes")], times: 2),
    ]
}

@Suite("An API server with troubles")
struct APIFaultTests {
    @Test("a claim lives its life all the same, and nothing is left", .tellsApart)
    func troubles() async {
        await sideBySide(Trouble.all, atMost: 3) { trouble in
            try await withGround { ground in
                let double = try #require(ground.double)
                try await ground.makeClass()
                for (verb, resource) in trouble.requests {
                    double.inject(trouble.fault, on: ReconcilerGround.its(verb, resource), times: trouble.times)
                }
                try ground.start()
                try await ground.liveOnce()
            }
        }
    }

    @Test("a server that is not there at the start, and goes in the middle, is waited for")
    func outages() async throws {
        try await withGround { ground in
            let double = try #require(ground.double)
            try await ground.makeClass()
            await double.stop()
            try ground.start()
            try await ground.wait("the trouble") {
                ground.log.contains("could not connect") || ground.log.contains("Failed to connect")
                    || ground.log.contains("refused")
            }
            #expect(!ground.hasEnded)
            try double.start()
            try await ground.makeClaim()
            try await ground.waitUntilBound()
            await double.stop()
            // The node goes on without it.
            let held = try await ground.heldVolumes()
            #expect(held.count == 1)
            try await ground.wait("the word of it") { ground.lastWordOnClaims?.contains("not up to date") == true }
            // As after a long time: what was seen last is too old by then.
            double.inject(.gone, on: ReconcilerGround.its("watch", "persistentvolumeclaims"), times: 2)
            try double.start()
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
            try await ground.liveOnce("second")
            try await ground.wait("the good news") { ground.lastWordOnClaims?.contains("up to date again") == true }
        }
    }

    @Test("what is forbidden is told to the owner, and done when it is allowed")
    func forbidden() async throws {
        try await withGround { ground in
            let double = try #require(ground.double)
            try await ground.makeClass()
            let denial = double.deny(ReconcilerGround.its("create", "persistentvolumes"))
            try ground.start()
            let claim = try await ground.makeClaim()
            try await ground.wait("the event") {
                try await ground.events(of: claim.uid).contains { $0.message.contains("takes no PersistentVolume") }
            }
            double.allow(denial)
            try await ground.waitUntilBound()
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }

    /// The reconciler sees neither that the claim has its volume, nor that it was deleted, when it takes its turn again.
    @Test("a turn that is taken again by old knowledge deletes no volume that is retained")
    func oldKnowledge() async throws {
        try await withGround { ground in
            let double = try #require(ground.double)
            let gate = Gate()
            defer { gate.open() }
            try await ground.makeClass(policy: "Retain")
            let claim = try await ground.makeClaim {
                $0.annotations["volume.kubernetes.io/selected-node"] = ground.node
                $0.labels["topology.holdfast.dev/node"] = ground.node
            }
            try await ground.wait("the binder's word") {
                try await ground.claim().annotations["volume.kubernetes.io/storage-provisioner"] != nil
            }
            for resource in ["persistentvolumeclaims", "persistentvolumes"] {
                double.inject(.holdEvents(gate), on: ReconcilerGround.its("watch", resource), times: 20)
            }
            // The sweep of what was left behind asks for volumes too; it leaves young ones alone.
            try ground.start(grace: 60)
            try await ground.waitUntilBound()
            try await ground.deleteClaim()
            try await ground.wait("the release") { try await ground.persistentVolumes().first?.phase == "Released" }
            let isAsked = ReconcilerGround.its("get", "persistentvolumes", name: "pvc-\(claim.uid)")
            #expect(double.requests(isAsked).isEmpty)
            // A class that has changed has its claims looked at again.
            _ = try await ground.client.mergePatch(
                StorageClass.self, ground.name("class"), ["metadata": ["annotations": ["again": "please"]]])
            try await ground.wait("the second turn") { !double.requests(isAsked).isEmpty }
            let held = try await ground.heldVolumes()
            #expect(held.count == 1)
            gate.open()
            try await ground.wait("the end of the claim") {
                try await ground.client.list(PersistentVolumeClaim.self, namespace: "default").items.isEmpty
            }
            #expect(await ground.end(gently: true) == 0)
            let kept = try await ground.heldVolumes()
            #expect(kept == held)
        }
    }
}

extension ReconcilerGround {
    /// A claim that gets its volume, grows, and goes without leaving anything.
    func liveOnce(_ suffix: String = "claim") async throws {
        try await makeClaim(suffix)
        try await waitUntilBound(suffix)
        _ = try await client.mergePatch(
            PersistentVolumeClaim.self, name(suffix), namespace: "default",
            ["spec": ["resources": ["requests": ["storage": "64Mi"]]]])
        try await wait("the new size") {
            let claim = try await claim(named: suffix)
            return claim.capacity == Quantity("64Mi") && claim.allocatedStorageStatus == nil
        }
        try await deleteClaim(suffix)
        try await waitUntilClean(suffix)
    }

    /// What the log says last of whether what is known of the claims is up to date.
    fileprivate var lastWordOnClaims: Substring? {
        log.split(separator: "\n").last { $0.contains("up to date") && $0.contains("resource=persistentvolumeclaims") }
    }

    /// Does something past the wire.
    func require(_ body: (APIDouble) throws -> Void) throws { try body(#require(double)) }
}
