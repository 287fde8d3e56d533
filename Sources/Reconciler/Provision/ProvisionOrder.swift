internal import CSI
internal import Kubernetes

/// A volume that a claim asks for: what goes to the plugin, and what goes into the PersistentVolume afterwards.
struct ProvisionOrder {
    let claim: PersistentVolumeClaim
    let storageClass: StorageClass
    /// The name of the volume and of its PersistentVolume. It follows from the claim, so whoever makes it makes the same one.
    let name: String
    let bytes: Int64
    /// Empty for a raw block volume, and where the plugin is to choose.
    let filesystem: String
    let secrets: [SecretPurpose: ObjectKey]
    let parameters: [String: String]

    static func name(of claim: PersistentVolumeClaim) -> String { "pvc-\(claim.uid)" }

    init(_ claim: PersistentVolumeClaim, _ storageClass: StorageClass) throws(OrderError) {
        self.claim = claim
        self.storageClass = storageClass
        name = Self.name(of: claim)
        guard claim.selector == nil else {
            throw OrderError("a volume cannot be made to fit a selector; take spec.selector out of the claim")
        }
        guard let size = claim.requestedStorage else {
            throw OrderError("the claim asks for no size; set spec.resources.requests.storage")
        }
        guard size.bytes > 0 else { throw OrderError("the claim asks for \(size), which is no size of a volume") }
        bytes = size.bytes
        guard !claim.accessModes.isEmpty else {
            throw OrderError("the claim has no access modes; set spec.accessModes")
        }
        if let mode = claim.accessModes.first(where: { AccessModes.modes[$0] == nil }) {
            throw OrderError("access mode \"\(mode)\" is unknown; the known ones are \(AccessModes.list)")
        }
        let isBlock = claim.volumeMode == "Block"
        filesystem = isBlock ? "" : try Self.filesystem(storageClass.parameters)
        let templates = SecretTemplates(parameters: storageClass.parameters, volume: name, claim: claim)
        var secrets: [SecretPurpose: ObjectKey] = [:]
        for purpose in SecretPurpose.allCases { secrets[purpose] = try templates.reference(purpose) }
        self.secrets = secrets
        parameters = try Self.pluginParameters(storageClass, claim, name)
    }

    private static func filesystem(_ parameters: [String: String]) throws(OrderError) -> String {
        // The older name is taken in any case, as the standard provisioner does.
        let older = parameters.filter { $0.key.lowercased() == ParameterKeys.olderFilesystem }.values
        let all = Array(older) + [parameters[ParameterKeys.filesystem]].compactMap(\.self)
        guard all.count <= 1 else {
            throw OrderError(
                "the class names a filesystem by both \(ParameterKeys.olderFilesystem) and \(ParameterKeys.filesystem); "
                    + "leave one of them")
        }
        return all.first ?? ""
    }

    /// The parameters without those that are for us, and with what describes the claim.
    private static func pluginParameters(
        _ storageClass: StorageClass, _ claim: PersistentVolumeClaim, _ name: String
    ) throws(OrderError) -> [String: String] {
        var parameters: [String: String] = [:]
        for (key, value) in storageClass.parameters {
            if key.hasPrefix(ClusterNames.parameterPrefix) {
                guard ParameterKeys.known.contains(key) else {
                    throw OrderError(
                        "parameter \(key) of storage class \"\(storageClass.name)\" is unknown; the known ones with that "
                            + "prefix are \(ParameterKeys.known.sorted().joined(separator: ", "))")
                }
            } else if key.lowercased() != ParameterKeys.olderFilesystem {
                parameters[key] = value
            }
        }
        parameters[ParameterKeys.claimName] = claim.name
        parameters[ParameterKeys.claimNamespace] = claim.namespace ?? ""
        parameters[ParameterKeys.volumeName] = name
        return parameters
    }

    /// Each mode that the claim has, with the way in which the volume is used.
    func capabilities(hasMultiWriter: Bool) -> [VolumeCapability] {
        let access: VolumeCapability.Access =
            claim.volumeMode == "Block"
            ? .block : .mount(.init(fsType: filesystem, mountFlags: storageClass.mountOptions))
        return claim.accessModes.compactMap { AccessModes.mode($0, hasMultiWriter: hasMultiWriter) }.map {
            VolumeCapability(access: access, accessMode: $0)
        }
    }
}

/// The access modes of claims, as CSI has them (CSI specification, `VolumeCapability.AccessMode`).
enum AccessModes {
    static let modes: [String: VolumeCapability.AccessMode] = [
        "ReadWriteOnce": .singleNodeMultiWriter, "ReadWriteOncePod": .singleNodeSingleWriter,
        "ReadOnlyMany": .multiNodeReaderOnly, "ReadWriteMany": .multiNodeMultiWriter,
    ]

    static var list: String { modes.keys.sorted().joined(separator: ", ") }

    /// - Parameter hasMultiWriter: whether the plugin tells several writers of one node apart (SINGLE_NODE_MULTI_WRITER);
    ///   for one that does not, both kinds of a single node are SINGLE_NODE_WRITER.
    static func mode(_ name: String, hasMultiWriter: Bool) -> VolumeCapability.AccessMode? {
        guard let mode = modes[name] else { return nil }
        let isSingle = mode == .singleNodeMultiWriter || mode == .singleNodeSingleWriter
        return isSingle && !hasMultiWriter ? .singleNodeWriter : mode
    }
}
