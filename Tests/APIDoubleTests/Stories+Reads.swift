import JSON

extension Stories {
    static let lists = TruthStory(
        label: "lists and selectors",
        steps: [
            .send("a", "POST", mapsPath, map("a", ["metadata.labels": ["tier": "one", "x": "y"]]), 201),
            .send("b", "POST", mapsPath, map("b", ["metadata.labels": ["tier": "two"]]), 201),
            .send("c", "POST", mapsPath, map("c"), 201, nil, keeps: ["rv": "metadata.resourceVersion"]),
            .get(
                "all", "\(mapsPath)?fieldSelector=metadata.name%21%3Dkube-root-ca.crt", 200, nil,
                [
                    "kind": "ConfigMapList", "apiVersion": "v1", "metadata.continue": .null,
                    "metadata.remainingItemCount": .null,
                ]),
            selected("equal", "tier%3Done", ["a"]), selected("doubly equal", "tier==two", ["b"]),
            selected("not equal", "tier%21%3Done", ["b", "c"], except: true),
            selected("in", "tier%20in%20(one,two)", ["a", "b"]),
            selected("not in", "tier%20notin%20(one,three)", ["b", "c"], except: true),
            selected("there", "tier", ["a", "b"]),
            selected("not there", "%21tier", ["c"], except: true), selected("both", "tier%3Done,x%3Dy", ["a"]),
            .get("a selector that is none", "\(mapsPath)?labelSelector=a%3D%3D%3Db", 400, "BadRequest"),
            .get("a field that cannot be selected", "\(mapsPath)?fieldSelector=data.a%3Db", 400, "BadRequest"),
            .get(
                "a field of events",
                "/api/v1/namespaces/{ns}/events?fieldSelector=involvedObject.name%3Dx,reason%3Dy,type%3DNormal", 200,
                nil, ["items": []]),
            .get(
                "fields of pods", "/api/v1/pods?fieldSelector=spec.nodeName%3Dnone-{run},status.phase%3DRunning", 200,
                nil, ["items": []]),
            .get(
                "the first page", "\(mapsPath)?limit=1&labelSelector=tier", 200, nil,
                ["metadata.remainingItemCount": .null], keeps: ["next": "metadata.continue"]),
            .send("written meanwhile", "POST", mapsPath, map("b2", ["metadata.labels": ["tier": "two"]]), 201),
            .get(
                "the next one", "\(mapsPath)?limit=5&labelSelector=tier&continue={next}", 200, nil,
                ["metadata.continue": .null]),
            .get("a token that is none", "\(mapsPath)?limit=1&continue=nonsense", 400),
            .get(
                "a token and a version", "\(mapsPath)?limit=1&continue={next}&resourceVersion=1", 400, "BadRequest",
                message: "specifying resource version is not allowed when using continue"),
            .get("a match without a version", "\(mapsPath)?resourceVersionMatch=Exact", 422, "Invalid"),
            .get("an unknown match", "\(mapsPath)?resourceVersionMatch=Nearly&resourceVersion=1", 422, "Invalid"),
            .get(
                "exactly then", "\(mapsPath)?resourceVersionMatch=Exact&resourceVersion={rv}&labelSelector=tier", 200,
                nil, ["metadata.resourceVersion": "{rv}"]),
            .get("a version that is none", "\(mapsPath)?resourceVersion=x", 400),
            .get(
                "a version yet to come", "\(mapsPath)?resourceVersion=999999999999&resourceVersionMatch=NotOlderThan",
                504, "Timeout", message: "Too large resource version: 999999999999"),
        ])

    /// Lists what a selector matches. `except` leaves out the map that every namespace of a cluster has.
    private static func selected(_ label: String, _ selector: String, _ names: [String], except: Bool = false)
        -> TruthStep
    {
        let fields =
            except
            ? "&fieldSelector=metadata.name%21%3Dkube-root-ca.crt,metadata.name%21%3Dopenshift-service-ca.crt" : ""
        var step = TruthStep.get(label, "\(mapsPath)?labelSelector=\(selector)\(fields)")
        step.items = names
        return step
    }

