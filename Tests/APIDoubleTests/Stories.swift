import JSON

/// What is told to the double and to a real server.
enum Stories {
    static let claimsPath = "/api/v1/namespaces/{ns}/persistentvolumeclaims"

    static func claim(_ name: String, _ more: [String: JSON] = [:], size: String = "1Gi") -> JSON {
        var claim: JSON = [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": ["name": .string(name)],
            "spec": [
                "accessModes": ["ReadWriteOnce"], "storageClassName": "none-{run}",
                "resources": ["requests": ["storage": .string(size)]],
            ],
        ]
        for (path, value) in more { claim[at: path] = value }
        return claim
    }

    static func volume(_ name: String, _ more: [String: JSON] = [:]) -> JSON {
        var volume: JSON = [
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": ["name": .string(name)],
            "spec": [
                "accessModes": ["ReadWriteOnce"], "storageClassName": "none-{run}", "capacity": ["storage": "1Gi"],
                "csi": ["driver": "csi.holdfast.dev", "volumeHandle": "h-{run}"],
            ],
        ]
        for (path, value) in more { volume[at: path] = value }
        return volume
    }

    static func map(_ name: String, _ more: [String: JSON] = [:]) -> JSON {
        var map: JSON = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)]]
        for (path, value) in more { map[at: path] = value }
        return map
    }

    static let mapsPath = "/api/v1/namespaces/{ns}/configmaps"

    static let objects = TruthStory(
        label: "objects come, change and conflict",
        steps: [
            .get(
                "nothing there", "\(mapsPath)/one", 404, "NotFound",
                ["details.kind": "configmaps", "details.name": "one", "status": "Failure", "kind": "Status"],
                message: "configmaps \"one\" not found"),
            .send(
                "created", "POST", mapsPath, map("one", ["data": ["a": "1"]]), 201, nil,
                [
                    "kind": "ConfigMap", "apiVersion": "v1", "data.a": "1", "metadata.namespace": "{ns}",
                    "metadata.generation": .null,
                ], keeps: ["v1": "metadata.resourceVersion", "uid": "metadata.uid"]),
            .send(
                "created again", "POST", mapsPath, map("one"), 409, "AlreadyExists",
                ["details.name": "one", "details.kind": "configmaps"], message: "configmaps \"one\" already exists"),
            .send(
                "a generated name", "POST", mapsPath,
                ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["generateName": "gen-"]], 201, nil,
                ["metadata.generateName": "gen-"], keeps: ["gen": "metadata.name"]),
            .get("is there", "\(mapsPath)/{gen}"),
            .send(
                "no name", "POST", mapsPath, ["apiVersion": "v1", "kind": "ConfigMap"], 422, "Invalid",
                causes: ["metadata.name"]),
            .send(
                "a bad name", "POST", mapsPath, map("Bad_Name"), 422, "Invalid", ["details.kind": "ConfigMap"],
                causes: ["metadata.name"]),
            .send(
                "a bad label", "POST", mapsPath, map("two", ["metadata.labels": ["a b": "c"]]), 422, "Invalid",
                causes: ["metadata.labels"]),
            .send(
                "a bad label's value", "POST", mapsPath, map("two", ["metadata.labels": ["a": "-"]]), 422, "Invalid",
                causes: ["metadata.labels"]),
            .send(
                "a version at creation", "POST", mapsPath, map("two", ["metadata.resourceVersion": "1"]), 500, "",
                message: "resourceVersion should not be set on objects to be created"),
            .send(
                "no such namespace", "POST", "/api/v1/namespaces/none-{run}/configmaps", map("one"), 404, "NotFound",
                ["details.kind": "namespaces"], message: "namespaces \"none-{run}\" not found"),
            .send(
                "another namespace inside", "POST", mapsPath, map("two", ["metadata.namespace": "default"]), 400,
                "BadRequest",
                message: "the namespace of the provided object does not match the namespace sent on the request"),
            .send("another kind inside", "POST", mapsPath, claim("two"), 400, "BadRequest"),
            .send("another version inside", "POST", mapsPath, map("two", ["apiVersion": "v2"]), 400, "BadRequest"),
            .send(
                "nulls and what is empty vanish", "POST", mapsPath,
                map("three", ["metadata.labels": [:], "metadata.annotations": .null, "metadata.finalizers": []]), 201,
                nil, ["metadata.labels": .null, "metadata.annotations": .null, "metadata.finalizers": .null]),
            .send(
                "put with its version", "PUT", "\(mapsPath)/one",
                map("one", ["metadata.resourceVersion": "{v1}", "data": ["a": "2"]]), 200, nil,
                ["data.a": "2", "metadata.uid": "{uid}"], keeps: ["v2": "metadata.resourceVersion"]),
            .send(
                "put with the old version", "PUT", "\(mapsPath)/one",
                map("one", ["metadata.resourceVersion": "{v1}", "data": ["a": "3"]]), 409, "Conflict",
                ["details.name": "one", "details.kind": "configmaps"],
                message:
                    "Operation cannot be fulfilled on configmaps \"one\": the object has been modified; please apply your changes to the latest version and try again"
            ),
            .send(
                "put of the same keeps its version", "PUT", "\(mapsPath)/one", map("one", ["data": ["a": "2"]]), 200,
                nil, ["metadata.resourceVersion": "{v2}"]),
            .send(
                "put without version overwrites", "PUT", "\(mapsPath)/one", map("one", ["data": ["a": "4"]]), 200, nil,
                ["data.a": "4"]),
            .send(
                "put with another uid", "PUT", "\(mapsPath)/one",
                map("one", ["metadata.uid": "00000000-0000-4000-8000-000000000000"]), 409, "Conflict",
                message: "Precondition failed: UID in precondition"),
            .send(
                "put under another name", "PUT", "\(mapsPath)/one", map("other"), 400, "BadRequest",
                message: "does not match the name on the URL"),
            .send("put of nothing", "PUT", "\(mapsPath)/none", map("none"), 404, "NotFound"),
            .send(
                "a version that is no number", "PUT", "\(mapsPath)/one", map("one", ["metadata.resourceVersion": "x"]),
                500, "", message: "strconv.ParseUint: parsing \"x\": invalid syntax"),
            .send(
                "dry run", "POST", "\(mapsPath)?dryRun=All", map("dry"), 201, nil, ["metadata.resourceVersion": .null]),
            .get("left nothing", "\(mapsPath)/dry", 404, "NotFound"),
        ])

    static let claims = TruthStory(
        label: "claims",
        steps: [
            .send(
                "created", "POST", claimsPath, claim("data", ["status": ["phase": "Bound"]], size: "1024Mi"), 201, nil,
                [
                    "status.phase": "Pending", "spec.volumeMode": "Filesystem",
                    "spec.resources.requests.storage": "1Gi", "metadata.finalizers": ["kubernetes.io/pvc-protection"],
                    "metadata.generation": .null, "status.capacity": .null,
                ]),
            .send(
                "without access modes", "POST", claimsPath, claim("x", ["spec.accessModes": []]), 422, "Invalid",
                causes: ["spec.accessModes"]),
            .send(
                "without a size", "POST", claimsPath, claim("x", ["spec.resources": [:]]), 422, "Invalid",
                causes: ["spec.resources[storage]"]),
            .send(
                "with a size of nothing", "POST", claimsPath, claim("x", size: "0"), 422, "Invalid",
                causes: ["spec.resources[storage]"]),
            .send("with a size that is none", "POST", claimsPath, claim("x", size: "much"), 400, "BadRequest"),
            .send(
                "with an unknown mode", "POST", claimsPath, claim("x", ["spec.accessModes": ["Never"]]), 422, "Invalid",
                causes: ["spec.accessModes"]),
            .send(
                "with one pod and others", "POST", claimsPath,
                claim("x", ["spec.accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]]), 422, "Invalid",
                causes: ["spec.accessModes"]),
            .send(
                "of a snapshot", "POST", claimsPath,
                claim(
                    "copy",
                    ["spec.dataSource": ["kind": "VolumeSnapshot", "name": "s", "apiGroup": "snapshot.storage.k8s.io"]]),
                201, nil, ["spec.dataSourceRef.name": "s", "spec.dataSourceRef.kind": "VolumeSnapshot"]),
            .patch(
                "larger before it is bound", .merge, "\(claimsPath)/data",
                ["spec": ["resources": ["requests": ["storage": "2Gi"]]]], 422, "Invalid", causes: ["spec"],
                message:
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
            ),
            .patch(
                "another access mode", .merge, "\(claimsPath)/data", ["spec": ["accessModes": ["ReadWriteMany"]]], 422,
                "Invalid", causes: ["spec"]),
            .patch(
                "the volume's name, once", .merge, "\(claimsPath)/data", ["spec": ["volumeName": "v-{run}"]], 200, nil,
                ["spec.volumeName": "v-{run}"]),
            .patch(
                "and not another one", .merge, "\(claimsPath)/data", ["spec": ["volumeName": "w-{run}"]], 422,
                "Invalid", causes: ["spec"]),
            .patch(
                "status by the main door is ignored", .merge, "\(claimsPath)/data", ["status": ["phase": "Lost"]], 200,
                nil, ["status.phase": "Pending"]),
            .send(
                "its volume", "POST", volumesPath,
                volume("v-{run}", ["spec.claimRef": ["namespace": "{ns}", "name": "data"]]), 201),
            .until("is bound", "\(claimsPath)/data", 200, ["status.phase": "Bound", "status.capacity.storage": "1Gi"]),
            .until("and the volume too", "\(volumesPath)/v-{run}", 200, ["status.phase": "Bound"]),
            .patch(
                "status by its own", .merge, "\(claimsPath)/data/status",
                ["status": ["conditions": [["type": "Resizing", "status": "True"]]]], 200, nil,
                ["status.phase": "Bound"]),
            .patch(
                "specification by the status' door is ignored", .merge, "\(claimsPath)/data/status",
                ["spec": ["volumeName": "z-{run}"]], 200, nil, ["spec.volumeName": "v-{run}"]),
            .patch(
                "larger, with a class that does not exist", .merge, "\(claimsPath)/data",
                ["spec": ["resources": ["requests": ["storage": "3Gi"]]]], 403, "Forbidden",
                ["details.kind": "persistentvolumeclaims", "details.name": "data"],
                message:
                    "persistentvolumeclaims \"data\" is forbidden: only dynamically provisioned pvc can be resized and "
                    + "the storageclass that provisions the pvc must support resize"),
            .send(
                "the class, which allows it", "POST", "/apis/storage.k8s.io/v1/storageclasses",
                [
                    "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": ["name": "none-{run}"],
                    "provisioner": "csi.holdfast.dev", "allowVolumeExpansion": true,
                ], 201),
            .patchUntil(
                "larger when it is bound", .merge, "\(claimsPath)/data",
                ["spec": ["resources": ["requests": ["storage": "3Gi"]]]], 200, nil,
                ["spec.resources.requests.storage": "3Gi"]),
            .patch(
                "back, but above what there is", .merge, "\(claimsPath)/data",
                ["spec": ["resources": ["requests": ["storage": "2Gi"]]]], 200, nil,
                ["spec.resources.requests.storage": "2Gi"]),
            .patch(
                "back to what there is", .merge, "\(claimsPath)/data",
                ["spec": ["resources": ["requests": ["storage": "1Gi"]]]], 422, "Invalid",
                causes: ["spec.resources.requests.storage"], message: "field can not be less than status.capacity"),
            .patch(
                "another class of attributes", .merge, "\(claimsPath)/data",
                ["spec": ["volumeAttributesClassName": "gold"]], 200, nil, ["spec.volumeAttributesClassName": "gold"]),
            .delete("deleted", "\(claimsPath)/data", nil, 200, nil, ["metadata.deletionGracePeriodSeconds": 0]),
            .until("is let go", "\(claimsPath)/data", 404),
            .until("its volume is released", "\(volumesPath)/v-{run}", 200, ["status.phase": "Released"]),
            .delete("the volume", "\(volumesPath)/v-{run}"),
            .until("goes too", "\(volumesPath)/v-{run}", 404),
            .delete("the class", "/apis/storage.k8s.io/v1/storageclasses/none-{run}"),
        ])

    static let volumesPath = "/api/v1/persistentvolumes"

    static let volumes = TruthStory(
        label: "volumes",
        steps: [
            .send(
                "created", "POST", volumesPath,
                volume(
                    "v-{run}", ["status": ["phase": "Bound"], "spec.claimRef": ["namespace": "{ns}", "name": "c"]]),
                201, nil,
                [
                    "status.phase": "Pending", "spec.persistentVolumeReclaimPolicy": "Retain",
                    "spec.volumeMode": "Filesystem", "spec.claimRef.kind": .null, "spec.claimRef.apiVersion": .null,
                    "metadata.finalizers": ["kubernetes.io/pv-protection"],
                    "metadata.generation": .null, "metadata.namespace": .null,
                ]),
            .send(
                "without a source", "POST", volumesPath, volume("x-{run}", ["spec.csi": nil]), 422, "Invalid",
                causes: ["spec"]),
            .send(
                "with two", "POST", volumesPath, volume("x-{run}", ["spec.hostPath": ["path": "/a"]]), 422, "Invalid"),
            .send(
                "without a driver", "POST", volumesPath, volume("x-{run}", ["spec.csi": ["volumeHandle": "h"]]), 422,
                "Invalid", causes: ["spec.csi.driver"]),
            .send(
                "without a handle", "POST", volumesPath,
                volume("x-{run}", ["spec.csi": ["driver": "csi.holdfast.dev"]]), 422, "Invalid",
                causes: ["spec.csi.volumeHandle"]),
            .send("without a capacity", "POST", volumesPath, volume("x-{run}", ["spec.capacity": [:]]), 422, "Invalid"),
            .send(
                "with an unknown policy", "POST", volumesPath,
                volume("x-{run}", ["spec.persistentVolumeReclaimPolicy": "Burn"]), 422, "Invalid",
                causes: ["spec.persistentVolumeReclaimPolicy"]),
            .send("with a bad name", "POST", volumesPath, volume("X_{run}"), 422, "Invalid", causes: ["metadata.name"]),
            .patch(
                "another handle", .merge, "\(volumesPath)/v-{run}", ["spec": ["csi": ["volumeHandle": "other"]]], 422,
                "Invalid", causes: ["spec.persistentvolumesource"],
                message: "spec.persistentvolumesource is immutable after creation"),
            .patch(
                "a node affinity, once", .merge, "\(volumesPath)/v-{run}", ["spec": ["nodeAffinity": affinity("a")]],
                200),
            .patch(
                "and not another one", .merge, "\(volumesPath)/v-{run}", ["spec": ["nodeAffinity": affinity("b")]], 422,
                "Invalid"),
            .patch(
                "a larger capacity", .merge, "\(volumesPath)/v-{run}", ["spec": ["capacity": ["storage": "2048Mi"]]],
                200, nil, ["spec.capacity.storage": "2Gi"]),
            .patch(
                "another policy", .merge, "\(volumesPath)/v-{run}",
                ["spec": ["persistentVolumeReclaimPolicy": "Delete"]], 200, nil,
                ["spec.persistentVolumeReclaimPolicy": "Delete"]),
            .patch(
                "another mode", .merge, "\(volumesPath)/v-{run}", ["spec": ["volumeMode": "Block"]], 422, "Invalid",
                causes: ["volumeMode"]),
            .patch(
                "a finalizer without a domain", .merge, "\(volumesPath)/v-{run}",
                ["metadata": ["finalizers": ["mine"]]], 422, "Invalid",
                message: "name is neither a standard finalizer name nor is it fully qualified"),
            .delete(
                "deleted: the finalizer holds it", "\(volumesPath)/v-{run}", nil, 200, nil,
                ["metadata.deletionGracePeriodSeconds": 0]),
            .until("and lets go", "\(volumesPath)/v-{run}", 404),
        ])

    static func affinity(_ node: String) -> JSON {
        let term: JSON = [
            "matchExpressions": [["key": "topology.holdfast.dev/node", "operator": "In", "values": [.string(node)]]]
        ]
        return ["required": ["nodeSelectorTerms": [term]]]
    }
}
