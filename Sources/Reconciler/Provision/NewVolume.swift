internal import CSI
internal import JSON
internal import Kubernetes

extension ProvisionOrder {
    /// The PersistentVolume of a volume that the plugin has made.
    func persistentVolume(of volume: Volume, _ identity: NodeIdentity) -> PersistentVolume {
        var object = PersistentVolume(name: name)
        object.annotations = annotations(identity)
        object.labels = identity.segments
        if storageClass.reclaimPolicy == "Delete" { object.finalizers = [ClusterNames.volumeFinalizer] }
        object.capacity = Quantity(bytes: volume.capacityBytes > 0 ? volume.capacityBytes : bytes)
        object.accessModes = claim.accessModes
        object.reclaimPolicy = storageClass.reclaimPolicy
        object.storageClassName = storageClass.name
        object.mountOptions = storageClass.mountOptions
        object.volumeMode = claim.volumeMode
        if let name = claim.volumeAttributesClassName, !name.isEmpty { object.volumeAttributesClassName = name }
        object.claimRef = ObjectReference(to: claim)
        object.csi = source(of: volume, identity)
        object.nodeAffinity = affinity(volume.accessibleTopology)
        return object
    }

    private func annotations(_ identity: NodeIdentity) -> [String: String] {
        let secret = secrets[.provision]
        return [
            ClusterNames.provisionedBy: identity.driver,
            // Empty ones say that there is none, and nobody has to ask the class, which may be gone by then.
            ClusterNames.deletionSecretName: secret?.name ?? "",
            ClusterNames.deletionSecretNamespace: secret?.namespace ?? "",
        ]
    }

    private func source(of volume: Volume, _ identity: NodeIdentity) -> CSISource {
        var source = CSISource(driver: identity.driver, volumeHandle: volume.volumeID)
        if claim.volumeMode != "Block", !filesystem.isEmpty { source.fsType = filesystem }
        source.volumeAttributes = volume.volumeContext
        source[secret: .controllerPublish] = secrets[.controllerPublish]
        source[secret: .nodeStage] = secrets[.nodeStage]
        source[secret: .nodePublish] = secrets[.nodePublish]
        source[secret: .controllerExpand] = secrets[.controllerExpand]
        source[secret: .nodeExpand] = secrets[.nodeExpand]
        return source
    }

    /// Each topology is a term, and any of them will do.
    private func affinity(_ topologies: [Topology]) -> JSON? {
        guard !topologies.isEmpty else { return nil }
        let terms = topologies.map { topology -> JSON in
            let expressions = topology.segments.sorted { $0.key < $1.key }.map { key, value -> JSON in
                ["key": .string(key), "operator": "In", "values": [.string(value)]]
            }
            return ["matchExpressions": .array(expressions)]
        }
        return ["required": ["nodeSelectorTerms": .array(terms)]]
    }
}
