internal import CWire

/// Alpha. Which volume to describe.
public struct ControllerGetVolumeRequest: WireMessage {
    /// Alpha.
    public var volumeID: String

    public init(volumeID: String = "") {
        self.volumeID = volumeID
    }
}

/// Alpha. A volume and how it fares.
public struct ControllerGetVolumeResponse: WireMessage {
    /// Where the volume is in use, and how it fares.
    public struct VolumeStatus: WireMessage {
        /// Filled by plugins with the capability LIST_VOLUMES_PUBLISHED_NODES.
        public var publishedNodeIDs: [String]

        /// Filled by plugins with the capability VOLUME_CONDITION.
        public var volumeCondition: VolumeCondition?

        public init(publishedNodeIDs: [String] = [], volumeCondition: VolumeCondition? = nil) {
            self.publishedNodeIDs = publishedNodeIDs
            self.volumeCondition = volumeCondition
        }
    }

    /// Alpha.
    public var volume: Volume?

    /// Alpha.
    public var status: VolumeStatus?

    public init(volume: Volume? = nil, status: VolumeStatus? = nil) {
        self.volume = volume
        self.status = status
    }
}

extension ControllerGetVolumeRequest: Coded {
    static var blank: Blank<Csi__V1__ControllerGetVolumeRequest> { csi__v1__controller_get_volume_request__init }

    init(_ c: Csi__V1__ControllerGetVolumeRequest) {
        volumeID = unpacked(c.volume_id)
    }

    func fill(_ c: inout Csi__V1__ControllerGetVolumeRequest, in arena: Arena) {
        c.volume_id = arena.packed(volumeID)
    }
}

extension ControllerGetVolumeResponse: Coded {
    static var blank: Blank<Csi__V1__ControllerGetVolumeResponse> { csi__v1__controller_get_volume_response__init }

    init(_ c: Csi__V1__ControllerGetVolumeResponse) {
        volume = unpacked(c.volume)
        status = unpacked(c.status)
    }

    func fill(_ c: inout Csi__V1__ControllerGetVolumeResponse, in arena: Arena) {
        c.volume = arena.packed(volume)
        c.status = arena.packed(status)
    }
}

extension ControllerGetVolumeResponse.VolumeStatus: Coded {
    static var blank: Blank<Csi__V1__ControllerGetVolumeResponse__VolumeStatus> {
        csi__v1__controller_get_volume_response__volume_status__init
    }

    init(_ c: Csi__V1__ControllerGetVolumeResponse__VolumeStatus) {
        publishedNodeIDs = unpacked(c.published_node_ids, c.n_published_node_ids)
        volumeCondition = unpacked(c.volume_condition)
    }

    func fill(_ c: inout Csi__V1__ControllerGetVolumeResponse__VolumeStatus, in arena: Arena) {
        (c.published_node_ids, c.n_published_node_ids) = arena.packed(publishedNodeIDs)
        c.volume_condition = arena.packed(volumeCondition)
    }
}
