internal import CWire

/// Which page of the volumes to return.
public struct ListVolumesRequest: WireMessage {
    /// 0 = unlimited; negative is an error.
    public var maxEntries: Int32

    /// The previous page's `nextToken`; empty = the first page.
    public var startingToken: String

    public init(maxEntries: Int32 = 0, startingToken: String = "") {
        self.maxEntries = maxEntries
        self.startingToken = startingToken
    }
}

/// One page of the volumes.
public struct ListVolumesResponse: WireMessage {
    /// Where a volume is in use, and how it fares.
    public struct VolumeStatus: WireMessage {
        /// Filled by plugins with the capability LIST_VOLUMES_PUBLISHED_NODES.
        public var publishedNodeIDs: [String]

        /// Alpha. Filled by plugins with the capability VOLUME_CONDITION.
        public var volumeCondition: VolumeCondition?

        public init(publishedNodeIDs: [String] = [], volumeCondition: VolumeCondition? = nil) {
            self.publishedNodeIDs = publishedNodeIDs
            self.volumeCondition = volumeCondition
        }
    }

    /// One volume of the page.
    public struct Entry: WireMessage {
        /// The volume.
        public var volume: Volume?

        /// Filled if either of its fields is.
        public var status: VolumeStatus?

        public init(volume: Volume? = nil, status: VolumeStatus? = nil) {
            self.volume = volume
            self.status = status
        }
    }

    /// What the page holds.
    public var entries: [Entry]

    /// Empty on the last page.
    public var nextToken: String

    public init(entries: [Entry] = [], nextToken: String = "") {
        self.entries = entries
        self.nextToken = nextToken
    }
}

extension ListVolumesRequest: Coded {
    static var blank: Blank<Csi__V1__ListVolumesRequest> { csi__v1__list_volumes_request__init }

    init(_ c: Csi__V1__ListVolumesRequest) {
        maxEntries = c.max_entries
        startingToken = unpacked(c.starting_token)
    }

    func fill(_ c: inout Csi__V1__ListVolumesRequest, in arena: Arena) {
        c.max_entries = maxEntries
        c.starting_token = arena.packed(startingToken)
    }
}

extension ListVolumesResponse: Coded {
    static var blank: Blank<Csi__V1__ListVolumesResponse> { csi__v1__list_volumes_response__init }

    init(_ c: Csi__V1__ListVolumesResponse) {
        entries = unpacked(c.entries, c.n_entries)
        nextToken = unpacked(c.next_token)
    }

    func fill(_ c: inout Csi__V1__ListVolumesResponse, in arena: Arena) {
        (c.entries, c.n_entries) = arena.packed(entries)
        c.next_token = arena.packed(nextToken)
    }
}

extension ListVolumesResponse.VolumeStatus: Coded {
    static var blank: Blank<Csi__V1__ListVolumesResponse__VolumeStatus> {
        csi__v1__list_volumes_response__volume_status__init
    }

    init(_ c: Csi__V1__ListVolumesResponse__VolumeStatus) {
        publishedNodeIDs = unpacked(c.published_node_ids, c.n_published_node_ids)
        volumeCondition = unpacked(c.volume_condition)
    }

    func fill(_ c: inout Csi__V1__ListVolumesResponse__VolumeStatus, in arena: Arena) {
        (c.published_node_ids, c.n_published_node_ids) = arena.packed(publishedNodeIDs)
        c.volume_condition = arena.packed(volumeCondition)
    }
}

extension ListVolumesResponse.Entry: Coded {
    static var blank: Blank<Csi__V1__ListVolumesResponse__Entry> { csi__v1__list_volumes_response__entry__init }

    init(_ c: Csi__V1__ListVolumesResponse__Entry) {
        volume = unpacked(c.volume)
        status = unpacked(c.status)
    }

    func fill(_ c: inout Csi__V1__ListVolumesResponse__Entry, in arena: Arena) {
        c.volume = arena.packed(volume)
        c.status = arena.packed(status)
    }
}
