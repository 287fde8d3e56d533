internal import CSI

/// Requests that hold a path, for each field that a path stands in.
enum PathFields {
    static func requests(_ volume: String, path: String) -> [FuzzSeed] {
        [
            FuzzSeed(
                CSIMethod.nodeStageVolume,
                .init(volumeID: volume, stagingTargetPath: path, volumeCapability: .mount())),
            FuzzSeed(CSIMethod.nodeUnstageVolume, .init(volumeID: volume, stagingTargetPath: path)),
            FuzzSeed(
                CSIMethod.nodePublishVolume,
                .init(
                    volumeID: volume, stagingTargetPath: path, targetPath: "/target", volumeCapability: .mount())),
            FuzzSeed(
                CSIMethod.nodePublishVolume,
                .init(volumeID: volume, targetPath: path, volumeCapability: .mount())),
            FuzzSeed(CSIMethod.nodeUnpublishVolume, .init(volumeID: volume, targetPath: path)),
            FuzzSeed(CSIMethod.nodeGetVolumeStats, .init(volumeID: volume, volumePath: path)),
            FuzzSeed(
                CSIMethod.nodeGetVolumeStats,
                .init(volumeID: volume, volumePath: "/target", stagingTargetPath: path)),
            FuzzSeed(CSIMethod.nodeExpandVolume, .init(volumeID: volume, volumePath: path)),
            FuzzSeed(
                CSIMethod.nodeExpandVolume,
                .init(volumeID: volume, volumePath: "/target", stagingTargetPath: path)),
        ]
    }
}
