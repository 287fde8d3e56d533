import APIDouble
import JSON
import Testing

/// What the controllers beside the double make of claims and volumes.
struct ControllerTests {
    private func claim(_ name: String, _ more: [String: JSON] = [:]) -> JSON {
        var claim: JSON = [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": ["name": .string(name)],
            "spec": [
                "accessModes": ["ReadWriteOnce"], "storageClassName": "fast",
                "resources": ["requests": ["storage": "1Gi"]],
            ],
        ]
        for (path, value) in more { claim[at: path] = value }
        return claim
    }

    private func volume(_ name: String, _ more: [String: JSON] = [:]) -> JSON {
        var volume: JSON = [
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": ["name": .string(name)],
            "spec": [
                "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "capacity": ["storage": "1Gi"],
                "persistentVolumeReclaimPolicy": "Delete",
                "csi": ["driver": "csi.holdfast.dev", "volumeHandle": .string(name)],
            ],
        ]
        for (path, value) in more { volume[at: path] = value }
        return volume
    }

    private func storageClass(waits: Bool) -> JSON {
        [
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": ["name": "fast"],
            "provisioner": "csi.holdfast.dev",
            "volumeBindingMode": waits ? "WaitForFirstConsumer" : "Immediate",
        ]
    }

    @Test("A claim asks its provisioner, is bound to the volume that is made for it, and is released")
    func wholeLife() async throws {
        var options = APIDoubleOptions()
        options.controllers = [.binder, .protection]
        let double = try await APIDouble(options)
        try double.create(storageClass(waits: false))
        let made = try double.create(claim("data"))
        let asked = try await double.waitForObject("persistentvolumeclaims", "data") {
            $0?.annotations["volume.kubernetes.io/storage-provisioner"] == "csi.holdfast.dev"
        }
        #expect(asked?.annotations["volume.beta.kubernetes.io/storage-provisioner"] == "csi.holdfast.dev")
        #expect(asked?.phase == "Pending")
        try double.create(
            volume("pvc-1", ["spec.claimRef": ["namespace": "default", "name": "data", "uid": .string(made.uid)]]))
        let bound = try await double.waitForObject("persistentvolumeclaims", "data") { $0?.phase == "Bound" }
        #expect(bound?[at: "spec.volumeName"] == "pvc-1")
        #expect(bound?[at: "status.capacity.storage"] == "1Gi")
        #expect(bound?.annotations["pv.kubernetes.io/bind-completed"] == "yes")
        #expect(double.object("persistentvolumes", "pvc-1")?.phase == "Bound")
        try double.delete("persistentvolumes", "pvc-1")
        #expect(double.object("persistentvolumes", "pvc-1")?.isBeingDeleted == true)
        try double.delete("persistentvolumeclaims", "data")
        try await double.waitForObject("persistentvolumeclaims", "data") { $0 == nil }
        try await double.waitForObject("persistentvolumes", "pvc-1") { $0 == nil }
        await double.stop()
    }

    @Test("A claim whose class waits asks nobody before a node is selected")
    func waits() async throws {
        let double = try await APIDouble()
        try double.create(storageClass(waits: true))
        try double.create(claim("data"))
        double.run(.binder)
        #expect(double.object("persistentvolumeclaims", "data")?.annotations.isEmpty == true)
        try double.change("persistentvolumeclaims", "data") {
            $0[path: ["metadata", "annotations", "volume.kubernetes.io/selected-node"]] = "node-1"
        }
        double.run(.binder)
        let annotations = double.object("persistentvolumeclaims", "data")?.annotations ?? [:]
        #expect(annotations["volume.kubernetes.io/storage-provisioner"] == "csi.holdfast.dev")
        await double.stop()
    }

    @Test("Free volumes are matched by size, class and mode; the smallest that fits is taken")
    func matches() async throws {
        let double = try await APIDouble()
        try double.create(volume("too-small", ["spec.capacity": ["storage": "512Mi"]]))
        try double.create(volume("other-class", ["spec.storageClassName": "slow"]))
        try double.create(volume("large", ["spec.capacity": ["storage": "8Gi"]]))
        try double.create(volume("fits", ["spec.capacity": ["storage": "2Gi"]]))
        double.run(.binder)
        for name in ["too-small", "other-class", "large", "fits"] {
            #expect(double.object("persistentvolumes", name)?.phase == "Available", "\(name)")
        }
        try double.create(claim("data"))
        double.run(.binder)
        let bound = double.object("persistentvolumeclaims", "data")
        #expect(bound?[at: "spec.volumeName"] == "fits")
        #expect(bound?[at: "status.capacity.storage"] == "2Gi")
        let version = double.resourceVersion
        double.run(.binder)
        #expect(double.resourceVersion == version, "a settled state is written again")
        await double.stop()
    }

    @Test("A claim whose volume is gone is lost, and a volume whose claim is gone is released")
    func lostAndReleased() async throws {
        let double = try await APIDouble()
        for name in ["a", "b"] {
            try double.create(claim(name, ["spec.volumeName": .string("v-\(name)")]))
            try double.create(volume("v-\(name)"))
        }
        double.run(.binder)
        for name in ["a", "b"] { #expect(double.object("persistentvolumeclaims", name)?.phase == "Bound") }
        try double.change("persistentvolumes", "v-a") { $0[at: "metadata.finalizers"] = [] }
        try double.delete("persistentvolumes", "v-a")
        try double.change("persistentvolumeclaims", "b") { $0[at: "metadata.finalizers"] = [] }
        try double.delete("persistentvolumeclaims", "b")
        double.run(.binder)
        #expect(double.object("persistentvolumeclaims", "a")?.phase == "Lost")
        #expect(double.object("persistentvolumes", "v-b")?.phase == "Released")
        await double.stop()
    }

    @Test("A claim that a pod on a node uses stays until the pod is gone")
    func protects() async throws {
        let double = try await APIDouble()
        try double.create(claim("data"))
        try double.create([
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "user"],
            "spec": [
                "nodeName": "node-1", "containers": [["name": "c", "image": "i"]],
                "volumes": [["name": "d", "persistentVolumeClaim": ["claimName": "data"]]],
            ],
        ])
        try double.delete("persistentvolumeclaims", "data")
        double.run(.protection)
        #expect(double.object("persistentvolumeclaims", "data") != nil)
        try double.change("pods", "user", subresource: "status") { $0[at: "status.phase"] = "Succeeded" }
        double.run(.protection)
        #expect(double.object("persistentvolumeclaims", "data") == nil)
        await double.stop()
    }

    @Test("What has no owner any more is collected, and a deleted namespace is emptied")
    func collects() async throws {
        let double = try await APIDouble()
        let owner = try double.create(["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "owner"]])
        let reference: JSON = [
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": .string(owner.uid),
        ]
        try double.create([
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "owned", "ownerReferences": [reference]],
        ])
        double.collectGarbage()
        #expect(double.object("configmaps", "owned") != nil)
        try double.delete("configmaps", "owner")
        double.collectGarbage()
        #expect(double.object("configmaps", "owned") == nil)
        try double.create(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "team"]])
        try double.create(["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "m", "namespace": "team"]])
        try double.delete("namespaces", "team")
        #expect(double.object("namespaces", "team")?.phase == "Terminating")
        let refused = #expect(throws: APIStatus.self) {
            try double.create([
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "n", "namespace": "team"],
            ])
        }
        #expect(refused?.code == 403)
        double.collectGarbage()
        #expect(double.object("namespaces", "team") == nil)
        await double.stop()
    }
}
