/// Every call of CSI 1.12, under the path that gRPC routes it by, with its messages' types.
///
/// A typed client or a server's registration is thereby one generic function.
public enum CSIMethod {
    /// A call with one request and one response.
    public struct Unary<Request: WireMessage, Response: WireMessage>: Sendable {
        /// Such as `/csi.v1.Identity/Probe`.
        public let path: String

        public init(_ path: String) {
            self.path = path
        }
    }

    /// A call with one request, which any number of responses answer.
    public struct ServerStream<Request: WireMessage, Response: WireMessage>: Sendable {
        /// Such as `/csi.v1.SnapshotMetadata/GetMetadataDelta`.
        public let path: String

        public init(_ path: String) {
            self.path = path
        }
    }
}

// Who the plugin is, what it offers, and whether it is healthy.
extension CSIMethod {
    public static let getPluginInfo = Unary<GetPluginInfoRequest, GetPluginInfoResponse>(
        "/csi.v1.Identity/GetPluginInfo")
    public static let getPluginCapabilities = Unary<GetPluginCapabilitiesRequest, GetPluginCapabilitiesResponse>(
        "/csi.v1.Identity/GetPluginCapabilities")
    public static let probe = Unary<ProbeRequest, ProbeResponse>("/csi.v1.Identity/Probe")
}

// Volumes and snapshots, for the whole cluster.
extension CSIMethod {
    public static let createVolume = Unary<CreateVolumeRequest, CreateVolumeResponse>("/csi.v1.Controller/CreateVolume")
    public static let deleteVolume = Unary<DeleteVolumeRequest, DeleteVolumeResponse>("/csi.v1.Controller/DeleteVolume")
    public static let controllerPublishVolume = Unary<ControllerPublishVolumeRequest, ControllerPublishVolumeResponse>(
        "/csi.v1.Controller/ControllerPublishVolume")
    public static let controllerUnpublishVolume =
        Unary<ControllerUnpublishVolumeRequest, ControllerUnpublishVolumeResponse>(
            "/csi.v1.Controller/ControllerUnpublishVolume")
    public static let validateVolumeCapabilities =
        Unary<ValidateVolumeCapabilitiesRequest, ValidateVolumeCapabilitiesResponse>(
            "/csi.v1.Controller/ValidateVolumeCapabilities")
    public static let listVolumes = Unary<ListVolumesRequest, ListVolumesResponse>("/csi.v1.Controller/ListVolumes")
    public static let getCapacity = Unary<GetCapacityRequest, GetCapacityResponse>("/csi.v1.Controller/GetCapacity")
    public static let controllerGetCapabilities =
        Unary<ControllerGetCapabilitiesRequest, ControllerGetCapabilitiesResponse>(
            "/csi.v1.Controller/ControllerGetCapabilities")
    public static let createSnapshot = Unary<CreateSnapshotRequest, CreateSnapshotResponse>(
        "/csi.v1.Controller/CreateSnapshot")
    public static let deleteSnapshot = Unary<DeleteSnapshotRequest, DeleteSnapshotResponse>(
        "/csi.v1.Controller/DeleteSnapshot")
    public static let listSnapshots = Unary<ListSnapshotsRequest, ListSnapshotsResponse>(
        "/csi.v1.Controller/ListSnapshots")
    public static let getSnapshot = Unary<GetSnapshotRequest, GetSnapshotResponse>("/csi.v1.Controller/GetSnapshot")
    public static let controllerExpandVolume = Unary<ControllerExpandVolumeRequest, ControllerExpandVolumeResponse>(
        "/csi.v1.Controller/ControllerExpandVolume")
    public static let controllerGetVolume = Unary<ControllerGetVolumeRequest, ControllerGetVolumeResponse>(
        "/csi.v1.Controller/ControllerGetVolume")
    public static let controllerModifyVolume = Unary<ControllerModifyVolumeRequest, ControllerModifyVolumeResponse>(
        "/csi.v1.Controller/ControllerModifyVolume")
}

