/// The parameters of a StorageClass that are for the provisioner. All others go to the plugin as they are.
enum ParameterKeys {
    static let filesystem = "csi.storage.k8s.io/fstype"
    /// The older name, still in use.
    static let olderFilesystem = "fstype"

    /// What describes the claim, added for the plugin.
    static let claimName = "csi.storage.k8s.io/pvc/name"
    static let claimNamespace = "csi.storage.k8s.io/pvc/namespace"
    static let volumeName = "csi.storage.k8s.io/pv/name"

    static let known: Set<String> = Set(
        [filesystem]
            + (SecretPurpose.allCases.map(\.word) + ["default"]).flatMap {
                ["csi.storage.k8s.io/\($0)-secret-name", "csi.storage.k8s.io/\($0)-secret-namespace"]
            })
}

/// A call that a secret can go along with.
enum SecretPurpose: CaseIterable {
    case provision, controllerPublish, nodeStage, nodePublish, controllerExpand, nodeExpand, controllerModify

    /// As the parameters' names have it, between the prefix and `-secret-name`.
    var word: String {
        switch self {
        case .provision: "provisioner"
        case .controllerPublish: "controller-publish"
        case .nodeStage: "node-stage"
        case .nodePublish: "node-publish"
        case .controllerExpand: "controller-expand"
        case .nodeExpand: "node-expand"
        case .controllerModify: "controller-modify"
        }
    }
}
