internal import Filesystems
public import Pools
internal import Syscalls

/// What a client wants made.
public struct CreateOrder: Sendable {
    public let name: String
    /// Bytes; 0 is unstated.
    public let required: Int64
    /// Bytes; 0 is unlimited.
    public let limit: Int64
    public let access: RequestedAccess
    public let parameters: VolumeParameters
    public let mutableParameters: MutableParameters
    /// What the volume is to hold at first; nil for an empty one.
    public let source: ContentSource?

    public init(
        name: String, required: Int64, limit: Int64, access: RequestedAccess, parameters: VolumeParameters,
        mutableParameters: MutableParameters = .none, source: ContentSource? = nil
    ) {
        self.name = name
        self.required = required
        self.limit = limit
        self.access = access
        self.parameters = parameters
        self.mutableParameters = mutableParameters
        self.source = source
    }
}

extension Storage {
    /// Bytes of a volume whose size nobody stated.
    public static let standardSize: Int64 = 1 << 30
    /// The least of a raw block volume in bytes.
    static let smallestBlockVolume: Int64 = 1 << 20
    static let sizeUnit: Int64 = 4_096
    static let sectorSize: Int64 = 512

    /// Makes a volume, or finds the one that an earlier call of the same name has made.
    public func create(_ order: CreateOrder, _ control: CopyControl = CopyControl()) throws(VolumeError) -> Volume {
        let pool = try pool(named: order.parameters.pool)
        let id = VolumeID(pool: pool.identity, name: order.name)
        // Its own source it can be only where it exists already.
        if order.source == .volume(id), try pooling(pool.index.record(id)) == nil { throw .noSuchVolume(id.text) }
        // The name as well, for in another pool the same name is another id.
        let nameClaim = try claims.take("the volume named \(order.name.debugDescription)", for: "CreateVolume")
        let claim = try claims.take("volume \(id)", for: "CreateVolume")
        try requireNameIsFree(order.name, besides: pool)
        if let existing = try pooling(pool.index.record(id)) {
            if existing.intent == .ready {
                try requireSame(existing, order)
                return Volume(record: existing, pool: pool)
            }
            claim.step("finishing the deletion of the former volume of that name")
            try pooling(pool.delete(id))
        }
        nameClaim.step("making the volume")
        claim.longStep("making the volume in pool '\(pool.name)'")
        let record: VolumeRecord
        if let source = order.source {
            record = try copy(source, to: pool, id, order, control)
        } else {
            let access = try Self.access(of: order)
            record = newRecord(id, pool, order, access: access, size: try Self.size(of: order, access))
            try pooling(pool.create(record))
        }
        return Volume(record: record, pool: pool)
    }

    func newRecord(
        _ id: VolumeID, _ pool: any Pool, _ order: CreateOrder, access: VolumeAccess, size: Int64,
        ephemeralTarget: String? = nil, format: FormatState = .never, growsFrom: Int64? = nil
    ) -> VolumeRecord {
        var record = VolumeRecord(
            id: id, name: order.name, pool: pool.identity, incarnation: randomBytes(16).hexadecimal, size: size,
            access: access, provisioning: order.parameters.provisioning, parameters: order.parameters.given,
            claim: order.parameters.claim, created: wallClockSeconds(), source: order.source,
            ephemeralTarget: ephemeralTarget, format: format, mutableParameters: order.mutableParameters.given,
            growsFrom: growsFrom)
        record.isUntouchedDevice = access == .block
        return record
    }

    /// Refuses a name that a volume of another pool has: by name there is one volume on a node.
    private func requireNameIsFree(_ name: String, besides pool: any Pool) throws(VolumeError) {
        for other in pools where other.identity != pool.identity {
            let id = VolumeID(pool: other.identity, name: name)
            guard let record = try pooling(other.index.record(id)), record.intent == .ready else { continue }
            throw .differs(
                what: "a volume named \(name.debugDescription)",
                difference: "it is in pool '\(other.name)', not in '\(pool.name)'")
        }
    }

