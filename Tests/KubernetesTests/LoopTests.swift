import APIDouble
import JSON
import Kubernetes
import Synchronization
import Syscalls
import Testing

/// What an informer has told, in words.
private final class Told: Sendable {
    private let words = Mutex<[String]>([])

    func note(_ change: Change<PersistentVolumeClaim>) {
        let word =
            switch change {
            case .added(let new): "added \(new.name)"
            case .updated(let new): "updated \(new.name) \(new.annotations["n"] ?? "-")"
            case .deleted(let old): "deleted \(old.name)"
            }
        words.withLock { $0.append(word) }
    }

    var all: [String] { words.withLock { $0 } }

    /// Waits until it was told so, for half a minute at the most.
    func wait(_ word: String, _ count: Int = 1) async throws {
        let limit = Moment.after(seconds: 30)
        while all.filter({ $0 == word }).count < count {
            guard limit > .now else { throw Unrefused(description: "'\(word)' was not told: \(all)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

private func running<Value>(
    _ loops: [@Sendable () async -> Void], _ body: () async throws -> Value
) async throws -> Value {
    let tasks = loops.map { loop in Task { await loop() } }
    let outcome: Result<Value, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    return try outcome.get()
}

@Suite(.serialized) struct InformerTests {
    private static let watch = RequestMatch("watch", "persistentvolumeclaims")
    private static let list = RequestMatch("list", "persistentvolumeclaims")

    private func informer(
        _ ground: APIGround, _ client: KubernetesClient, _ told: Told
    ) -> Informer<PersistentVolumeClaim> {
        let informer = Informer(
            PersistentVolumeClaim.self, client, labelSelector: ground.selector,
            indexes: [
                "class": { [$0.storageClassName ?? ""] },
                "tags": { $0.annotations["tags"]?.split(separator: ",").map(String.init) ?? [] },
            ],
            backoff: Backoff(first: 0.05, cap: 0.5))
        informer.onChange(told.note)
        return informer
    }

    @Test(arguments: APIServer.allCases)
    func keepsACopy(_ server: APIServer) async throws {
        var limits = RequestLimits(perSecond: 2_000, burst: 2_000)
        limits.chunk = 3
        try await withClient(server, limits: limits) { ground, client in
            for index in 0..<10 { _ = try await client.create(ground.claim("\(index)")) }
            let told = Told()
            let informer = informer(ground, client, told)
            #expect(!informer.status.hasSynced)
            try await running([{ await informer.run() }]) {
                await informer.waitForSync()
                #expect(informer.status.hasSynced && informer.count == 10 && informer.all.count == 10)
                #expect(informer.byIndex("class", "\(ground.prefix)-none").count == 10)
                #expect(told.all.count == 10)
                var claim = try #require(informer.get(ObjectKey(namespace: "default", name: ground.name("3"))))
                #expect(claim.json["metadata", "managedFields"] == nil)
                // What the copy lacks is still there when it is written back.
                claim.annotations = ["n": "1", "tags": "red,blue"]
                claim = try await client.update(claim)
                #expect(claim.json["metadata", "managedFields"]?.array?.isEmpty == false)
                try await told.wait("updated \(ground.name("3")) 1")
                #expect(informer.byIndex("tags", "red").map(\.name) == [ground.name("3")])
                _ = try await client.mergePatch(
                    PersistentVolumeClaim.self, claim.name, namespace: "default",
                    ["metadata": ["annotations": ["tags": "blue"], "labels": ["x": "y"]]])
                try await told.wait("updated \(ground.name("3")) 1", 2)
                #expect(informer.byIndex("tags", "red").isEmpty && informer.byIndex("tags", "blue").count == 1)
                _ = try await client.mergePatch(
                    PersistentVolumeClaim.self, claim.name, namespace: "default", ["metadata": ["finalizers": nil]])
                try? await client.delete(PersistentVolumeClaim.self, claim.name, namespace: "default")
                try await told.wait("deleted \(ground.name("3"))")
                #expect(informer.get(claim.key) == nil && informer.byIndex("tags", "blue").isEmpty)
                #expect(informer.status.lists == 1 && informer.status.error == nil)
            }
        }
    }

    /// A kind that nobody changes has no bookmarks either; its copy is up to date for all that, also after a failure.
    @Test func silenceIsNoTrouble() async throws {
        var limits = RequestLimits(perSecond: 2_000, burst: 2_000)
        limits.watchSilence = 1.2
        try await withClient(.double, limits: limits) { ground, client in
            let double = try #require(ground.double)
            let told = Told()
            let informer = informer(ground, client, told)
            try await running([{ await informer.run() }]) {
                await informer.waitForSync()
                try await double.waitFor(Self.watch, count: 3, answered: false)
                #expect(informer.status.error == nil && informer.status.lists == 1)
                double.inject(.answer(500), on: Self.watch)
                double.dropWatches(Self.watch)
                // The one that is refused, one that is let in, and the next after its silence.
                try await double.waitFor(Self.watch, count: 6, answered: false)
                #expect(informer.status.error == nil && informer.status.lists == 1)
                _ = try await client.create(ground.claim("late"))
                try await told.wait("added \(ground.name("late"))")
            }
        }
    }

    struct Loss: Sendable, CustomTestStringConvertible {
        let label: String
        /// What happens to the watch, with the double in hand.
        let happens: @Sendable (APIDouble) async throws -> Void
        let lists: Int
        var testDescription: String { label }
    }

    /// Changes that happen while nobody watches are told afterwards, each once.
    @Test(arguments: [
        Loss(label: "the watch is cut", happens: { $0.dropWatches(Self.watch) }, lists: 1),
        Loss(label: "the watch ends", happens: { $0.dropWatches(Self.watch, gracefully: true) }, lists: 1),
        Loss(
            label: "the version is too old",
            happens: {
                $0.inject(.gone, on: Self.watch)
                $0.dropWatches(Self.watch)
            }, lists: 2),
        Loss(
            label: "the server was away",
            happens: {
                await $0.stop()
                try $0.start()
            }, lists: 1),
        Loss(
            label: "the server is ill for a while",
            happens: {
                $0.inject(.answer(500), on: Self.watch, times: 3)
                $0.dropWatches(Self.watch)
            }, lists: 1),
        Loss(
            label: "watches end at once for a while",
            happens: {
                $0.inject(.cut, on: Self.watch, times: 3)
                $0.inject(.gone, on: Self.watch, times: 2)
                $0.inject(.answer(500), on: Self.list)
                $0.dropWatches(Self.watch)
            }, lists: 3),
        Loss(
            label: "a list is older than what was seen",
            happens: {
                $0.inject(.gone, on: Self.watch)
                $0.inject(.stale(resourceVersion: "7"), on: Self.list)
                $0.dropWatches(Self.watch)
            }, lists: 2),
    ])
    func missesNothing(_ row: Loss) async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            for name in ["a", "b", "c"] { try await ground.makeFree(name, client) }
            let told = Told()
            let informer = informer(ground, client, told)
            try await running([{ await informer.run() }]) {
                await informer.waitForSync()
                while double.openWatches(Self.watch) == 0 { await Task.yield() }
                try await row.happens(double)
                try double.change("persistentvolumeclaims", ground.name("a")) {
                    $0["metadata", "annotations"] = ["n": "1"]
                }
                try double.delete("persistentvolumeclaims", ground.name("b"))
                try double.create(ground.claim("d").json)
                try await told.wait("added \(ground.name("d"))")
                try await told.wait("updated \(ground.name("a")) 1")
                try await told.wait("deleted \(ground.name("b"))")
                // What a list has told is not told again by the one after it.
                let limit = Moment.after(seconds: 20)
                while informer.status.lists < row.lists || informer.status.error != nil, limit > .now {
                    try await Task.sleep(for: .milliseconds(2))
                }
                #expect(told.all.count == 6, "\(told.all)")
                #expect(Set(informer.all.map(\.name)) == Set(["a", "c", "d"].map(ground.name)))
                #expect(informer.status.lists == row.lists)
                #expect(informer.status.error == nil)
            }
        }
    }

    @Test func whatWasMadeAgainUnderItsNameIsAnother() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            try await ground.makeFree("a", client)
            let told = Told()
            let informer = informer(ground, client, told)
            try await running([{ await informer.run() }]) {
                await informer.waitForSync()
                while double.openWatches(Self.watch) == 0 { await Task.yield() }
                let gate = Gate()
                double.inject(.hold(gate), on: Self.watch)
                double.inject(.gone, on: Self.watch)
                double.dropWatches(Self.watch)
                try double.delete("persistentvolumeclaims", ground.name("a"))
                try double.create(ground.claim("a").json)
                double.compact()
                gate.open()
                try await told.wait("added \(ground.name("a"))", 2)
                #expect(told.all == ["added", "deleted", "added"].map { "\($0) \(ground.name("a"))" })
            }
        }
    }

    /// A server that was restored from a backup keeps to its older versions: what is there now is believed in the end.
    @Test func believesAServerThatKeepsToThePast() async throws {
        try await withClient(.double) { ground, client in
            let double = try #require(ground.double)
            try await ground.makeFree("a", client)
            let past = double.resourceVersion
            try await ground.makeFree("b", client)
            try double.change("persistentvolumeclaims", ground.name("a")) { $0["metadata", "annotations"] = ["n": "1"] }
            let told = Told()
            let informer = informer(ground, client, told)
            try await running([{ await informer.run() }]) {
                await informer.waitForSync()
                while double.openWatches(Self.watch) == 0 { await Task.yield() }
                double.inject(.gone, on: Self.watch)
                double.inject(.stale(resourceVersion: past), on: Self.list, times: 4)
                // What the watch would tell after such a list waits, so that the past can be seen.
                let gate = Gate()
                double.inject(.holdEvents(gate), on: Self.watch)
                double.dropWatches(Self.watch)
                try await told.wait("deleted \(ground.name("b"))")
                #expect(double.requests(Self.list).count == 1 + 4)
                #expect(informer.all.map(\.name) == [ground.name("a")])
                #expect(told.all.contains("updated \(ground.name("a")) -"))
                gate.open()
                try await told.wait("added \(ground.name("b"))", 2)
                #expect(informer.count == 2)
            }
        }
    }

    @Test func waitsForAServerThatIsDownAtTheStart() async throws {
        let double = try await APIDouble()
        let path = try double.kubeconfig
        await double.stop()
        let client = KubernetesClient(try .kubeconfig(path: path))
        let informer = Informer(Node.self, client, backoff: Backoff(first: 0.02, cap: 0.1))
        try await running([{ await informer.run() }]) {
            let limit = Moment.after(seconds: 20)
            while informer.status.error == nil, limit > .now { await Task.yield() }
            #expect(informer.status.error != nil && !informer.status.hasSynced)
            try double.start()
            await informer.waitForSync()
            #expect(informer.status.error == nil)
        }
    }

    @Test func waitingForSyncEndsWithItsTask() async throws {
        let double = try await APIDouble()
        let client = KubernetesClient(try .kubeconfig(path: try double.kubeconfig))
        let informer = Informer(Node.self, client)
        let task = Task { await informer.waitForSync() }
        task.cancel()
        await task.value
        #expect(!informer.status.hasSynced)
    }
}
