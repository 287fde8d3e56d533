import APIDouble
import Kubernetes
import Syscalls
import Testing

/// What a server does in bad times; the double does it on demand.
@Suite(.serialized) struct ClientFaultTests {
    private static let create = RequestMatch("create", "persistentvolumeclaims")
    private static let get = RequestMatch("get", "persistentvolumeclaims")
    private static let list = RequestMatch("list", "persistentvolumeclaims")

    private static func limits(timeout: Double = 30) -> RequestLimits {
        var limits = RequestLimits(perSecond: 2_000, burst: 2_000)
        limits.timeout = timeout
        return limits
    }

    struct Lost: Sendable, CustomTestStringConvertible {
        let label: String
        let fault: Fault
        /// Whether the object is there in the end.
        let isMade: Bool
        var testDescription: String { label }
    }

    /// A write of which no answer comes: the error has to say that it may have happened, whether it has or not.
    @Test(arguments: [
        Lost(label: "500 afterwards", fault: .answerAfterwards(500), isMade: true),
        Lost(label: "504 afterwards", fault: .answerAfterwards(504), isMade: true),
        Lost(label: "500 instead", fault: .answer(500), isMade: false),
        Lost(label: "503 instead", fault: .answer(503), isMade: false),
        Lost(label: "cut afterwards", fault: .cutAfterwards, isMade: true),
        Lost(label: "no answer, done", fault: .neverAnswerAfterwards, isMade: true),
        Lost(label: "no answer, not done", fault: .neverAnswer, isMade: false),
    ])
    func aWriteWithoutAnAnswerMayHaveHappened(_ row: Lost) async throws {
        try await withClient(.double, limits: Self.limits(timeout: 1)) { ground, client in
            let double = try #require(ground.double)
            // curl sends a request again by itself when a used connection turns out to be dead: this one is new.
            double.inject(row.fault, on: Self.create, times: 2)
            let error = try await refusal { try await client.create(ground.claim("a")) }
            #expect(error.outcomeIsUnknown, "\(error)")
            double.heal()
            #expect((double.object("persistentvolumeclaims", ground.name("a")) != nil) == row.isMade)
            // The client is none the worse for it.
            if row.isMade {
                let again = try await refusal { try await client.create(ground.claim("a")) }
                #expect(again.isAlreadyExists)
            } else {
                _ = try await client.create(ground.claim("a"))
            }
        }
    }

