internal import CSI

/// The calls of the room, in the form of the protocol table's rows: service, name, request and response.
enum Calls {
    static let rows: [[String]] = [
        row(CSIMethod.getPluginInfo),
        row(CSIMethod.getPluginCapabilities),
        row(CSIMethod.probe),
        row(CSIMethod.createVolume),
        row(CSIMethod.deleteVolume),
        row(CSIMethod.controllerPublishVolume),
        row(CSIMethod.controllerUnpublishVolume),
        row(CSIMethod.validateVolumeCapabilities),
        row(CSIMethod.listVolumes),
        row(CSIMethod.getCapacity),
        row(CSIMethod.controllerGetCapabilities),
        row(CSIMethod.createSnapshot),
        row(CSIMethod.deleteSnapshot),
        row(CSIMethod.listSnapshots),
        row(CSIMethod.getSnapshot),
        row(CSIMethod.controllerExpandVolume),
        row(CSIMethod.controllerGetVolume),
        row(CSIMethod.controllerModifyVolume),
        row(CSIMethod.groupControllerGetCapabilities),
        row(CSIMethod.createVolumeGroupSnapshot),
        row(CSIMethod.deleteVolumeGroupSnapshot),
        row(CSIMethod.getVolumeGroupSnapshot),
        row(CSIMethod.getMetadataAllocated),
        row(CSIMethod.getMetadataDelta),
        row(CSIMethod.nodeStageVolume),
        row(CSIMethod.nodeUnstageVolume),
        row(CSIMethod.nodePublishVolume),
        row(CSIMethod.nodeUnpublishVolume),
        row(CSIMethod.nodeGetVolumeStats),
        row(CSIMethod.nodeExpandVolume),
        row(CSIMethod.nodeGetCapabilities),
        row(CSIMethod.nodeGetInfo),
    ]

    private static func row<Request, Response>(_ call: CSIMethod.Unary<Request, Response>) -> [String] {
        names(call.path) + [localName(Request.self), localName(Response.self)]
    }

    private static func row<Request, Response>(_ call: CSIMethod.ServerStream<Request, Response>) -> [String] {
        names(call.path) + [localName(Request.self), "stream " + localName(Response.self)]
    }

    /// The service and the name out of `/csi.v1.Identity/Probe`.
    private static func names(_ path: String) -> [String] {
        path.replacing("/csi.v1.", with: "").split(separator: "/").map(String.init)
    }

    private static func localName(_ message: (some WireMessage).Type) -> String {
        message.fullName.replacing("csi.v1.", with: "")
    }
}
