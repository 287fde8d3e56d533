import APIDouble
import JSON
import Testing

struct StoreTests {
    @Test("What is created is read back")
    func creates() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let claim: JSON = [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": ["name": "data"],
            "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1024Mi"]]],
        ]
        let made = await client.send("POST", "/api/v1/namespaces/default/persistentvolumeclaims", claim)
        #expect(made.code == 201, "\(made.body)")
        let read = await client.send("GET", "/api/v1/namespaces/default/persistentvolumeclaims/data")
        #expect(read.code == 200)
        #expect(read.json == made.json)
        // Items of a list leave out what the list says already.
        let list = await client.send("GET", "/api/v1/persistentvolumeclaims")
        #expect(list.json["items"]?[0]?["kind"] == nil)
        #expect(list.json["items"]?[0]?["metadata"] == made.json["metadata"])
        await double.stop()
    }

    @Test("Custom resources have a generation, a status of their own, and no strategic merge")
    func customResources() async throws {
        let double = try await APIDouble()
        double.register(.custom("holdfast.dev", "v1", "imports", "Import", isNamespaced: true, hasStatus: true))
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let path = "/apis/holdfast.dev/v1/namespaces/default/imports"
        let body: JSON = [
            "apiVersion": "holdfast.dev/v1", "kind": "Import", "metadata": ["name": "one"],
            "spec": ["device": "a"], "status": ["phase": "Done"],
        ]
        let made = await client.send("POST", path, body)
        #expect(made.json[at: "metadata.generation"] == 1 && made.json["status"] == nil)
        let merge = "application/merge-patch+json"
        let state = await client.send("PATCH", "\(path)/one/status", ["status": ["phase": "Done"]], type: merge)
        #expect(state.json[at: "metadata.generation"] == 1 && state.json.phase == "Done")
        let labelled = await client.send("PATCH", "\(path)/one", ["metadata": ["labels": ["a": "b"]]], type: merge)
        #expect(labelled.json[at: "metadata.generation"] == 1)
        let changed = await client.send("PATCH", "\(path)/one", ["spec": ["device": "b"], "status": [:]], type: merge)
        #expect(changed.json[at: "metadata.generation"] == 2 && changed.json.phase == "Done")
        let strategic = await client.send(
            "PATCH", "\(path)/one", [:], type: "application/strategic-merge-patch+json")
        #expect(strategic.code == 415)
        let list = await client.send("GET", path)
        #expect(list.json["items"]?[0]?["kind"] == "Import", "a custom resource says its kind in lists too")
        let groups = await client.send("GET", "/apis/holdfast.dev/v1")
        #expect(groups.json["resources"]?.array?.map { $0["name"]?.string } == ["imports", "imports/status"])
        await double.stop()
    }

    @Test("Objects have a size that they must not pass")
    func sizes() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        func map(_ bytes: Int) -> JSON {
            [
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "large"],
                "data": ["a": .string(String(repeating: "x", count: bytes))],
            ]
        }
        let path = "/api/v1/namespaces/default/configmaps"
        #expect(await client.send("POST", path, map(3 << 20)).code == 413)
        #expect(await client.send("POST", path, map(1_600_000)).code == 500)
        #expect(await client.send("POST", path, map(900_000)).code == 201)
        await double.stop()
    }

    @Test("A read of a version to come waits for it")
    func waits() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let next = (UInt64(double.resourceVersion) ?? 0) + 1
        async let list = client.send(
            "GET", "/api/v1/configmaps?resourceVersion=\(next)&resourceVersionMatch=NotOlderThan")
        try await double.waitFor(RequestMatch("list"), answered: false)
        try double.create(["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "one"]])
        #expect(await list.json["items"]?.array?.count == 1)
        await double.stop()
    }

    @Test("Ten thousand objects are listed in pages that fit together")
    func pages() async throws {
        let double = try await APIDouble()
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        for number in 0..<10_000 {
            try double.create(["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "map-\(number)"]])
        }
        var (names, token, versions): (Set<String>, String, Set<String>) = ([], "", [])
        repeat {
            let page = await client.send("GET", "/api/v1/configmaps?limit=3000&continue=\(token)")
            names.formUnion(page.json["items"]?.array?.map(\.name) ?? [])
            versions.insert(page.json[at: "metadata.resourceVersion"]?.string ?? "")
            token = page.json[at: "metadata.continue"]?.string ?? ""
        } while !token.isEmpty
        #expect(names.count == 10_000 && versions.count == 1)
        await double.stop()
    }
}
