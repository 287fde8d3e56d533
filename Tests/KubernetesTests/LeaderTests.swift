import APIDouble
import JSON
import Kubernetes
import Syscalls
import Testing

@Suite(.serialized) struct LeaderTests {
    private static let fast = LeaderElection.Timing(
        leaseDuration: 2, renewDeadline: 1.5, renewEvery: 0.2, lookEvery: 0.3)

    private func election(_ ground: APIGround, _ client: KubernetesClient, _ identity: String) -> LeaderElection {
        LeaderElection(
            client, namespace: "default", name: ground.name("lease"), identity: identity, timing: Self.fast)
    }

    private func wait(_ what: String, _ isSo: () async throws -> Bool) async throws {
        let limit = Moment.after(seconds: 30)
        while try await !isSo() {
            guard limit > .now else { throw Unrefused(description: "\(what) did not come") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func drop(_ ground: APIGround, _ client: KubernetesClient) async {
        try? await client.delete(Lease.self, ground.name("lease"), namespace: "default")
    }

    @Test(arguments: APIServer.allCases)
    func onlyOneLeadsAndGivesItBack(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            let (one, two) = (election(ground, client, "one"), election(ground, client, "two"))
            let first = Task { await one.run() }
            try await wait("the first leader") { one.isLeader }
            let second = Task { await two.run() }
            try one.requireLeadership()
            var lease = try await client.get(Lease.self, ground.name("lease"), namespace: "default")
            #expect(lease.holderIdentity == "one" && lease.leaseTransitions == 0 && lease.acquireTime != nil)
            let renewed = lease.renewTime
            try await wait("a renewal") {
                lease = try await client.get(Lease.self, ground.name("lease"), namespace: "default")
                return lease.renewTime != renewed
            }
            #expect(!two.isLeader)
            #expect(throws: NotLeader.self) { try two.requireLeadership() }
            first.cancel()
            await first.value
            #expect(!one.isLeader)
            try await wait("the second leader") {
                #expect(!one.isLeader)
                return two.isLeader
            }
            lease = try await client.get(Lease.self, ground.name("lease"), namespace: "default")
            #expect(lease.holderIdentity == "two" && lease.leaseTransitions == 1)
            second.cancel()
            await second.value
            lease = try await client.get(Lease.self, ground.name("lease"), namespace: "default")
            #expect(lease.holderIdentity == nil)
            await drop(ground, client)
        }
    }

    /// The holder has died, and its clock was years ahead or behind.
    @Test(arguments: [-4_000_000_000_000_000, 4_000_000_000_000_000] as [Int64])
    func takesWhatNobodyRenews(_ skew: Int64) async throws {
        try await withClient(.double) { ground, client in
            var lease = Lease(name: ground.name("lease"), namespace: "default")
            lease.holderIdentity = "dead"
            lease.leaseDurationSeconds = 1
            lease.renewTime = Timestamp(microseconds: Timestamp.now.microseconds + skew)
            lease.leaseTransitions = 4
            _ = try await client.create(lease)
            let election = election(ground, client, "heir")
            let start = Moment.now
            let task = Task { await election.run() }
            try await wait("the heir") { election.isLeader }
            #expect(start.age >= 1)
            let now = try await client.get(Lease.self, ground.name("lease"), namespace: "default")
            #expect(now.holderIdentity == "heir" && now.leaseTransitions == 5)
            task.cancel()
            await task.value
        }
    }

    /// Who cannot renew stops by itself, before the lease is over; and leads again when the server is back.
    @Test(arguments: ["500", "no answer", "forbidden", "server gone"])
    func stopsLeadingWhenItCannotRenew(_ trouble: String) async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            let match = RequestMatch(nil, "leases")
            let election = election(ground, client, "one")
            let task = Task { await election.run() }
            try await wait("the leader") { election.isLeader }
            let start = Moment.now
            switch trouble {
            case "500": double.inject(.answer(500), on: match, times: 10_000)
            case "no answer": double.inject(.neverAnswer, on: match, times: 10_000)
            case "forbidden": double.inject(.answer(403), on: match, times: 10_000)
            default: await double.stop()
            }
            try await wait("the end") { !election.isLeader }
            #expect(start.age < Self.fast.leaseDuration)
            if trouble == "server gone" { try double.start() } else { double.heal() }
            try await wait("the leader again") { election.isLeader }
            task.cancel()
            await task.value
        }
    }

