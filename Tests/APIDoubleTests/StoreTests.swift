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
        #expect(read.json[at: "spec.resources.requests.storage"] == "1Gi")
        #expect(read.json.phase == "Pending")
        await double.stop()
    }
}