// Snapshots of several volumes that are cut at the same moment.
extension CSIMethod {
    public static let groupControllerGetCapabilities =
        Unary<GroupControllerGetCapabilitiesRequest, GroupControllerGetCapabilitiesResponse>(
            "/csi.v1.GroupController/GroupControllerGetCapabilities")
    public static let createVolumeGroupSnapshot =
        Unary<CreateVolumeGroupSnapshotRequest, CreateVolumeGroupSnapshotResponse>(
            "/csi.v1.GroupController/CreateVolumeGroupSnapshot")
    public static let deleteVolumeGroupSnapshot =
        Unary<DeleteVolumeGroupSnapshotRequest, DeleteVolumeGroupSnapshotResponse>(
            "/csi.v1.GroupController/DeleteVolumeGroupSnapshot")
    public static let getVolumeGroupSnapshot = Unary<GetVolumeGroupSnapshotRequest, GetVolumeGroupSnapshotResponse>(
        "/csi.v1.GroupController/GetVolumeGroupSnapshot")
}

// Which blocks of a snapshot hold data, or differ from an earlier snapshot's.
extension CSIMethod {
    public static let getMetadataAllocated = ServerStream<GetMetadataAllocatedRequest, GetMetadataAllocatedResponse>(
        "/csi.v1.SnapshotMetadata/GetMetadataAllocated")
    public static let getMetadataDelta = ServerStream<GetMetadataDeltaRequest, GetMetadataDeltaResponse>(
        "/csi.v1.SnapshotMetadata/GetMetadataDelta")
}

// What happens on the node where a volume is used.
extension CSIMethod {
    public static let nodeStageVolume = Unary<NodeStageVolumeRequest, NodeStageVolumeResponse>(
        "/csi.v1.Node/NodeStageVolume")
    public static let nodeUnstageVolume = Unary<NodeUnstageVolumeRequest, NodeUnstageVolumeResponse>(
        "/csi.v1.Node/NodeUnstageVolume")
    public static let nodePublishVolume = Unary<NodePublishVolumeRequest, NodePublishVolumeResponse>(
        "/csi.v1.Node/NodePublishVolume")
    public static let nodeUnpublishVolume = Unary<NodeUnpublishVolumeRequest, NodeUnpublishVolumeResponse>(
        "/csi.v1.Node/NodeUnpublishVolume")
    public static let nodeGetVolumeStats = Unary<NodeGetVolumeStatsRequest, NodeGetVolumeStatsResponse>(
        "/csi.v1.Node/NodeGetVolumeStats")
    public static let nodeExpandVolume = Unary<NodeExpandVolumeRequest, NodeExpandVolumeResponse>(
        "/csi.v1.Node/NodeExpandVolume")
    public static let nodeGetCapabilities = Unary<NodeGetCapabilitiesRequest, NodeGetCapabilitiesResponse>(
        "/csi.v1.Node/NodeGetCapabilities")
    public static let nodeGetInfo = Unary<NodeGetInfoRequest, NodeGetInfoResponse>("/csi.v1.Node/NodeGetInfo")
}

extension CSIMethod {
    /// The paths of all calls, service by service.
    public static let allPaths: [String] = [
        getPluginInfo.path, getPluginCapabilities.path, probe.path,
        createVolume.path, deleteVolume.path, controllerPublishVolume.path, controllerUnpublishVolume.path,
        validateVolumeCapabilities.path, listVolumes.path, getCapacity.path, controllerGetCapabilities.path,
        createSnapshot.path, deleteSnapshot.path, listSnapshots.path, getSnapshot.path, controllerExpandVolume.path,
        controllerGetVolume.path, controllerModifyVolume.path,
        groupControllerGetCapabilities.path, createVolumeGroupSnapshot.path, deleteVolumeGroupSnapshot.path,
        getVolumeGroupSnapshot.path,
        getMetadataAllocated.path, getMetadataDelta.path,
        nodeStageVolume.path, nodeUnstageVolume.path, nodePublishVolume.path, nodeUnpublishVolume.path,
        nodeGetVolumeStats.path, nodeExpandVolume.path, nodeGetCapabilities.path, nodeGetInfo.path,
    ]
}