    private static let leasesPath = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases"

    private static func lease(_ more: [String: JSON] = [:]) -> JSON {
        var lease: JSON = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "leader"],
            "spec": ["holderIdentity": "a", "leaseDurationSeconds": 15],
        ]
        for (path, value) in more { lease[at: path] = value }
        return lease
    }

    static let leases = TruthStory(
        label: "leases",
        steps: [
            .send("created", "POST", leasesPath, lease(), 201, nil, keeps: ["rv": "metadata.resourceVersion"]),
            .send(
                "put without version", "PUT", "\(leasesPath)/leader", lease(), 422, "Invalid",
                causes: ["metadata.resourceVersion"], message: "must be specified for an update"),
            .send(
                "put with its version", "PUT", "\(leasesPath)/leader",
                lease(["metadata.resourceVersion": "{rv}", "spec.holderIdentity": "b"]), 200, nil,
                ["spec.holderIdentity": "b"]),
            .send(
                "put with the old one", "PUT", "\(leasesPath)/leader", lease(["metadata.resourceVersion": "{rv}"]), 409,
                "Conflict"),
            .send(
                "put of what is not there makes it", "PUT", "\(leasesPath)/other", lease(["metadata.name": "other"]),
                201),
            .send(
                "a duration of nothing", "POST", leasesPath,
                lease(["metadata.name": "x", "spec.leaseDurationSeconds": 0]), 422, "Invalid",
                causes: ["spec.leaseDurationSeconds"]),
            .delete("deleted", "\(leasesPath)/leader", nil, 200, nil, ["kind": "Status", "status": "Success"]),
        ])

    static let refusals = TruthStory(
        label: "refusals and discovery",
        steps: [
            .get("no such group", "/apis/none.dev/v1/things", 404),
            .get("no such version", "/apis/storage.k8s.io/v9/storageclasses", 404),
            .get(
                "no such resource", "/api/v1/things", 404, "NotFound",
                message: "the server could not find the requested resource"),
            .get("no such sub-resource", "\(mapsPath)/one/status", 404, "NotFound"),
            .send("created under a name", "POST", "\(mapsPath)/one", map("one"), 405, "MethodNotAllowed"),
            .send("a collection put", "PUT", mapsPath, map("one"), 405, "MethodNotAllowed"),
            TruthStep(
                label: "a body that is no JSON", method: "POST", path: mapsPath, text: "{", code: 400,
                reason: "BadRequest"),
            TruthStep(
                label: "an unknown media type", method: "POST", path: mapsPath, text: "x", type: "text/plain",
                code: 415, reason: "UnsupportedMediaType"),
            .get("versions", "/api", 200, nil, ["kind": "APIVersions", "versions": ["v1"]]),
            .get("groups", "/apis", 200, nil, ["kind": "APIGroupList"]),
            .get(
                "a group", "/apis/storage.k8s.io", 200, nil,
                ["kind": "APIGroup", "name": "storage.k8s.io", "preferredVersion.version": "v1"]),
            .get(
                "its resources", "/apis/storage.k8s.io/v1", 200, nil,
                ["kind": "APIResourceList", "groupVersion": "storage.k8s.io/v1"]),
            .get("the core's", "/api/v1", 200, nil, ["kind": "APIResourceList", "groupVersion": "v1"]),
            .get("the version", "/version", 200, nil, ["major": "1"]),
            .get("readiness", "/readyz", 200),
        ])

    static let status = TruthStory(
        label: "status of nodes and attachments",
        steps: [
            .send(
                "a node", "POST", "/api/v1/nodes",
                ["apiVersion": "v1", "kind": "Node", "metadata": ["name": "n-{run}"]], 201),
            .patch(
                "its condition", .strategic, "/api/v1/nodes/n-{run}/status",
                [
                    "status": [
                        "conditions": [
                            ["type": "Ready", "status": "True"], ["type": "DiskPressure", "status": "False"],
                        ]
                    ]
                ], 200),
            .patch(
                "one of two", .strategic, "/api/v1/nodes/n-{run}/status",
                ["status": ["conditions": [["type": "Ready", "status": "False"]]]], 200),
            .patch(
                "a taint", .merge, "/api/v1/nodes/n-{run}",
                [
                    "spec": ["taints": [["key": "holdfast.dev/starting", "effect": "NoSchedule"]]],
                    "status": ["phase": "Pending"],
                ], 200, nil, ["status.phase": .null]),
            .patch(
                "a label", .merge, "/api/v1/nodes/n-{run}",
                ["metadata": ["labels": ["topology.holdfast.dev/node": "n"]]], 200),
            .delete("node deleted", "/api/v1/nodes/n-{run}", nil, 200, nil, ["kind": "Status", "status": "Success"]),
            .send(
                "an attachment", "POST", "/apis/storage.k8s.io/v1/volumeattachments",
                [
                    "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": ["name": "a-{run}"],
                    "spec": ["attacher": "csi.holdfast.dev", "nodeName": "n", "source": ["persistentVolumeName": "v"]],
                    "status": ["attached": true],
                ], 201, nil, ["status.attached": false]),
            .patch(
                "is attached", .merge, "/apis/storage.k8s.io/v1/volumeattachments/a-{run}/status",
                ["status": ["attached": true]], 200, nil, ["status.attached": true]),
            .patch(
                "to another node", .merge, "/apis/storage.k8s.io/v1/volumeattachments/a-{run}",
                ["spec": ["nodeName": "m"]], 422, "Invalid", causes: ["spec"]),
            .delete(
                "attachment deleted", "/apis/storage.k8s.io/v1/volumeattachments/a-{run}", nil, 200, nil,
                ["kind": "VolumeAttachment"]),
            .send(
                "an event about what is elsewhere", "POST", "/api/v1/namespaces/{ns}/events",
                [
                    "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e"],
                    "involvedObject": ["kind": "PersistentVolumeClaim", "namespace": "default", "name": "x"],
                    "reason": "R", "type": "Normal",
                ], 422, "Invalid", causes: ["involvedObject.namespace"]),
            .send(
                "an event", "POST", "/api/v1/namespaces/{ns}/events",
                [
                    "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e"],
                    "involvedObject": ["kind": "PersistentVolumeClaim", "namespace": "{ns}", "name": "x"],
                    "reason": "R", "type": "Normal",
                ], 201, nil, ["reason": "R"]),
            .patch("counts", .merge, "/api/v1/namespaces/{ns}/events/e", ["count": 2], 200, nil, ["count": 2]),
            .get("by its object", "/api/v1/namespaces/{ns}/events?fieldSelector=involvedObject.name%3Dx", 200),
        ])

    static let secrets = TruthStory(
        label: "secrets and namespaces",
        steps: [
            .send(
                "in plain words", "POST", "/api/v1/namespaces/{ns}/secrets",
                ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "stringData": ["key": "value"]], 201,
                nil, ["data": ["key": "dmFsdWU="], "type": "Opaque", "stringData": .null]),
            .patch(
                "another type", .merge, "/api/v1/namespaces/{ns}/secrets/s", ["type": "other.dev/kind"], 422, "Invalid",
                causes: ["type"]),
            .delete(
                "deleted", "/api/v1/namespaces/{ns}/secrets/s", nil, 200, nil, ["kind": "Status", "status": "Success"]),
            .get(
                "a namespace", "/api/v1/namespaces/{ns}", 200, nil,
                ["status.phase": "Active", "spec.finalizers": ["kubernetes"]]),
            .send(
                "a namespace with dots", "POST", "/api/v1/namespaces",
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "a.b"]], 422, "Invalid",
                causes: ["metadata.name"]),
            .delete(
                "deleted too", "/api/v1/namespaces/{ns}", nil, 200, nil,
                ["status.phase": "Terminating", "kind": "Namespace"]),
        ])
}
