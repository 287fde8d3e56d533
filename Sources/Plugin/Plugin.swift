internal import CSI
public import RPC
internal import Syscalls
public import Volumes

/// What a node tells of itself.
public struct PluginSettings: Sendable {
    /// The CSI driver name (`csi.holdfast.dev` unless overridden).
    public let driverName: String
    /// How many volumes kubelet may stage here; 0 is no limit.
    public let maxVolumes: Int64

    public init(driverName: String, maxVolumes: Int64) {
        self.driverName = driverName
        self.maxVolumes = maxVolumes
    }
}

/// The services of one node over its storage: those of CSI, and `holdfast.v1.Host`. Each RPC is an extension in a file of its own, under the folder of
/// its service; this is the list of what is served.
public struct Plugin: Sendable {
    public static let driverName = "csi.holdfast.dev"
    /// The one topology key: volumes of local pools can be reached from their own node alone.
    public static let topologyKey = "topology.holdfast.dev/node"

    let settings: PluginSettings
    let storage: Storage
    /// nil for a plugin that does not register itself.
    let registration: KubeletRegistration?
    let calls = Calls()
    /// Nanoseconds since 1970.
    let started = wallClockNanoseconds()

    public init(settings: PluginSettings, storage: Storage, registration: KubeletRegistration? = nil) {
        self.settings = settings
        self.storage = storage
        self.registration = registration
    }

    public var methods: [Method] {
        [
            answer(CSIMethod.getPluginInfo, as: .memory, getPluginInfo),
            answer(CSIMethod.getPluginCapabilities, as: .memory, getPluginCapabilities),
            answer(CSIMethod.probe, as: .memory, probe),

            answer(CSIMethod.createVolume, createVolume),
            answer(CSIMethod.deleteVolume, deleteVolume),
            answer(CSIMethod.controllerPublishVolume, controllerPublishVolume),
            answer(CSIMethod.controllerUnpublishVolume, controllerUnpublishVolume),
            answer(CSIMethod.validateVolumeCapabilities, validateVolumeCapabilities),
            answer(CSIMethod.listVolumes, listVolumes),
            answer(CSIMethod.getCapacity, getCapacity),
            answer(CSIMethod.controllerGetCapabilities, as: .memory, controllerGetCapabilities),
            answer(CSIMethod.controllerGetVolume, controllerGetVolume),
            answer(CSIMethod.controllerExpandVolume, controllerExpandVolume),
            answer(CSIMethod.controllerModifyVolume, controllerModifyVolume),
            answer(CSIMethod.createSnapshot, createSnapshot),
            answer(CSIMethod.deleteSnapshot, deleteSnapshot),
            answer(CSIMethod.listSnapshots, listSnapshots),
            answer(CSIMethod.getSnapshot, getSnapshot),

            answer(CSIMethod.groupControllerGetCapabilities, as: .memory, groupControllerGetCapabilities),
            answer(CSIMethod.createVolumeGroupSnapshot, createVolumeGroupSnapshot),
            answer(CSIMethod.deleteVolumeGroupSnapshot, deleteVolumeGroupSnapshot),
            answer(CSIMethod.getVolumeGroupSnapshot, getVolumeGroupSnapshot),

            answer(CSIMethod.getMetadataAllocated, getMetadataAllocated),
            answer(CSIMethod.getMetadataDelta, getMetadataDelta),

            answer(CSIMethod.nodeStageVolume, nodeStageVolume),
            answer(CSIMethod.nodeUnstageVolume, nodeUnstageVolume),
            answer(CSIMethod.nodePublishVolume, nodePublishVolume),
            answer(CSIMethod.nodeUnpublishVolume, nodeUnpublishVolume),
            answer(CSIMethod.nodeGetVolumeStats, nodeGetVolumeStats),
            answer(CSIMethod.nodeExpandVolume, nodeExpandVolume),
            answer(CSIMethod.nodeGetCapabilities, as: .memory, nodeGetCapabilities),
            answer(CSIMethod.nodeGetInfo, as: .memory, nodeGetInfo),

            answer(Host.listVolumes, as: .look(whileStarting: false), hostListVolumes),
            answer(Host.listOperations, as: .look(whileStarting: true), hostListOperations),
            answer(Host.getHealth, as: .look(whileStarting: true), hostGetHealth),
            answer(Host.getMetrics, as: .look(whileStarting: true), hostGetMetrics),
        ]
    }
}
