internal import CSI

/// Every message of the protocol with all of its fields set: each text to its field's name, each number to another one.
enum Samples {
    static let timestamp = Timestamp(seconds: 1_700_000_000, nanos: 999_999_999)
    static let getPluginInfoResponse = GetPluginInfoResponse(
        name: "name", vendorVersion: "vendor_version", manifest: ["manifest": "101"])
    static let getPluginCapabilitiesResponse = GetPluginCapabilitiesResponse(capabilities: [pluginCapability])
    static let pluginCapability = PluginCapability(.service(.groupControllerService))
    static let probeResponse = ProbeResponse(ready: true)
    static let createVolumeRequest = CreateVolumeRequest(
        name: "name", capacityRange: capacityRange, volumeCapabilities: [volumeCapability],
        parameters: ["parameters": "102"], secrets: ["secrets": "103"], volumeContentSource: volumeContentSource,
        accessibilityRequirements: topologyRequirement, mutableParameters: ["mutable_parameters": "104"])
    static let volumeContentSource = VolumeContentSource(.snapshot(id: "snapshot_id"))
    static let createVolumeResponse = CreateVolumeResponse(volume: volume)
    static let volumeCapability = VolumeCapability(access: .mount(mount), accessMode: .multiNodeSingleWriter)
    static let mount = VolumeCapability.Mount(
        fsType: "fs_type", mountFlags: ["mount_flags", "105"], volumeMountGroup: "volume_mount_group")
    static let capacityRange = CapacityRange(requiredBytes: 106, limitBytes: 107)
    static let volume = Volume(
        capacityBytes: 108, volumeID: "volume_id", volumeContext: ["volume_context": "109"],
        contentSource: volumeContentSource, accessibleTopology: [topology])
    static let topologyRequirement = TopologyRequirement(requisite: [topology], preferred: [topology])
    static let topology = Topology(segments: ["segments": "110"])
    static let deleteVolumeRequest = DeleteVolumeRequest(volumeID: "volume_id", secrets: ["secrets": "111"])
    static let controllerPublishVolumeRequest = ControllerPublishVolumeRequest(
        volumeID: "volume_id", nodeID: "node_id", volumeCapability: volumeCapability, readonly: true,
        secrets: ["secrets": "112"], volumeContext: ["volume_context": "113"])
    static let controllerPublishVolumeResponse = ControllerPublishVolumeResponse(
        publishContext: ["publish_context": "114"])
    static let controllerUnpublishVolumeRequest = ControllerUnpublishVolumeRequest(
        volumeID: "volume_id", nodeID: "node_id", secrets: ["secrets": "115"])
    static let validateVolumeCapabilitiesRequest = ValidateVolumeCapabilitiesRequest(
        volumeID: "volume_id", volumeContext: ["volume_context": "116"], volumeCapabilities: [volumeCapability],
        parameters: ["parameters": "117"], secrets: ["secrets": "118"], mutableParameters: ["mutable_parameters": "119"]
    )
    static let validateVolumeCapabilitiesResponse = ValidateVolumeCapabilitiesResponse(
        confirmed: validateVolumeCapabilitiesResponseConfirmed, message: "message")
    static let validateVolumeCapabilitiesResponseConfirmed = ValidateVolumeCapabilitiesResponse.Confirmed(
        volumeContext: ["volume_context": "120"], volumeCapabilities: [volumeCapability],
        parameters: ["parameters": "121"], mutableParameters: ["mutable_parameters": "122"])
    static let listVolumesRequest = ListVolumesRequest(maxEntries: 123, startingToken: "starting_token")
    static let listVolumesResponse = ListVolumesResponse(entries: [listVolumesResponseEntry], nextToken: "next_token")
    static let listVolumesResponseVolumeStatus = ListVolumesResponse.VolumeStatus(
        publishedNodeIDs: ["published_node_ids", "124"], volumeCondition: volumeCondition)
    static let listVolumesResponseEntry = ListVolumesResponse.Entry(
        volume: volume, status: listVolumesResponseVolumeStatus)
    static let controllerGetVolumeRequest = ControllerGetVolumeRequest(volumeID: "volume_id")
    static let controllerGetVolumeResponse = ControllerGetVolumeResponse(
        volume: volume, status: controllerGetVolumeResponseVolumeStatus)
    static let controllerGetVolumeResponseVolumeStatus = ControllerGetVolumeResponse.VolumeStatus(
        publishedNodeIDs: ["published_node_ids", "125"], volumeCondition: volumeCondition)
    static let controllerModifyVolumeRequest = ControllerModifyVolumeRequest(
        volumeID: "volume_id", secrets: ["secrets": "126"], mutableParameters: ["mutable_parameters": "127"])
    static let getCapacityRequest = GetCapacityRequest(
        volumeCapabilities: [volumeCapability], parameters: ["parameters": "128"], accessibleTopology: topology)
    static let getCapacityResponse = GetCapacityResponse(
        availableCapacity: 129, maximumVolumeSize: 130, minimumVolumeSize: 131)
    static let controllerGetCapabilitiesResponse = ControllerGetCapabilitiesResponse(
        capabilities: [controllerServiceCapability])
    static let controllerServiceCapability = ControllerServiceCapability(.modifyVolume)
    static let createSnapshotRequest = CreateSnapshotRequest(
        sourceVolumeID: "source_volume_id", name: "name", secrets: ["secrets": "132"], parameters: ["parameters": "133"]
    )
    static let createSnapshotResponse = CreateSnapshotResponse(snapshot: snapshot)
    static let snapshot = Snapshot(
        sizeBytes: 134, snapshotID: "snapshot_id", sourceVolumeID: "source_volume_id", creationTime: timestamp,
        readyToUse: true, groupSnapshotID: "group_snapshot_id")
    static let deleteSnapshotRequest = DeleteSnapshotRequest(snapshotID: "snapshot_id", secrets: ["secrets": "135"])
    static let listSnapshotsRequest = ListSnapshotsRequest(
        maxEntries: 136, startingToken: "starting_token", sourceVolumeID: "source_volume_id", snapshotID: "snapshot_id",
        secrets: ["secrets": "137"])
    static let listSnapshotsResponse = ListSnapshotsResponse(
        entries: [listSnapshotsResponseEntry], nextToken: "next_token")
    static let listSnapshotsResponseEntry = ListSnapshotsResponse.Entry(snapshot: snapshot)
    static let getSnapshotRequest = GetSnapshotRequest(snapshotID: "snapshot_id", secrets: ["secrets": "138"])
    static let getSnapshotResponse = GetSnapshotResponse(snapshot: snapshot)
    static let controllerExpandVolumeRequest = ControllerExpandVolumeRequest(
        volumeID: "volume_id", capacityRange: capacityRange, secrets: ["secrets": "139"],
        volumeCapability: volumeCapability)
    static let controllerExpandVolumeResponse = ControllerExpandVolumeResponse(
        capacityBytes: 140, nodeExpansionRequired: true)
    static let nodeStageVolumeRequest = NodeStageVolumeRequest(
        volumeID: "volume_id", publishContext: ["publish_context": "141"], stagingTargetPath: "staging_target_path",
        volumeCapability: volumeCapability, secrets: ["secrets": "142"], volumeContext: ["volume_context": "143"])
    static let nodeUnstageVolumeRequest = NodeUnstageVolumeRequest(
        volumeID: "volume_id", stagingTargetPath: "staging_target_path")
    static let nodePublishVolumeRequest = NodePublishVolumeRequest(
        volumeID: "volume_id", publishContext: ["publish_context": "144"], stagingTargetPath: "staging_target_path",
        targetPath: "target_path", volumeCapability: volumeCapability, readonly: true, secrets: ["secrets": "145"],
        volumeContext: ["volume_context": "146"])
    static let nodeUnpublishVolumeRequest = NodeUnpublishVolumeRequest(volumeID: "volume_id", targetPath: "target_path")
    static let nodeGetVolumeStatsRequest = NodeGetVolumeStatsRequest(
        volumeID: "volume_id", volumePath: "volume_path", stagingTargetPath: "staging_target_path")
    static let nodeGetVolumeStatsResponse = NodeGetVolumeStatsResponse(
        usage: [volumeUsage], volumeCondition: volumeCondition)
    static let volumeUsage = VolumeUsage(available: 147, total: 148, used: 149, unit: .inodes)
    static let volumeCondition = VolumeCondition(abnormal: true, message: "message")
    static let nodeGetCapabilitiesResponse = NodeGetCapabilitiesResponse(capabilities: [nodeServiceCapability])
    static let nodeServiceCapability = NodeServiceCapability(.volumeMountGroup)
    static let nodeGetInfoResponse = NodeGetInfoResponse(
        nodeID: "node_id", maxVolumesPerNode: 150, accessibleTopology: topology)
    static let nodeExpandVolumeRequest = NodeExpandVolumeRequest(
        volumeID: "volume_id", volumePath: "volume_path", capacityRange: capacityRange,
        stagingTargetPath: "staging_target_path", volumeCapability: volumeCapability, secrets: ["secrets": "151"])
    static let nodeExpandVolumeResponse = NodeExpandVolumeResponse(capacityBytes: 152)
    static let groupControllerGetCapabilitiesResponse = GroupControllerGetCapabilitiesResponse(
        capabilities: [groupControllerServiceCapability])
    static let groupControllerServiceCapability = GroupControllerServiceCapability(.createDeleteGetVolumeGroupSnapshot)
    static let createVolumeGroupSnapshotRequest = CreateVolumeGroupSnapshotRequest(
        name: "name", sourceVolumeIDs: ["source_volume_ids", "153"], secrets: ["secrets": "154"],
        parameters: ["parameters": "155"])
    static let createVolumeGroupSnapshotResponse = CreateVolumeGroupSnapshotResponse(groupSnapshot: volumeGroupSnapshot)
    static let volumeGroupSnapshot = VolumeGroupSnapshot(
        groupSnapshotID: "group_snapshot_id", snapshots: [snapshot], creationTime: timestamp, readyToUse: true)
    static let deleteVolumeGroupSnapshotRequest = DeleteVolumeGroupSnapshotRequest(
        groupSnapshotID: "group_snapshot_id", snapshotIDs: ["snapshot_ids", "156"], secrets: ["secrets": "157"])
    static let getVolumeGroupSnapshotRequest = GetVolumeGroupSnapshotRequest(
        groupSnapshotID: "group_snapshot_id", snapshotIDs: ["snapshot_ids", "158"], secrets: ["secrets": "159"])
    static let getVolumeGroupSnapshotResponse = GetVolumeGroupSnapshotResponse(groupSnapshot: volumeGroupSnapshot)
    static let blockMetadata = BlockMetadata(byteOffset: 160, sizeBytes: 161)
    static let getMetadataAllocatedRequest = GetMetadataAllocatedRequest(
        snapshotID: "snapshot_id", startingOffset: 162, maxResults: 163, secrets: ["secrets": "164"])
    static let getMetadataAllocatedResponse = GetMetadataAllocatedResponse(
        blockMetadataType: .variableLength, volumeCapacityBytes: 165, blockMetadata: [blockMetadata])
    static let getMetadataDeltaRequest = GetMetadataDeltaRequest(
        baseSnapshotID: "base_snapshot_id", targetSnapshotID: "target_snapshot_id", startingOffset: 166,
        maxResults: 167, secrets: ["secrets": "168"])
    static let getMetadataDeltaResponse = GetMetadataDeltaResponse(
        blockMetadataType: .variableLength, volumeCapacityBytes: 169, blockMetadata: [blockMetadata])

