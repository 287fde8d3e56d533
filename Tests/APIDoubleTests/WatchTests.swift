import APIDouble
import JSON
import Testing

/// What watches show.
struct WatchTests {
    private func map(_ name: String, _ labels: JSON = [:]) -> JSON {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "labels": labels]]
    }

    private func short(_ events: [JSON]) -> [String] {
        events.map { event in
            let object = event["object"] ?? .null
            let what = event["type"] == "ERROR" ? "\(object["code"]?.integer ?? 0)" : object.name
            return "\(event["type"]?.string ?? "") \(what)".replacing(#/ $/#, with: "")
        }
    }

    @Test("A watch from a version shows what came after it, with selectors as coming and going")
    func history() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        try double.create(map("before"))
        let from = double.resourceVersion
        try double.create(map("one", ["tier": "a"]))
        try double.create(map("two", ["tier": "b"]))
        try double.change("configmaps", "two") { $0[at: "metadata.labels.tier"] = "a" }
        try double.change("configmaps", "one") { $0[at: "metadata.labels.tier"] = "b" }
        try double.change("configmaps", "two") { $0[at: "data.key"] = "x" }
        try double.delete("configmaps", "two")
        let path = "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=\(from)&timeoutSeconds=1"
        let all = await client.watch(path, seconds: 10)
        #expect(
            short(all) == [
                "ADDED one", "ADDED two", "MODIFIED two", "MODIFIED one", "MODIFIED two", "DELETED two",
            ])
        let some = await client.watch("\(path)&labelSelector=tier%3Da", seconds: 10)
        #expect(short(some) == ["ADDED one", "ADDED two", "DELETED one", "MODIFIED two", "DELETED two"])
        // The object that left the selection is shown as it was, at the version of the change.
        #expect(some[2][at: "object.metadata.labels.tier"] == "a")
        #expect(some[2][at: "object.metadata.resourceVersion"] == all[3][at: "object.metadata.resourceVersion"])
        let named = await client.watch("\(path)&fieldSelector=metadata.name%3Done", seconds: 10)
        #expect(short(named) == ["ADDED one", "MODIFIED one"])
        #expect(named[0][at: "object.kind"] == "ConfigMap")
        await double.stop()
    }

    @Test("A watch from nothing begins with what there is, and a list of initial events ends with a bookmark")
    func initialEvents() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        try double.create(map("one"))
        try double.create(map("two"))
        let path = "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1"
        for version in ["", "&resourceVersion=0"] {
            #expect(short(await client.watch(path + version, seconds: 10)) == ["ADDED one", "ADDED two"])
        }
        let listed = await client.watch(
            "\(path)&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", seconds: 10)
        #expect(short(listed) == ["ADDED one", "ADDED two", "BOOKMARK"])
        let end = listed.last?[path: ["object", "metadata", "annotations", "k8s.io/initial-events-end"]]
        #expect(end == "true")
        await double.stop()
    }

    @Test("A version that was compacted is told 410, to watches and to pages of a list")
    func gone() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        try double.create(map("one"))
        try double.create(map("two"))
        let from = double.resourceVersion
        let page = await client.send("GET", "/api/v1/configmaps?limit=1")
        let token = try #require(page.json[at: "metadata.continue"]?.string)
        #expect(page.json[at: "metadata.remainingItemCount"] == 1)
        try double.create(map("three"))
        let next = await client.send("GET", "/api/v1/configmaps?limit=1&continue=\(token)")
        #expect(next.json["items"]?.array?.map(\.name) == ["two"], "a page shows the list as it began")
        try double.create(map("four"))
        double.compact()
        let watched = await client.watch("/api/v1/configmaps?watch=1&resourceVersion=\(from)", seconds: 10)
        #expect(short(watched) == ["ERROR 410"])
        #expect(watched.first?[at: "object.reason"] == "Expired")
        let late = await client.send("GET", "/api/v1/configmaps?limit=1&continue=\(token)")
        #expect(late.code == 410)
        let resumed = try #require(late.json[at: "metadata.continue"]?.string)
        let rest = await client.send("GET", "/api/v1/configmaps?continue=\(resumed)")
        #expect(rest.json["items"]?.array?.map(\.name) == ["three", "two"].sorted())
        await double.stop()
    }

    @Test("Bookmarks come to those who asked for them")
    func bookmarks() async throws {
        var options = APIDoubleOptions()
        options.bookmarkSeconds = 0.2
        let double = try await APIDouble(options)
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let path = "/api/v1/configmaps?watch=1&resourceVersion=\(double.resourceVersion)&timeoutSeconds=1"
        let without = await client.watch(path, seconds: 10)
        #expect(without.isEmpty)
        let with = await client.watch("\(path)&allowWatchBookmarks=true", seconds: 10)
        #expect(with.count >= 2 && with.allSatisfy { $0["type"] == "BOOKMARK" })
        #expect(with.first?[at: "object.metadata.resourceVersion"]?.string == double.resourceVersion)
        #expect(with.first?[at: "object.kind"] == "ConfigMap")
        await double.stop()
    }

    @Test("Events are held back until their gate opens, and come late")
    func holdsEvents() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let gate = Gate()
        double.inject(.holdEvents(gate), on: RequestMatch("watch"), times: 2)
        double.inject(.delayEvents(seconds: 0.5), on: RequestMatch("watch"))
        try double.create(map("one"))
        let path = "/api/v1/configmaps?watch=1"
        let held = await client.watch(path, seconds: 1)
        #expect(held.isEmpty)
        async let released = client.watch(path, seconds: 10)
        try await double.waitFor(RequestMatch("watch"), count: 2)
        gate.open()
        double.dropWatches(gracefully: true)
        let shown = await released
        #expect(short(shown) == ["ADDED one"])
        let begun = ContinuousClock.now
        async let delayed = client.watch(path, seconds: 10)
        try await double.waitFor(RequestMatch("watch"), count: 3)
        double.dropWatches(gracefully: true)
        let late = await delayed
        #expect(short(late) == ["ADDED one"])
        #expect(begun.duration(to: .now) > .milliseconds(500))
        await double.stop()
    }
}
