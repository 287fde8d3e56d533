import APIDouble
import JSON
import Testing

/// What can go wrong on demand.
struct FaultTests {
    private static let path = "/api/v1/namespaces/default/configmaps"

    private func map(_ name: String) -> JSON {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)]]
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let label: String
        let fault: Fault
        let code: Int
        let isDone: Bool
        var testDescription: String { label }

        static let rows = [
            Row(label: "no answer", fault: .neverAnswer, code: 0, isDone: false),
            Row(label: "no answer afterwards", fault: .neverAnswerAfterwards, code: 0, isDone: true),
            Row(label: "429", fault: .answer(429, retryAfter: 1), code: 429, isDone: false),
            Row(label: "500 before", fault: .answer(500), code: 500, isDone: false),
            Row(label: "503 before", fault: .answer(503), code: 503, isDone: false),
            Row(label: "500 afterwards", fault: .answerAfterwards(500), code: 500, isDone: true),
            Row(label: "cut before", fault: .cut, code: 0, isDone: false),
            Row(label: "cut afterwards", fault: .cutAfterwards, code: 0, isDone: true),
            Row(label: "slow", fault: .slow(seconds: 0.2), code: 201, isDone: true),
        ]
    }

    @Test("A write goes wrong as told, once, and the next one goes well", arguments: Row.rows)
    func writes(_ row: Row) async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        double.inject(row.fault, on: RequestMatch("create", "configmaps", name: "one"))
        let other = await client.send("POST", Self.path, map("other"))
        #expect(other.code == 201)
        let answer = await client.send("POST", Self.path, map("one"), seconds: 1.5)
        #expect(answer.code == row.code, "\(answer.body)")
        #expect((double.object("configmaps", "one") != nil) == row.isDone)
        let again = await client.send("POST", Self.path, map("one"))
        #expect(again.code == (row.isDone ? 409 : 201))
        let records = try await double.waitFor(RequestMatch("create", "configmaps", name: "one"), count: 2)
        #expect(records.map(\.code) == [row.code, again.code])
        #expect(records[0].userAgent == "curl-client/1.0" && records[0].user == "admin")
        await double.stop()
    }

    @Test("A refusal says when to come again")
    func retryAfter() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        double.inject(.answer(429, retryAfter: 7), on: .any)
        let answer = await client.send("GET", Self.path, nil, more: "-D -")
        #expect(answer.body.contains("Retry-After: 7"))
        #expect(answer.body.contains("TooManyRequests"))
        await double.stop()
    }

    @Test("A held request waits for its gate while others are answered")
    func holds() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let gate = Gate()
        double.inject(.hold(gate), on: RequestMatch("create"))
        async let held = client.send("POST", Self.path, map("one"))
        try await double.waitFor(RequestMatch("create"), answered: false)
        let read = await client.send("GET", "\(Self.path)/one")
        #expect(read.code == 404)
        gate.open()
        #expect(await held.code == 201)
        await double.stop()
    }

    @Test("A stale list shows an older state and says so")
    func stale() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        try double.create(map("one"))
        let old = double.resourceVersion
        try double.create(map("two"))
        try double.delete("configmaps", "one")
        double.inject(.stale(resourceVersion: old), on: RequestMatch("list", "configmaps"))
        let stale = await client.send("GET", Self.path)
        #expect(stale.json["items"]?.array?.map(\.name) == ["one"])
        #expect(stale.json[at: "metadata.resourceVersion"]?.string == old)
        let fresh = await client.send("GET", Self.path)
        #expect(fresh.json["items"]?.array?.map(\.name) == ["two"])
        await double.stop()
    }

    @Test("Watches are cut after so many events, told 410, and dropped on demand")
    func watches() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let from = double.resourceVersion
        for name in ["a", "b", "c"] { try double.create(map(name)) }
        let path = "\(Self.path)?watch=1&resourceVersion=\(from)"
        double.inject(.dropAfter(events: 2), on: RequestMatch("watch", "configmaps"))
        let cut = await client.send("GET", path)
        #expect(cut.code == 0 && cut.body.contains("\"b\"") && !cut.body.contains("\"c\""), "\(cut.body)")
        double.inject(.gone, on: RequestMatch("watch", "configmaps"))
        let gone = await client.watch(path, seconds: 10)
        #expect(gone.first?[at: "object.code"] == 410)
        async let dropped = client.send("GET", path)
        try await double.waitFor(RequestMatch("watch", "configmaps"), count: 3)
        #expect(double.openWatches() == 1)
        double.dropWatches()
        #expect(await dropped.code == 0)
        async let ended = client.send("GET", path)
        try await double.waitFor(RequestMatch("watch", "configmaps"), count: 4)
        double.dropWatches(gracefully: true)
        #expect(await ended.code == 200)
        await double.stop()
    }

    @Test("A server that is stopped refuses, and comes back on its port with what it held")
    func restarts() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        try double.create(map("one"))
        async let watched = client.send("GET", "\(Self.path)?watch=1")
        try await double.waitFor(RequestMatch("watch"))
        await double.stop()
        #expect(await watched.code == 0)
        #expect(await client.send("GET", "\(Self.path)/one").code == 0)
        try double.start()
        #expect(await client.send("GET", "\(Self.path)/one").code == 200)
        await double.stop()
    }
}
