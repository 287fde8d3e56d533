internal import JSON

/// The kinds that every double serves.
enum Catalog {
    static let resources: [APIResource] = core + storage + coordination + snapshots

    private static func make(
        _ group: String, _ version: String, _ plural: String, _ kind: String, isNamespaced: Bool,
        _ adapt: (inout APIResource) -> Void
    ) -> APIResource {
        var resource = APIResource(group, version, plural, kind, isNamespaced: isNamespaced)
        adapt(&resource)
        return resource
    }

    private static let core: [APIResource] = [
        make("", "v1", "persistentvolumes", "PersistentVolume", isNamespaced: false) {
            ($0.shortNames, $0.hasStatus, $0.firstStatus) = (["pv"], true, .set(["phase": "Pending"]))
            $0.selectable = ["name": "metadata.name"]
            $0.rules = VolumeRules.rules
        },
        make("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", isNamespaced: true) {
            ($0.shortNames, $0.hasStatus, $0.firstStatus) = (["pvc"], true, .set(["phase": "Pending"]))
            $0.selectable = ["name": "metadata.name"]
            $0.rules = ClaimRules.rules
        },
        make("", "v1", "nodes", "Node", isNamespaced: false) {
            ($0.shortNames, $0.hasStatus, $0.returnsDeleted) = (["no"], true, false)
            $0.selectable = ["spec.unschedulable": "spec.unschedulable"]
        },
        make("", "v1", "events", "Event", isNamespaced: true) {
            ($0.shortNames, $0.createsOnUpdate, $0.returnsDeleted) = (["ev"], true, false)
            $0.selectable = EventRules.selectable
            $0.rules = EventRules.rules
        },
        make("", "v1", "pods", "Pod", isNamespaced: true) {
            ($0.shortNames, $0.hasStatus, $0.firstStatus) = (
                ["po"], true, .set(["phase": "Pending", "qosClass": "BestEffort"])
            )
            let names = [
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                "spec.hostNetwork",
                "status.phase", "status.podIP", "status.nominatedNodeName",
            ]
            $0.selectable = Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })
            $0.generation = .specification
            $0.rules = PodRules.rules
        },
        make("", "v1", "secrets", "Secret", isNamespaced: true) {
            $0.returnsDeleted = false
            $0.selectable = ["type": "type"]
            $0.rules = SecretRules.rules
        },
        make("", "v1", "configmaps", "ConfigMap", isNamespaced: true) {
            ($0.shortNames, $0.returnsDeleted) = (["cm"], false)
        },
        make("", "v1", "serviceaccounts", "ServiceAccount", isNamespaced: true) { $0.shortNames = ["sa"] },
        make("", "v1", "namespaces", "Namespace", isNamespaced: false) {
            ($0.shortNames, $0.hasStatus, $0.firstStatus) = (["ns"], true, .set(["phase": "Active"]))
            $0.selectable = ["status.phase": "status.phase", "name": "metadata.name"]
            $0.rules = NamespaceRules.rules
        },
    ]

    private static let storage: [APIResource] = [
        make("storage.k8s.io", "v1", "storageclasses", "StorageClass", isNamespaced: false) {
            $0.shortNames = ["sc"]
            $0.rules = StorageClassRules.rules
        },
        make("storage.k8s.io", "v1", "csinodes", "CSINode", isNamespaced: false) {
            $0.updatesUnconditionally = false
            $0.rules = CSINodeRules.rules
        },
        make("storage.k8s.io", "v1", "csidrivers", "CSIDriver", isNamespaced: false) {
            ($0.updatesUnconditionally, $0.generation) = (false, .changes)
            $0.rules = CSIDriverRules.rules
        },
        make("storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity", isNamespaced: true) {
            ($0.updatesUnconditionally, $0.returnsDeleted) = (false, false)
            $0.rules = CapacityRules.rules
        },
        make("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", isNamespaced: false) {
            ($0.updatesUnconditionally, $0.hasStatus, $0.firstStatus) = (false, true, .set(["attached": false]))
            $0.rules = AttachmentRules.rules
        },
        make("storage.k8s.io", "v1", "volumeattributesclasses", "VolumeAttributesClass", isNamespaced: false) {
            $0.shortNames = ["vac"]
            $0.rules = AttributesClassRules.rules
        },
    ]

    private static let coordination: [APIResource] = [
        make("coordination.k8s.io", "v1", "leases", "Lease", isNamespaced: true) {
            ($0.createsOnUpdate, $0.updatesUnconditionally, $0.returnsDeleted) = (true, false, false)
            $0.rules = LeaseRules.rules
        }
    ]

    private static let snapshots: [APIResource] = [
        ("volumesnapshots", "VolumeSnapshot", true, true),
        ("volumesnapshotcontents", "VolumeSnapshotContent", false, true),
        ("volumesnapshotclasses", "VolumeSnapshotClass", false, false),
    ].map { plural, kind, isNamespaced, hasStatus in
        .custom("snapshot.storage.k8s.io", "v1", plural, kind, isNamespaced: isNamespaced, hasStatus: hasStatus)
    }
}
