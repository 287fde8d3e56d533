internal import CWire

extension Host {
    /// Where volumes come from.
    public struct Pool: WireMessage {
        public var name: String

        /// Such as `file`.
        public var kind: String

        public var uuid: String

        /// Where it lies.
        public var path: String

        /// Whether it has answered. If not, its bytes are not known.
        public var answers: Bool

        /// What is wrong with it, a sentence each.
        public var troubles: [String]

        /// Bytes of what it lies on, and how many of them can still be written.
        public var totalBytes: Int64

        public var freeBytes: Int64

        /// Bytes of all volumes as their clients see them; thin ones take them as they are written.
        public var committedBytes: Int64

        /// How many times over it may be promised, such as `2.0`; empty = without limit.
        public var overcommit: String

        public var volumes: Int64

        public var snapshots: Int64

        /// How many of its volumes have records that cannot be used.
        public var damaged: Int64

        /// Bytes that thin and thick volumes can still have, each by itself.
        public var availableThinBytes: Int64

        public var availableThickBytes: Int64

        public init(
            name: String = "", kind: String = "", uuid: String = "", path: String = "", answers: Bool = false,
            troubles: [String] = [], totalBytes: Int64 = 0, freeBytes: Int64 = 0, committedBytes: Int64 = 0,
            overcommit: String = "", volumes: Int64 = 0, snapshots: Int64 = 0, damaged: Int64 = 0,
            availableThinBytes: Int64 = 0, availableThickBytes: Int64 = 0
        ) {
            self.name = name
            self.kind = kind
            self.uuid = uuid
            self.path = path
            self.answers = answers
            self.troubles = troubles
            self.totalBytes = totalBytes
            self.freeBytes = freeBytes
            self.committedBytes = committedBytes
            self.overcommit = overcommit
            self.volumes = volumes
            self.snapshots = snapshots
            self.damaged = damaged
            self.availableThinBytes = availableThinBytes
            self.availableThickBytes = availableThickBytes
        }
    }
}

extension Host.Pool: Coded {
    static var blank: Blank<Holdfast__V1__Pool> { holdfast__v1__pool__init }

    init(_ c: Holdfast__V1__Pool) {
        name = unpacked(c.name)
        kind = unpacked(c.kind)
        uuid = unpacked(c.uuid)
        path = unpacked(c.path)
        answers = c.answers != 0
        troubles = unpacked(c.troubles, c.n_troubles)
        totalBytes = c.total_bytes
        freeBytes = c.free_bytes
        committedBytes = c.committed_bytes
        overcommit = unpacked(c.overcommit)
        volumes = c.volumes
        snapshots = c.snapshots
        damaged = c.damaged
        availableThinBytes = c.available_thin_bytes
        availableThickBytes = c.available_thick_bytes
    }

    func fill(_ c: inout Holdfast__V1__Pool, in arena: Arena) {
        c.name = arena.packed(name)
        c.kind = arena.packed(kind)
        c.uuid = arena.packed(uuid)
        c.path = arena.packed(path)
        c.answers = answers ? 1 : 0
        (c.troubles, c.n_troubles) = arena.packed(troubles)
        c.total_bytes = totalBytes
        c.free_bytes = freeBytes
        c.committed_bytes = committedBytes
        c.overcommit = arena.packed(overcommit)
        c.volumes = volumes
        c.snapshots = snapshots
        c.damaged = damaged
        c.available_thin_bytes = availableThinBytes
        c.available_thick_bytes = availableThickBytes
    }
}