    /// Somebody has taken the lease by hand, or deleted it.
    @Test func givesWayToWhoHoldsTheLease() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            let election = election(ground, client, "one")
            let task = Task { await election.run() }
            try await wait("the leader") { election.isLeader }
            try double.change("leases", ground.name("lease")) {
                $0["spec", "holderIdentity"] = "other"
                $0["spec", "leaseDurationSeconds"] = 3_600
            }
            try await wait("the end") { !election.isLeader }
            try double.delete("leases", ground.name("lease"))
            try await wait("the leader again") { election.isLeader }
            task.cancel()
            await task.value
        }
    }

    /// The answer to a renewal is lost although it was done: the next one meets a conflict, and goes on from there.
    @Test func aLostAnswerCostsNothing() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            let election = election(ground, client, "one")
            let task = Task { await election.run() }
            try await wait("the leader") { election.isLeader }
            let count = double.requestCount
            let update = RequestMatch("update", "leases")
            double.inject(.answerAfterwards(500), on: update, times: 1)
            try await double.waitFor(update, count: 4, from: count)
            #expect(election.isLeader)
            #expect(double.object("leases", ground.name("lease"))?["spec", "leaseTransitions"]?.integer == 0)
            task.cancel()
            await task.value
        }
    }
}

@Suite(.serialized) struct RecorderTests {
    private static let create = RequestMatch("create", "events")
    private static let patch = RequestMatch("patch", "events")

    private func settled(_ double: APIDouble, _ count: Int) async throws {
        try await double.waitFor(RequestMatch(nil, "events"), count: count)
    }

    @Test(arguments: APIServer.allCases)
    func countsWhatIsToldAgain(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            let claim = try await client.create(ground.claim("a"))
            let recorder = EventRecorder(client, component: "csi.holdfast.dev", host: "node-1")
            let task = Task { await recorder.run() }
            for _ in 0..<3 { recorder.record(.warning, "ProvisioningFailed", "no room\nat all", on: claim) }
            recorder.record(.normal, "Provisioning", "asks for a volume", on: claim)
            var events: [Event] = []
            let limit = Moment.after(seconds: 20)
            while events.map(\.count).sorted() != [1, 3], limit > .now {
                let list = try await client.list(
                    Event.self, namespace: "default", fieldSelector: "involvedObject.uid=\(claim.uid)")
                // A controller of the cluster has events of its own about a claim.
                events = list.items.filter { $0.json["source"]?["component"]?.string == "csi.holdfast.dev" }
            }
            let failed = try #require(events.first(where: { $0.reason == "ProvisioningFailed" }))
            #expect(failed.count == 3)
            #expect(failed.type == "Warning")
            #expect(failed.message == "no room\nat all")
            #expect(failed.regarding.uid == claim.uid && failed.regarding.kind == "PersistentVolumeClaim")
            #expect(events.count == 2 && events.contains { $0.type == "Normal" && $0.count == 1 })
            task.cancel()
            await task.value
            for event in events { try await client.delete(Event.self, event.name, namespace: "default") }
        }
    }

    /// A recorder that begins anew counts on, and one whose Event went away makes it again.
    @Test func findsItsEventsAgain() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            let claim = try await client.create(ground.claim("a"))
            for start in 1...2 {
                let recorder = EventRecorder(client, component: "c", host: "h")
                let task = Task { await recorder.run() }
                recorder.record(.normal, "Reason", "words", on: claim)
                try await double.waitFor(start == 1 ? Self.create : Self.patch)
                task.cancel()
                await task.value
            }
            let event = try #require(double.objects("events").first)
            #expect(double.objects("events").count == 1 && event["count"]?.integer == 2)
            let recorder = EventRecorder(client, component: "c", host: "h")
            let task = Task { await recorder.run() }
            recorder.record(.normal, "Reason", "words", on: claim)
            try await double.waitFor(Self.patch, count: 2)
            try double.delete("events", Event(json: event).name)
            let count = double.requestCount
            recorder.record(.normal, "Reason", "words", on: claim)
            try await double.waitFor(Self.create, from: count)
            #expect(double.objects("events").first?["count"]?.integer == 1)
            task.cancel()
            await task.value
        }
    }

    @Test func neverStorms() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            let claim = try await client.create(ground.claim("a"))
            let recorder = EventRecorder(client, component: "c", host: "h", burst: 5)
            let task = Task { await recorder.run() }
            for number in 0..<10_000 { recorder.record(.warning, "Failed", "attempt \(number)", on: claim) }
            recorder.record(.normal, "Other", "of another object", on: try await client.create(ground.claim("b")))
            try await settled(double, 6)
            task.cancel()
            await task.value
            #expect(double.requests(RequestMatch(nil, "events")).count == 6 && recorder.dropped == 9_995)
        }
    }

    /// An answer that is lost is no second Event, and trouble with one holds no other up for ever.
    @Test func tellsThroughTrouble() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            let claim = try await client.create(ground.claim("a"))
            let recorder = EventRecorder(client, component: "c", host: "h")
            let task = Task { await recorder.run() }
            double.inject(.answerAfterwards(500), on: Self.create)
            recorder.record(.normal, "First", "words", on: claim)
            try await double.waitFor(Self.patch)
            double.inject(.answer(403), on: Self.create)
            recorder.record(.normal, "Second", "words", on: claim)
            recorder.record(.normal, "Third", "words", on: claim)
            try await double.waitFor(Self.create, count: 4)
            task.cancel()
            await task.value
            #expect(double.objects("events").map { Event(json: $0).reason }.sorted() == ["First", "Third"])
        }
    }
}