    /// The access of a new volume: a filesystem may be named by the capability, by the class, or by nobody.
    static func access(of order: CreateOrder, from source: VolumeAccess? = nil) throws(VolumeError) -> VolumeAccess {
        guard case .mount(let wanted) = order.access else { return .block }
        let parameter = order.parameters.filesystem
        if let wanted, let parameter, wanted != parameter {
            throw .invalid(
                "the capability asks for \(wanted) and the parameter csi.storage.k8s.io/fstype for \(parameter)")
        }
        let name = wanted ?? parameter ?? source?.filesystem ?? Filesystems.standard.name
        guard let filesystem = Filesystems.named(name) else {
            throw .invalid("the filesystem type '\(name)' is not known; known are \(Filesystems.names)")
        }
        _ = try order.parameters.formatOptions(for: filesystem)
        return .mount(filesystem: name)
    }

    /// The least bytes that a volume of that access can have.
    public static func minimumSize(_ access: VolumeAccess) -> Int64 {
        switch access {
        case .block: smallestBlockVolume
        case .mount(let name): Filesystems.named(name)?.minimumSize ?? smallestBlockVolume
        }
    }

    /// The size for a capacity range: what is required, or the standard, at least the minimum, in whole pages.
    static func size(
        of order: CreateOrder, _ access: VolumeAccess, standard: Int64 = standardSize, minimum: Int64? = nil
    ) throws(VolumeError) -> Int64 {
        let limit = order.limit == 0 ? Int64.max : order.limit
        let minimum = minimum ?? minimumSize(access)
        guard minimum <= limit else {
            throw .outOfRange("\(access) needs \(minimum) bytes at least, and limit_bytes allows \(order.limit)")
        }
        let wanted = order.required == 0 ? min(standard, limit) : order.required
        let least = max(wanted, minimum)
        // Whole pages, so that direct I/O reaches the last byte; whole sectors where the range leaves no page.
        for unit in [sizeUnit, sectorSize] {
            let (sum, overflow) = least.addingReportingOverflow(unit - 1)
            guard !overflow else { throw .outOfRange("\(order.required) bytes are more than any volume can have") }
            let rounded = sum / unit * unit
            if rounded <= limit { return rounded }
            if order.required == 0 && limit / unit * unit >= minimum { return limit / unit * unit }
        }
        throw .outOfRange(
            "no volume has between \(order.required) and \(order.limit) bytes: sizes are whole sectors of \(sectorSize)"
        )
    }

    /// An existing volume serves a request that it is compatible with (CSI, CreateVolume).
    private func requireSame(_ record: VolumeRecord, _ order: CreateOrder) throws(VolumeError) {
        let access = try Self.access(of: order, from: order.source == nil ? nil : record.access)
        let what = "a volume named \(order.name.debugDescription)"
        if let target = record.ephemeralTarget {
            throw .differs(what: what, difference: "it belongs to the pod at \(target), and ends with it")
        }
        if record.access != access {
            throw .differs(what: what, difference: "it is \(record.access), not \(access)")
        }
        if record.parameters != order.parameters.given {
            throw .differs(
                what: what,
                difference:
                    "its parameters are \(Self.words(record.parameters)), not \(Self.words(order.parameters.given))")
        }
        if record.source != order.source {
            let wanted = order.source.map { "a copy of \($0)" } ?? "empty"
            throw .differs(
                what: what,
                difference: "it was made as \(record.source.map { "a copy of \($0)" } ?? "empty"), not \(wanted)")
        }
        let tooSmall = record.size < order.required
        if tooSmall || (order.limit > 0 && record.size > order.limit) {
            let bound = tooSmall ? "at least \(order.required)" : "at most \(order.limit)"
            throw .differs(what: what, difference: "it has \(record.size) bytes, not \(bound)")
        }
    }

    private static func words(_ parameters: [String: String]) -> String {
        let pairs = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "{\(pairs.joined(separator: ", "))}"
    }
}

/// Room for volumes of one kind, in bytes.
public struct VolumeCapacity: Sendable {
    public let available: Int64
    public let maximumVolume: Int64
    public let minimumVolume: Int64
}

extension Storage {
    /// Room in a pool for volumes such as the order's.
    public func capacity(for order: CreateOrder, in pool: any Pool) throws(VolumeError) -> VolumeCapacity {
        let minimum = Self.minimumSize(try Self.access(of: order))
        let room = try pooling(pool.capacity(order.parameters.provisioning))
        return VolumeCapacity(available: room.available, maximumVolume: room.maximumVolume, minimumVolume: minimum)
    }
}
