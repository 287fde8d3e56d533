import JSON
import Syscalls
import Testing

@testable import Kubernetes

@Suite struct EventTests {
    private func occurrence(_ message: String = "no room", uid: String = "u-1", name: String = "data") -> Occurrence {
        var claim = PersistentVolumeClaim(name: name, namespace: "shop")
        claim.json["metadata", "uid"] = .string(uid)
        return Occurrence(
            kind: .warning, reason: "ProvisioningFailed", message: message, object: ObjectReference(to: claim),
            at: Timestamp(microseconds: 0))
    }

    @Test func theSameIsOneEvent() {
        let name = occurrence().eventName("csi.holdfast.dev", "node-1")
        #expect(occurrence().eventName("csi.holdfast.dev", "node-1") == name)
        #expect(name.hasPrefix("data."))
        for other in [occurrence("no pool"), occurrence(uid: "u-2")] {
            #expect(other.eventName("csi.holdfast.dev", "node-1") != name)
        }
        #expect(occurrence().eventName("csi.holdfast.dev", "node-2") != name)
        let long = occurrence(name: String(repeating: "n", count: 253)).eventName("c", "h")
        #expect(long.utf8.count == 253)
    }

    @Test func hasWhatTheAPIAsksFor() {
        let event = occurrence().event("data.1", "shop", "csi.holdfast.dev", "node-1")
        #expect(event.regarding.uid == "u-1" && event.regarding.kind == "PersistentVolumeClaim")
        #expect(event.type == "Warning" && event.reason == "ProvisioningFailed" && event.message == "no room")
        #expect(event.json["source"]?.text() == #"{"component":"csi.holdfast.dev","host":"node-1"}"#)
        #expect(event.json["lastTimestamp"]?.string == "1970-01-01T00:00:00Z")
    }

    @Test func anObjectGetsAFewAtOnceAndThenOneNowAndThen() {
        var books = EventBooks(burst: 3, refill: 10)
        func admits(at seconds: Int64, uid: String = "u-1") -> Bool {
            books.admits(occurrence("\(seconds)", uid: uid), now: Moment(nanoseconds: seconds * 1_000_000_000))
        }
        let first = (0..<5).map { _ in admits(at: 0) }
        #expect(first == [true, true, true, false, false])
        let other = admits(at: 0, uid: "u-2")
        #expect(other)
        let later = (0..<2).map { _ in admits(at: 10) }
        #expect(later == [true, false])
        let rested = (0..<5).map { _ in admits(at: 1_000) }
        #expect(rested == [true, true, true, false, false])
    }

    @Test func forgetsNoObjectThatIsHeldBackWhileOthersCome() {
        var books = EventBooks(burst: 1, refill: 1_000_000)
        for number in 0..<10_000 {
            let now = Moment(nanoseconds: Int64(number) + 1)
            let first = books.admits(occurrence(uid: "u-\(number)"), now: now)
            let second = books.admits(occurrence(uid: "u-\(number)"), now: now)
            #expect(first && !second)
        }
        for number in 0..<5_000 { books.note("event-\(number)", count: 1) }
        let (last, first) = (books.count(of: "event-4999"), books.count(of: "event-0"))
        #expect(last == 1 && first == nil)
    }

    @Test(arguments: [
        ("short", "short"), (String(repeating: "x", count: 1_024), String(repeating: "x", count: 1_024)),
        (String(repeating: "é", count: 513), String(repeating: "é", count: 512)),
        ("x" + String(repeating: "é", count: 512), "x" + String(repeating: "é", count: 511)),
    ])
    func cutsBetweenCharacters(_ text: String, _ expected: String) { #expect(shortened(text, 1_024) == expected) }
}

@Suite struct LeaseTests {
    private func election(_ identity: String) throws -> LeaderElection {
        let configuration = try ClusterConfiguration.kubeconfig(
            Array(
                """
                current-context: a
                contexts: [{name: a, context: {cluster: a}}]
                clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
                """.utf8), file: "config")
        return LeaderElection(
            KubernetesClient(configuration), namespace: "kube-system", name: "holdfast", identity: identity)
    }

    /// The holder's clock is hours ahead or behind; all that counts is when we saw its lease change.
    @Test(arguments: ["1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"])
    func judgesByWhatWasSeenAndNotByClocks(_ renewed: String) throws {
        var lease = Lease(name: "holdfast", namespace: "kube-system")
        lease.holderIdentity = "other"
        lease.leaseDurationSeconds = 15
        lease.json["spec", "renewTime"] = .string(renewed)
        let sight = LeaderElection.Sight(lease: lease, since: Moment(nanoseconds: 0))
        let election = try election("me")
        #expect(!election.mayTake(sight, now: Moment(nanoseconds: 14_999_999_999)))
        #expect(election.mayTake(sight, now: Moment(nanoseconds: 15_000_000_000)))
        #expect(try self.election("other").mayTake(sight, now: Moment(nanoseconds: 0)))
        lease.holderIdentity = nil
        #expect(election.mayTake(LeaderElection.Sight(lease: lease, since: .now)))
        #expect(throws: NotLeader.self) { try election.requireLeadership() }
    }
}