    @Test func asksAgainWhenTheServerSaysSo() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            double.inject(.answer(429, retryAfter: 1), on: Self.create, times: 2)
            let start = Moment.now
            async let other = client.serverVersion()
            _ = try await client.create(ground.claim("a"))
            #expect(start.age >= 2 && start.age < 5)
            _ = try await other
            #expect(double.requests(Self.create).map(\.code) == [429, 429, 201])
        }
    }

    /// The pause is for all requests, also for those that were not refused.
    @Test func everybodyWaitsWhenTheServerSaysSo() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            double.inject(.answer(429, retryAfter: 2), on: Self.create)
            async let made = client.create(ground.claim("a"))
            try await double.waitFor(Self.create, count: 1)
            let start = Moment.now
            // The answer is on its way back for a moment: the first of these may still get through.
            for _ in 0..<3 { _ = try await client.serverVersion() }
            #expect(start.age >= 1.5)
            _ = try await made
        }
    }

    @Test func givesUpAskingInTheEnd() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            double.inject(.answer(429, retryAfter: 0), on: Self.get, times: 1_000)
            let error = try await refusal {
                try await client.get(PersistentVolumeClaim.self, "a", namespace: "default")
            }
            #expect(error.isTooManyRequests && !error.outcomeIsUnknown)
            #expect(double.requests(Self.get).count == 6)
        }
    }

    @Test func readsAreAskedAgainAfter503AndWritesAreNot() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            double.inject(.answer(503, retryAfter: 0), on: Self.list)
            _ = try await client.list(PersistentVolumeClaim.self)
            double.inject(.answer(503, retryAfter: 0), on: Self.create)
            let error = try await refusal { try await client.create(ground.claim("a")) }
            #expect(error.status?.code == 503 && error.outcomeIsUnknown)
            #expect(double.requests(Self.create).count == 1)
        }
    }

    @Test func aListThatIsTooOldBeginsAnew() async throws {
        var limits = Self.limits()
        limits.chunk = 4
        try await withClient(.double, limits: limits) { ground, client in
            let double = try #require(ground.double)
            for index in 0..<10 { _ = try await client.create(ground.claim("\(index)")) }
            double.inject(.gone, on: Self.list, skip: 1)
            let list = try await client.list(PersistentVolumeClaim.self)
            #expect(Set(list.items.map(\.name)).count == 10 && list.items.count == 10)
            #expect(double.requests(Self.list).map(\.code) == [200, 410, 200, 200, 200])
            // For a server that forgets at once there is a list in one piece.
            let before = double.requestCount
            double.inject(.gone, on: Self.list, skip: 1)
            double.inject(.gone, on: Self.list, skip: 1)
            #expect(try await client.list(PersistentVolumeClaim.self).items.count == 10)
            let last = try #require(double.requests(Self.list).last)
            #expect(last.number > before && !last.query.contains("limit="))
        }
    }

    @Test(arguments: [false, true])
    func aWatchThatIsTooOldSaysSo(_ asStatus: Bool) async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            let version = double.resourceVersion
            _ = try await client.create(ground.claim("a"))
            double.compact()
            if asStatus { double.inject(.answer(410), on: RequestMatch("watch", "persistentvolumeclaims")) }
            let error = try await refusal {
                for try await _ in client.watch(PersistentVolumeClaim.self, from: version) {}
            }
            #expect(error.isGone, "\(error)")
        }
    }

    @Test func aWatchThatIsCutThrowsAndOneThatEndsEnds() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            for gracefully in [true, false] {
                let watch = client.watch(PersistentVolumeClaim.self, from: double.resourceVersion)
                let task = Task { () -> KubernetesError? in
                    do { for try await _ in watch {} } catch { return error as? KubernetesError }
                    return nil
                }
                let match = RequestMatch("watch", "persistentvolumeclaims")
                try await double.waitFor(match, count: gracefully ? 1 : 2, answered: false)
                while double.openWatches(match) == 0 { await Task.yield() }
                double.dropWatches(match, gracefully: gracefully)
                let error = await task.value
                if gracefully {
                    #expect(error == nil)
                } else {
                    guard case .broken(_, _, sent: true) = error else {
                        Issue.record("\(error.map { "\($0)" } ?? "it just ended")")
                        continue
                    }
                }
            }
        }
    }

    /// The server is there but says nothing, as of a kind that nobody changes: the watch ends, and nothing is wrong.
    @Test func aSilentWatchEnds() async throws {
        var limits = Self.limits()
        limits.watchSilence = 1
        try await withClient(.double, limits: limits) { ground, client in
            let double = try #require(ground.double)
            let watch = client.watch(PersistentVolumeClaim.self, from: double.resourceVersion)
            let start = Moment.now
            for try await event in watch { Issue.record("nothing has changed: \(event)") }
            #expect(start.age >= 1 && start.age < 5)
        }
    }

    @Test func bookmarksKeepAWatchAlive() async throws {
        var limits = Self.limits()
        limits.watchSilence = 1
        var options = APIDoubleOptions()
        options.bookmarkSeconds = 0.2
        try await withClient(.double, limits: limits, options: options) { ground, client in
            let double = try #require(ground.double)
            let start = Moment.now
            var bookmarks = 0
            for try await event in client.watch(PersistentVolumeClaim.self, from: double.resourceVersion) {
                guard case .bookmark(let version) = event else { continue }
                #expect(version == double.resourceVersion)
                bookmarks += 1
                if start.age > 2.5 { break }
            }
            #expect(bookmarks > 5)
        }
    }

    @Test func refusesAnAnswerThatIsTooLarge() async throws {
        var limits = Self.limits()
        limits.responseSize = 4_096
        limits.lineSize = 512
        try await withClient(.double, limits: limits) { ground, client in
            let double = try #require(ground.double)
            let version = double.resourceVersion
            for index in 0..<10 { _ = try await client.create(ground.claim("\(index)")) }
            let list = try await refusal { try await client.list(PersistentVolumeClaim.self) }
            guard case .unreadable(_, "more than 4096 bytes") = list else { throw list }
            let watch = try await refusal {
                for try await _ in client.watch(PersistentVolumeClaim.self, from: version) {}
            }
            guard case .unreadable(_, "an event of more than 512 bytes") = watch else { throw watch }
        }
    }

    @Test func cancellingATaskEndsItsRequest() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            double.inject(.neverAnswer, on: Self.get)
            let task = Task { try await client.get(PersistentVolumeClaim.self, "a", namespace: "default") }
            try await double.waitFor(Self.get, answered: false)
            task.cancel()
            let error = try await refusal { try await task.value }
            guard case .cancelled(_, sent: true) = error else { throw error }
            let late = Task { () async throws -> PersistentVolumeClaim in
                while !Task.isCancelled { await Task.yield() }
                return try await client.get(PersistentVolumeClaim.self, "a", namespace: "default")
            }
            late.cancel()
            guard case .cancelled(_, sent: false) = try await refusal({ try await late.value }) else {
                Issue.record("it was sent")
                return
            }
        }
    }

    @Test func aClosedClientRefuses() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            double.inject(.neverAnswer, on: Self.get)
            let task = Task { try await client.get(PersistentVolumeClaim.self, "a", namespace: "default") }
            try await double.waitFor(Self.get, answered: false)
            client.close()
            let cancelled = try await refusal { try await task.value }
            #expect(cancelled.isCancelled)
            let closed = try await refusal { try await client.serverVersion() }
            #expect(closed.isCancelled)
            client.close()
        }
    }
}
