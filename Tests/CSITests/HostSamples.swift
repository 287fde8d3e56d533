internal import CSI

/// Every message of the Host service and of kubelet's registration with all of its fields set, as `Samples` has those of CSI.
enum HostSamples {
    static let attachment = Host.Attachment(node: "node", readonly: true, accessMode: "access_mode")
    static let device = Host.Device(
        path: "path", major: 1_001, minor: 1_002, backing: "backing", sizeBytes: 1_003, readonly: true,
        holders: ["holders", "1004"])
    static let mount = Host.Mount(path: "path", readonly: true, role: .target, mountID: 1_005)
    static let volume = Host.Volume(
        volumeID: "volume_id", name: "name", pool: "pool", state: .damaged, sizeBytes: 1_006, growsFromBytes: 1_007,
        block: true, fsType: "fs_type", format: .renewing, fsUUID: "fs_uuid", incarnation: "incarnation",
        provisioning: "provisioning", parameters: ["parameters": "1008"],
        mutableParameters: ["mutable_parameters": "1009"], claim: ["claim": "1010"], created: Samples.timestamp,
        sourceSnapshotID: "source_snapshot_id", sourceVolumeID: "source_volume_id", ephemeralTarget: "ephemeral_target",
        attachments: [attachment], device: device, mounts: [mount], troubles: ["troubles", "1011"],
        notObserved: "not_observed", isUntouched: true)
    static let listVolumesRequest = Host.ListVolumesRequest(
        maxEntries: 1_012, startingToken: "starting_token", volumeID: "volume_id", pool: "pool", inUse: true)
    static let listVolumesResponse = Host.ListVolumesResponse(volumes: [volume], nextToken: "next_token")
    static let operation = Host.Operation(
        method: "method", volume: "volume", since: Samples.timestamp, ageMilliseconds: 1_013, step: "step",
        stepMilliseconds: 1_014, stuck: true, subject: "subject")
    static let listOperationsResponse = Host.ListOperationsResponse(operations: [operation])
    static let pool = Host.Pool(
        name: "name", kind: "kind", uuid: "uuid", path: "path", answers: true, troubles: ["troubles", "1015"],
        totalBytes: 1_016, freeBytes: 1_017, committedBytes: 1_018, overcommit: "overcommit", volumes: 1_019,
        snapshots: 1_020, damaged: 1_021, availableThinBytes: 1_022, availableThickBytes: 1_023)
    static let kubeletRegistration = Host.KubeletRegistration(
        socket: "socket", registered: true, heard: Samples.timestamp)
    static let getHealthResponse = Host.GetHealthResponse(
        ready: true, reasons: ["reasons", "1024"], version: "version", driverName: "driver_name", nodeID: "node_id",
        topology: ["topology": "1025"], pools: [pool], started: Samples.timestamp, startUpMilliseconds: 1_026,
        registration: kubeletRegistration, operations: 1_027, stuckOperations: 1_028,
        startUpTroubles: ["start_up_troubles", "1029"])
    static let getMetricsResponse = Host.GetMetricsResponse(text: "text")
    static let pluginInfo = Registration.PluginInfo(
        type: "type", name: "name", endpoint: "endpoint", supportedVersions: ["supported_versions", "1030"])
    static let registrationStatus = Registration.RegistrationStatus(pluginRegistered: true, error: "error")

    static let filled: [Sample] = [
        Sample(attachment, Host.Attachment()),
        Sample(device, Host.Device()),
        Sample(mount, Host.Mount()),
        Sample(volume, Host.Volume()),
        Sample(listVolumesRequest, Host.ListVolumesRequest()),
        Sample(listVolumesResponse, Host.ListVolumesResponse()),
        Sample(operation, Host.Operation()),
        Sample(listOperationsResponse, Host.ListOperationsResponse()),
        Sample(pool, Host.Pool()),
        Sample(kubeletRegistration, Host.KubeletRegistration()),
        Sample(getHealthResponse, Host.GetHealthResponse()),
        Sample(getMetricsResponse, Host.GetMetricsResponse()),
        Sample(pluginInfo, Registration.PluginInfo()),
        Sample(registrationStatus, Registration.RegistrationStatus()),
    ]

    static let withoutFields: [Sample] = [
        Sample(Host.ListOperationsRequest()),
        Sample(Host.GetHealthRequest()),
        Sample(Host.GetMetricsRequest()),
        Sample(Registration.InfoRequest()),
        Sample(Registration.RegistrationStatusResponse()),
    ]
}

extension Samples {
    /// Those of all protocols.
    static let all = filled + HostSamples.filled
    static let allWithoutFields = withoutFields + HostSamples.withoutFields
}

extension ProtocEncodings {
    static func of(_ sample: Sample) -> String? {
        byMessage[sample.fullName] ?? HostEncodings.byMessage[sample.fullName]
    }
}
