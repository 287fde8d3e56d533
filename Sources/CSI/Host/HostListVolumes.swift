internal import CWire

extension Host {
    /// Which volumes to tell of.
    public struct ListVolumesRequest: WireMessage {
        /// 0 = as many as the node likes to give; negative is an error.
        public var maxEntries: Int32

        /// The previous page's `next_token`; empty = the first page. A token that the node never gave is ABORTED.
        public var startingToken: String

        /// Only the volume of that id: one entry, or none.
        public var volumeID: String

        /// Only the volumes of the pool of that name; an unknown one is INVALID_ARGUMENT.
        public var pool: String

        /// Only the volumes that have a device or a mount on this node now.
        public var inUse: Bool

        public init(
            maxEntries: Int32 = 0, startingToken: String = "", volumeID: String = "", pool: String = "",
            inUse: Bool = false
        ) {
            self.maxEntries = maxEntries
            self.startingToken = startingToken
            self.volumeID = volumeID
            self.pool = pool
            self.inUse = inUse
        }
    }
}

extension Host.ListVolumesRequest: Coded {
    static var blank: Blank<Holdfast__V1__ListVolumesRequest> { holdfast__v1__list_volumes_request__init }

    init(_ c: Holdfast__V1__ListVolumesRequest) {
        maxEntries = c.max_entries
        startingToken = unpacked(c.starting_token)
        volumeID = unpacked(c.volume_id)
        pool = unpacked(c.pool)
        inUse = c.in_use != 0
    }

    func fill(_ c: inout Holdfast__V1__ListVolumesRequest, in arena: Arena) {
        c.max_entries = maxEntries
        c.starting_token = arena.packed(startingToken)
        c.volume_id = arena.packed(volumeID)
        c.pool = arena.packed(pool)
        c.in_use = inUse ? 1 : 0
    }
}

extension Host {
    /// One page of the volumes.
    public struct ListVolumesResponse: WireMessage {
        public var volumes: [Volume]

        /// Empty on the last page.
        public var nextToken: String

        public init(volumes: [Volume] = [], nextToken: String = "") {
            self.volumes = volumes
            self.nextToken = nextToken
        }
    }
}

extension Host.ListVolumesResponse: Coded {
    static var blank: Blank<Holdfast__V1__ListVolumesResponse> { holdfast__v1__list_volumes_response__init }

    init(_ c: Holdfast__V1__ListVolumesResponse) {
        volumes = unpacked(c.volumes, c.n_volumes)
        nextToken = unpacked(c.next_token)
    }

    func fill(_ c: inout Holdfast__V1__ListVolumesResponse, in arena: Arena) {
        (c.volumes, c.n_volumes) = arena.packed(volumes)
        c.next_token = arena.packed(nextToken)
    }
}