    static let filled: [Sample] = [
        Sample(timestamp, Timestamp()),
        Sample(getPluginInfoResponse, GetPluginInfoResponse()),
        Sample(getPluginCapabilitiesResponse, GetPluginCapabilitiesResponse()),
        Sample(pluginCapability, PluginCapability()),
        Sample(probeResponse, ProbeResponse()),
        Sample(createVolumeRequest, CreateVolumeRequest()),
        Sample(volumeContentSource, VolumeContentSource()),
        Sample(createVolumeResponse, CreateVolumeResponse()),
        Sample(volumeCapability, VolumeCapability()),
        Sample(mount, VolumeCapability.Mount()),
        Sample(capacityRange, CapacityRange()),
        Sample(volume, Volume()),
        Sample(topologyRequirement, TopologyRequirement()),
        Sample(topology, Topology()),
        Sample(deleteVolumeRequest, DeleteVolumeRequest()),
        Sample(controllerPublishVolumeRequest, ControllerPublishVolumeRequest()),
        Sample(controllerPublishVolumeResponse, ControllerPublishVolumeResponse()),
        Sample(controllerUnpublishVolumeRequest, ControllerUnpublishVolumeRequest()),
        Sample(validateVolumeCapabilitiesRequest, ValidateVolumeCapabilitiesRequest()),
        Sample(validateVolumeCapabilitiesResponse, ValidateVolumeCapabilitiesResponse()),
        Sample(validateVolumeCapabilitiesResponseConfirmed, ValidateVolumeCapabilitiesResponse.Confirmed()),
        Sample(listVolumesRequest, ListVolumesRequest()),
        Sample(listVolumesResponse, ListVolumesResponse()),
        Sample(listVolumesResponseVolumeStatus, ListVolumesResponse.VolumeStatus()),
        Sample(listVolumesResponseEntry, ListVolumesResponse.Entry()),
        Sample(controllerGetVolumeRequest, ControllerGetVolumeRequest()),
        Sample(controllerGetVolumeResponse, ControllerGetVolumeResponse()),
        Sample(controllerGetVolumeResponseVolumeStatus, ControllerGetVolumeResponse.VolumeStatus()),
        Sample(controllerModifyVolumeRequest, ControllerModifyVolumeRequest()),
        Sample(getCapacityRequest, GetCapacityRequest()),
        Sample(getCapacityResponse, GetCapacityResponse()),
        Sample(controllerGetCapabilitiesResponse, ControllerGetCapabilitiesResponse()),
        Sample(controllerServiceCapability, ControllerServiceCapability()),
        Sample(createSnapshotRequest, CreateSnapshotRequest()),
        Sample(createSnapshotResponse, CreateSnapshotResponse()),
        Sample(snapshot, Snapshot()),
        Sample(deleteSnapshotRequest, DeleteSnapshotRequest()),
        Sample(listSnapshotsRequest, ListSnapshotsRequest()),
        Sample(listSnapshotsResponse, ListSnapshotsResponse()),
        Sample(listSnapshotsResponseEntry, ListSnapshotsResponse.Entry()),
        Sample(getSnapshotRequest, GetSnapshotRequest()),
        Sample(getSnapshotResponse, GetSnapshotResponse()),
        Sample(controllerExpandVolumeRequest, ControllerExpandVolumeRequest()),
        Sample(controllerExpandVolumeResponse, ControllerExpandVolumeResponse()),
        Sample(nodeStageVolumeRequest, NodeStageVolumeRequest()),
        Sample(nodeUnstageVolumeRequest, NodeUnstageVolumeRequest()),
        Sample(nodePublishVolumeRequest, NodePublishVolumeRequest()),
        Sample(nodeUnpublishVolumeRequest, NodeUnpublishVolumeRequest()),
        Sample(nodeGetVolumeStatsRequest, NodeGetVolumeStatsRequest()),
        Sample(nodeGetVolumeStatsResponse, NodeGetVolumeStatsResponse()),
        Sample(volumeUsage, VolumeUsage()),
        Sample(volumeCondition, VolumeCondition()),
        Sample(nodeGetCapabilitiesResponse, NodeGetCapabilitiesResponse()),
        Sample(nodeServiceCapability, NodeServiceCapability()),
        Sample(nodeGetInfoResponse, NodeGetInfoResponse()),
        Sample(nodeExpandVolumeRequest, NodeExpandVolumeRequest()),
        Sample(nodeExpandVolumeResponse, NodeExpandVolumeResponse()),
        Sample(groupControllerGetCapabilitiesResponse, GroupControllerGetCapabilitiesResponse()),
        Sample(groupControllerServiceCapability, GroupControllerServiceCapability()),
        Sample(createVolumeGroupSnapshotRequest, CreateVolumeGroupSnapshotRequest()),
        Sample(createVolumeGroupSnapshotResponse, CreateVolumeGroupSnapshotResponse()),
        Sample(volumeGroupSnapshot, VolumeGroupSnapshot()),
        Sample(deleteVolumeGroupSnapshotRequest, DeleteVolumeGroupSnapshotRequest()),
        Sample(getVolumeGroupSnapshotRequest, GetVolumeGroupSnapshotRequest()),
        Sample(getVolumeGroupSnapshotResponse, GetVolumeGroupSnapshotResponse()),
        Sample(blockMetadata, BlockMetadata()),
        Sample(getMetadataAllocatedRequest, GetMetadataAllocatedRequest()),
        Sample(getMetadataAllocatedResponse, GetMetadataAllocatedResponse()),
        Sample(getMetadataDeltaRequest, GetMetadataDeltaRequest()),
        Sample(getMetadataDeltaResponse, GetMetadataDeltaResponse()),
    ]

    static let withoutFields: [Sample] = [
        Sample(GetPluginInfoRequest()),
        Sample(GetPluginCapabilitiesRequest()),
        Sample(ProbeRequest()),
        Sample(DeleteVolumeResponse()),
        Sample(ControllerUnpublishVolumeResponse()),
        Sample(ControllerModifyVolumeResponse()),
        Sample(ControllerGetCapabilitiesRequest()),
        Sample(DeleteSnapshotResponse()),
        Sample(NodeStageVolumeResponse()),
        Sample(NodeUnstageVolumeResponse()),
        Sample(NodePublishVolumeResponse()),
        Sample(NodeUnpublishVolumeResponse()),
        Sample(NodeGetCapabilitiesRequest()),
        Sample(NodeGetInfoRequest()),
        Sample(GroupControllerGetCapabilitiesRequest()),
        Sample(DeleteVolumeGroupSnapshotResponse()),
    ]
}
