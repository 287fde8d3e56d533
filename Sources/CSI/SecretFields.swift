/// The fields that the specification marks as secret.
public enum SecretFields {
    /// Names of fields as in the protocol, by the full name of the message that they are in. Mount flags are not listed,
    /// but the specification says of them too that they may hold confidential values.
    public static let byMessage: [String: [String]] = [
        CreateVolumeRequest.fullName: ["secrets"],
        DeleteVolumeRequest.fullName: ["secrets"],
        ControllerPublishVolumeRequest.fullName: ["secrets"],
        ControllerUnpublishVolumeRequest.fullName: ["secrets"],
        ValidateVolumeCapabilitiesRequest.fullName: ["secrets"],
        ControllerModifyVolumeRequest.fullName: ["secrets"],
        CreateSnapshotRequest.fullName: ["secrets"],
        DeleteSnapshotRequest.fullName: ["secrets"],
        ListSnapshotsRequest.fullName: ["secrets"],
        GetSnapshotRequest.fullName: ["secrets"],
        ControllerExpandVolumeRequest.fullName: ["secrets"],
        NodeStageVolumeRequest.fullName: ["secrets"],
        NodePublishVolumeRequest.fullName: ["secrets"],
        NodeExpandVolumeRequest.fullName: ["secrets"],
        CreateVolumeGroupSnapshotRequest.fullName: ["secrets"],
        DeleteVolumeGroupSnapshotRequest.fullName: ["secrets"],
        GetVolumeGroupSnapshotRequest.fullName: ["secrets"],
        GetMetadataAllocatedRequest.fullName: ["secrets"],
        GetMetadataDeltaRequest.fullName: ["secrets"],
    ]
}
