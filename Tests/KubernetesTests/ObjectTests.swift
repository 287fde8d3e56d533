import JSON
import Kubernetes
import Testing

@Suite struct ObjectTests {
    @Test func keepsWhatItDoesNotKnow() throws {
        let text = """
            {"apiVersion":"v1","future":{"a":[1,2.5,null]},"kind":"PersistentVolumeClaim","metadata":{"labels":{"a":"b"},\
            "name":"data","namespace":"shop","x":true},"spec":{"resources":{"limits":{"cpu":"1"},\
            "requests":{"storage":"1Gi"}},"y":"z"}}
            """
        var claim = PersistentVolumeClaim(json: try JSON.parse(text))
        claim.requestedStorage = Quantity("2Gi")
        claim.annotations["note"] = "kept"
        claim.finalizers.append("holdfast.dev/test")
        let written = claim.json.text()
        #expect(
            written == """
                {"apiVersion":"v1","future":{"a":[1,2.5,null]},"kind":"PersistentVolumeClaim",\
                "metadata":{"annotations":{"note":"kept"},"finalizers":["holdfast.dev/test"],"labels":{"a":"b"},\
                "name":"data","namespace":"shop","x":true},"spec":{"resources":{"limits":{"cpu":"1"},\
                "requests":{"storage":"2Gi"}},"y":"z"}}
                """)
        claim.annotations = [:]
        claim.finalizers = []
        claim.requestedStorage = Quantity("1Gi")
        #expect(claim.json.text() == text)
    }

    /// A null is not the same as nothing: a merge patch removes by it, and the server refuses it in some places.
    @Test func whatIsEmptyIsLeftOut() {
        var claim = PersistentVolumeClaim(name: "data", namespace: "shop")
        let before = claim.json
        claim.labels = [:]
        claim.annotations = [:]
        claim.finalizers = []
        claim.ownerReferences = []
        #expect(claim.json == before)
        var volume = PersistentVolume(name: "data")
        var source = CSISource(driver: "d", volumeHandle: "h")
        source.volumeAttributes = [:]
        volume.csi = source
        volume.mountOptions = []
        #expect(volume.json["spec"]?.text() == #"{"csi":{"driver":"d","volumeHandle":"h"}}"#)
        var node = Node(name: "n")
        node.taints = []
        #expect(node.json["spec"] == nil)
    }

    @Test func theLegacyAnnotationNamesTheClass() {
        var claim = PersistentVolumeClaim(name: "data", namespace: "shop")
        #expect(claim.storageClassName == nil)
        claim.storageClassName = ""
        #expect(claim.storageClassName == "")
        claim.annotations[PersistentVolumeClaim.legacyClassAnnotation] = "old"
        #expect(claim.storageClassName == "old")
    }

    /// What another client has put where something else belongs.
    @Test(arguments: [
        "null", "{}", "[]", "7", #"{"metadata":7,"spec":[],"status":"x"}"#,
        #"{"metadata":{"labels":["a"],"finalizers":{"a":"b"},"name":3,"ownerReferences":[7]},"spec":{"accessModes":"x"}}"#,
    ])
    func readsWhatIsMisshapen(_ text: String) throws {
        var claim = PersistentVolumeClaim(json: try JSON.parse(text))
        _ = (claim.key, claim.labels, claim.finalizers, claim.accessModes, claim.requestedStorage, claim.conditions)
        _ = (claim.isBeingDeleted, claim.dataSource, claim.selector, claim.capacity)
        if case .object = claim.json {
            claim.volumeName = "pvc-1"
            #expect(claim.volumeName == "pvc-1")
        }
        #expect(PersistentVolume(json: claim.json).csi == nil)
    }

    @Test func aSecretShowsNothing() throws {
        var secret = Secret(name: "key", namespace: "shop")
        secret.json["data"] = ["password": "aHVudGVyMg=="]
        #expect(secret.data["password"] == Array("hunter2".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", "\(Optional(secret) as Any)", "\([secret])", dumped] {
            #expect(!text.contains("aHVudGVyMg") && !text.contains("hunter2"), "\(text)")
        }
    }

    @Test func sourcesOfVolumes() {
        var volume = PersistentVolume(name: "pvc-1")
        var source = CSISource(driver: "csi.holdfast.dev", volumeHandle: "abc")
        source.fsType = "xfs"
        source[secret: .nodeStage] = ObjectKey(namespace: "shop", name: "key")
        volume.csi = source
        volume.capacity = Quantity(bytes: 5 << 30)
        #expect(volume.csi?[secret: .nodeStage] == ObjectKey(namespace: "shop", name: "key"))
        #expect(volume.csi?[secret: .nodePublish] == nil)
        #expect(
            volume.json["spec"]?.text() == """
                {"capacity":{"storage":"5Gi"},"csi":{"driver":"csi.holdfast.dev","fsType":"xfs",\
                "nodeStageSecretRef":{"name":"key","namespace":"shop"},"volumeHandle":"abc"}}
                """)
    }

    @Test func setsAlongAPath() {
        var json: JSON = ["a": "text"]
        json["a", "b", "c"] = 1
        #expect(json.text() == #"{"a":{"b":{"c":1}}}"#)
        json["a", "x", "y"] = nil
        json["z", "x"] = nil
        #expect(json.text() == #"{"a":{"b":{"c":1}}}"#)
        json["a", "b", "c"] = nil
        #expect(json.text() == #"{"a":{"b":{}}}"#)
        #expect(json["a", "b", "c"] == nil)
    }
}
