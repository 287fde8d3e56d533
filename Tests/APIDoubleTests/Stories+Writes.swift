import JSON

extension Stories {
    private static let classesPath = "/apis/storage.k8s.io/v1/storageclasses"

    private static func storageClass(_ more: [String: JSON] = [:]) -> JSON {
        var made: JSON = [
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": ["name": "class-{run}"],
            "provisioner": "csi.holdfast.dev", "parameters": ["pool": "fast"],
        ]
        for (path, value) in more { made[at: path] = value }
        return made
    }

    static let classes = TruthStory(
        label: "classes and drivers",
        steps: [
            .send(
                "created", "POST", classesPath, storageClass(), 201, nil,
                ["reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "metadata.generation": .null]),
            .send(
                "without a provisioner", "POST", classesPath,
                storageClass(["metadata.name": "x-{run}", "provisioner": nil]), 422, "Invalid",
                ["details.kind": "StorageClass", "details.group": "storage.k8s.io"], causes: ["provisioner"],
                message: "StorageClass.storage.k8s.io \"x-{run}\" is invalid"),
            .send(
                "with an unknown binding mode", "POST", classesPath,
                storageClass(["metadata.name": "x-{run}", "volumeBindingMode": "Later"]), 422, "Invalid",
                causes: ["volumeBindingMode"]),
            .patch(
                "other parameters", .merge, "\(classesPath)/class-{run}", ["parameters": ["pool": "slow"]], 422,
                "Invalid", causes: ["parameters"], message: "field is immutable"),
            .patch(
                "another provisioner", .merge, "\(classesPath)/class-{run}", ["provisioner": "other.dev"], 422,
                "Invalid", causes: ["provisioner"]),
            .patch(
                "another policy", .merge, "\(classesPath)/class-{run}", ["reclaimPolicy": "Retain"], 422, "Invalid",
                causes: ["reclaimPolicy"]),
            .patch(
                "expansion allowed", .merge, "\(classesPath)/class-{run}", ["allowVolumeExpansion": true], 200, nil,
                ["allowVolumeExpansion": true]),
            .delete("deleted", "\(classesPath)/class-{run}", nil, 200, nil, ["kind": "StorageClass"]),
            .send(
                "a driver", "POST", "/apis/storage.k8s.io/v1/csidrivers",
                [
                    "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": ["name": "d-{run}"],
                    "spec": ["attachRequired": false],
                ], 201, nil,
                [
                    "spec.podInfoOnMount": false, "spec.volumeLifecycleModes": ["Persistent"],
                    "spec.fsGroupPolicy": "ReadWriteOnceWithFSType",
                ], keeps: ["rv": "metadata.resourceVersion"]),
            .send(
                "put without version", "PUT", "/apis/storage.k8s.io/v1/csidrivers/d-{run}",
                [
                    "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": ["name": "d-{run}"],
                    "spec": ["attachRequired": false],
                ], 422, "Invalid", causes: ["metadata.resourceVersion"], message: "must be specified for an update"),
            .delete("driver deleted", "/apis/storage.k8s.io/v1/csidrivers/d-{run}"),
            .send(
                "a capacity", "POST", "/apis/storage.k8s.io/v1/namespaces/{ns}/csistoragecapacities",
                [
                    "apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity",
                    "metadata": ["generateName": "csisc-"], "storageClassName": "c", "capacity": "1024Gi",
                    "nodeTopology": ["matchLabels": ["a": "b"]],
                ], 201, nil, ["capacity": "1Ti"], keeps: ["cap": "metadata.name", "capuid": "metadata.uid"]),
            .patch(
                "its capacity", .merge, "/apis/storage.k8s.io/v1/namespaces/{ns}/csistoragecapacities/{cap}",
                ["capacity": "5Gi"], 200, nil, ["capacity": "5Gi"]),
            .patch(
                "its class", .merge, "/apis/storage.k8s.io/v1/namespaces/{ns}/csistoragecapacities/{cap}",
                ["storageClassName": "d"], 422, "Invalid", causes: ["storageClassName"]),
            .delete(
                "and gone", "/apis/storage.k8s.io/v1/namespaces/{ns}/csistoragecapacities/{cap}", nil, 200, nil,
                [
                    "kind": "Status", "status": "Success", "details.uid": "{capuid}",
                    "details.kind": "csistoragecapacities", "details.group": "storage.k8s.io", "code": .null,
                ]),
        ])

    static let deletion = TruthStory(
        label: "deletion",
        steps: [
            .delete("of nothing", "\(mapsPath)/none", nil, 404, "NotFound"),
            .send(
                "one", "POST", mapsPath, map("one"), 201, nil,
                keeps: ["uid": "metadata.uid", "rv": "metadata.resourceVersion"]),
            .delete(
                "another uid", "\(mapsPath)/one", ["preconditions": ["uid": "00000000-0000-4000-8000-000000000000"]],
                409, "Conflict",
                message: "does not match the UID in record ({uid})"
            ),
            .delete(
                "another version", "\(mapsPath)/one", ["preconditions": ["resourceVersion": "1"]], 409, "Conflict",
                message:
                    "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({rv})"
            ),
            .delete("dry run", "\(mapsPath)/one?dryRun=All", nil, 200),
            .get("is still there", "\(mapsPath)/one"),
            .delete("an unknown policy", "\(mapsPath)/one", ["propagationPolicy": "Maybe"], 422, "Invalid"),
            .delete(
                "the right uid", "\(mapsPath)/one", ["preconditions": ["uid": "{uid}"]], 200, nil,
                [
                    "kind": "Status", "status": "Success", "details.name": "one", "details.uid": "{uid}",
                    "details.kind": "configmaps",
                ]),
            .get("is gone", "\(mapsPath)/one", 404, "NotFound"),
            .send(
                "with finalizers", "POST", mapsPath,
                map("two", ["metadata.finalizers": ["holdfast.dev/a", "holdfast.dev/b"]]), 201),
            .delete(
                "is held", "\(mapsPath)/two", nil, 200, nil,
                ["kind": "ConfigMap", "metadata.deletionGracePeriodSeconds": 0], message: nil),
            .get(
                "is being deleted", "\(mapsPath)/two", 200, nil, [:],
                keeps: ["rv": "metadata.resourceVersion", "at": "metadata.deletionTimestamp"]),
            .delete(
                "again changes nothing", "\(mapsPath)/two", nil, 200, nil,
                ["metadata.resourceVersion": "{rv}", "metadata.deletionTimestamp": "{at}"]),
            .patch(
                "the time cannot be taken back", .merge, "\(mapsPath)/two",
                ["metadata": ["deletionTimestamp": .null, "labels": ["a": "b"]]], 200, nil,
                ["metadata.deletionTimestamp": "{at}"]),
            .patch(
                "no new finalizer", .merge, "\(mapsPath)/two",
                ["metadata": ["finalizers": ["holdfast.dev/a", "holdfast.dev/c"]]], 422, "Invalid",
                causes: ["metadata.finalizers"],
                message: "no new finalizers can be added if the object is being deleted"),
            .patch(
                "one finalizer less", .merge, "\(mapsPath)/two", ["metadata": ["finalizers": ["holdfast.dev/b"]]], 200),
            .patch("and none", .merge, "\(mapsPath)/two", ["metadata": ["finalizers": .null]], 200),
            .get("is gone then", "\(mapsPath)/two", 404, "NotFound"),
            .send("three", "POST", mapsPath, map("three", ["metadata.labels": ["c": "1"]]), 201),
            .send("four", "POST", mapsPath, map("four", ["metadata.labels": ["c": "2"]]), 201),
            .delete(
                "a collection by its label", "\(mapsPath)?labelSelector=c%3D1", nil, 200, nil, ["kind": "ConfigMapList"]
            ),
            .get("took one", "\(mapsPath)/three", 404, "NotFound"),
            .get("and left one", "\(mapsPath)/four"),
            .delete("orphaning", "\(mapsPath)/four", ["propagationPolicy": "Orphan"], 200),
        ])

    static let patches = TruthStory(
        label: "patches",
        steps: [
            .send(
                "one", "POST", mapsPath,
                map("one", ["data": ["a": "1", "b": "2"], "metadata.finalizers": ["holdfast.dev/a"]]), 201, nil,
                keeps: ["rv": "metadata.resourceVersion", "uid": "metadata.uid"]),
            .patch(
                "merge: null removes", .merge, "\(mapsPath)/one", ["data": ["a": .null, "c": "3"]], 200, nil,
                ["data": ["b": "2", "c": "3"]]),
            .patch(
                "merge: of the old version", .merge, "\(mapsPath)/one",
                ["metadata": ["resourceVersion": "{rv}"], "data": ["a": "1"]], 409, "Conflict"),
            .patch(
                "merge: of another uid", .merge, "\(mapsPath)/one",
                ["metadata": ["uid": "00000000-0000-4000-8000-000000000000"]], 422, "Invalid"),
            .patch("merge: of nothing", .merge, "\(mapsPath)/none", [:], 404, "NotFound"),
            .patch(
                "merge: a wrong type", .merge, "\(mapsPath)/one", ["metadata": ["labels": ["a": 1]]], 422, "Invalid"),
            .patch(
                "merge: nothing changes nothing", .merge, "\(mapsPath)/one", [:], 200, nil, [:],
                keeps: ["rv": "metadata.resourceVersion"]),
            .patch(
                "merge: and again", .merge, "\(mapsPath)/one", ["data": ["b": "2"]], 200, nil,
                ["metadata.resourceVersion": "{rv}"]),
            .patch(
                "JSON: tests and changes", .json, "\(mapsPath)/one",
                [
                    ["op": "test", "path": "/data/b", "value": "2"],
                    ["op": "replace", "path": "/data/b", "value": "x"],
                    ["op": "add", "path": "/metadata/labels", "value": ["l/a": "b"]],
                    ["op": "remove", "path": "/data/c"],
                ], 200, nil, ["data": ["b": "x"]]),
            .patch(
                "JSON: an escaped slash", .json, "\(mapsPath)/one",
                [["op": "replace", "path": "/metadata/labels/l~1a", "value": "c"]], 200, nil,
                ["metadata.labels": ["l/a": "c"]]),
            .patch(
                "JSON: a test that fails", .json, "\(mapsPath)/one", [["op": "test", "path": "/data/b", "value": "2"]],
                422, "Invalid"),
            .patch(
                "JSON: nothing to remove", .json, "\(mapsPath)/one", [["op": "remove", "path": "/data/none"]], 422,
                "Invalid"),
            .patch(
                "JSON: at the end of a list", .json, "\(mapsPath)/one",
                [["op": "add", "path": "/metadata/finalizers/-", "value": "holdfast.dev/b"]], 200, nil,
                ["metadata.finalizers": ["holdfast.dev/a", "holdfast.dev/b"]]),
            .patch(
                "JSON: out of a list", .json, "\(mapsPath)/one", [["op": "remove", "path": "/metadata/finalizers/0"]],
                200, nil, ["metadata.finalizers": ["holdfast.dev/b"]]),
            .patch(
                "strategic: lists of finalizers are merged", .strategic, "\(mapsPath)/one",
                ["metadata": ["finalizers": ["holdfast.dev/c"]]], 200, nil,
                ["metadata.finalizers": ["holdfast.dev/c", "holdfast.dev/b"]]),
            .patch(
                "strategic: and taken from", .strategic, "\(mapsPath)/one",
                ["metadata": ["$deleteFromPrimitiveList/finalizers": ["holdfast.dev/b"]]], 200, nil,
                ["metadata.finalizers": ["holdfast.dev/c"]]),
            TruthStep(
                label: "an unknown kind of patch", method: "PATCH", path: "\(mapsPath)/one", body: [:],
                type: "application/json", code: 415, reason: "UnsupportedMediaType"),
            .patch(
                "the last finalizer", .merge, "\(mapsPath)/one", ["metadata": ["finalizers": .null]], 200, nil,
                ["metadata.finalizers": .null]),
        ])

    static let apply = TruthStory(
        label: "server-side apply",
        steps: [
            .patch(
                "makes what is not there", .apply, "\(mapsPath)/one?fieldManager=first",
                map("one", ["data": ["a": "1", "b": "1"]]), 201, nil, ["data": ["a": "1", "b": "1"]],
                keeps: ["rv": "metadata.resourceVersion"]),
            .patch(
                "the same again changes nothing", .apply, "\(mapsPath)/one?fieldManager=first",
                map("one", ["data": ["a": "1", "b": "1"]]), 200, nil, ["metadata.resourceVersion": "{rv}"]),
            .patch(
                "without a manager", .apply, "\(mapsPath)/one", map("one"), 422, "Invalid",
                message: "fieldManager: Required value: is required for apply patch"),
            .patch(
                "another's field with another value", .apply, "\(mapsPath)/one?fieldManager=second",
                map("one", ["data": ["a": "2"]]), 409, "Conflict", causes: [".data.a"],
                message: "Apply failed with 1 conflict: conflict with \"first\": .data.a"),
            .patch(
                "another's field with its value", .apply, "\(mapsPath)/one?fieldManager=second",
                map("one", ["data": ["a": "1", "c": "1"]]), 200, nil, ["data": ["a": "1", "b": "1", "c": "1"]]),
            .patch(
                "by force", .apply, "\(mapsPath)/one?fieldManager=second&force=true",
                map("one", ["data": ["a": "2", "c": "1"]]), 200, nil, ["data.a": "2"]),
            .patch(
                "what is named no more goes", .apply, "\(mapsPath)/one?fieldManager=second",
                map("one", ["data": ["a": "2"]]), 200, nil, ["data": ["a": "2", "b": "1"]]),
            .patch(
                "the other lost what was forced", .apply, "\(mapsPath)/one?fieldManager=first",
                map("one", ["data": ["b": "1"]]), 200, nil, ["data": ["a": "2", "b": "1"]]),
            .patch("an update takes a field", .merge, "\(mapsPath)/one?fieldManager=third", ["data": ["b": "9"]], 200),
            .patch(
                "and the apply conflicts with it", .apply, "\(mapsPath)/one?fieldManager=first",
                map("one", ["data": ["b": "1"]]), 409, "Conflict", causes: [".data.b"]),
            .patch(
                "of a claim", .apply, "\(claimsPath)/data?fieldManager=first", claim("data"), 201, nil,
                ["status.phase": "Pending"]),
            .patch(
                "finalizers of two stay apart", .apply, "\(mapsPath)/one?fieldManager=fourth",
                map("one", ["metadata.finalizers": ["holdfast.dev/x"]]), 200, nil,
                ["metadata.finalizers": ["holdfast.dev/x"]]),
            .patch(
                "and go one by one", .apply, "\(mapsPath)/one?fieldManager=fourth", map("one"), 200, nil,
                ["metadata.finalizers": .null]),
        ])
}
