internal import Filesystems
internal import Mounts
internal import Pools
internal import Syscalls

/// How large a client wants a volume to be.
public struct ExpandOrder: Sendable {
    public let volume: String
    /// Bytes; 0 is unstated.
    public let required: Int64
    /// Bytes; 0 is unlimited.
    public let limit: Int64
    /// How the client uses the volume, if it says so.
    public let access: RequestedAccess?

    public init(volume: String, required: Int64, limit: Int64, access: RequestedAccess?) {
        self.volume = volume
        self.required = required
        self.limit = limit
        self.access = access
    }
}

/// What an expansion came to.
public struct ExpandOutcome: Sendable {
    /// Bytes of the volume now.
    public let size: Int64
    /// Whether its filesystem follows at the next writable stage, because it is not mounted for writing now.
    public let isPending: Bool
}

extension Storage {
    /// Makes a volume larger, its device and, where it is mounted, its filesystem. One that is large enough already is fine;
    /// a grow that was cut off is finished.
    ///
    /// The new size is noted first, then the image follows, the device, and the filesystem: what is cut off anywhere is
    /// finished by the next call or the next stage.
    public func expand(_ order: ExpandOrder) throws(VolumeError) -> ExpandOutcome {
        let claim = try claims.take("volume \(order.volume)", for: "ControllerExpandVolume")
        let volume = try find(order.volume)
        let size = try growDevice(of: volume, order, claim)
        let isDone = try pendGrowth { () throws(VolumeError) in try finishGrowth(of: volume.id, claim) }
        return ExpandOutcome(size: size, isPending: !isDone)
    }

    /// The same for a volume at a path where it is staged or published. There its filesystem must be able to follow.
    public func expand(_ order: ExpandOrder, at path: String) throws(VolumeError) -> ExpandOutcome {
        let claim = try claims.take("volume \(order.volume)", for: "NodeExpandVolume")
        let volume = try find(order.volume)
        _ = try require(volume, at: path)
        let size = try growDevice(of: volume, order, claim)
        guard try finishGrowth(of: volume.id, claim) else {
            throw .refused(
                volume: volume.id,
                reason:
                    "it has \(size) bytes, but it is mounted read-only, so its filesystem cannot follow; that is done "
                    + "when it is next staged for writing")
        }
        return ExpandOutcome(size: size, isPending: false)
    }

    private func growDevice(
        of volume: Volume, _ order: ExpandOrder, _ claim: borrowing Claim
    ) throws(VolumeError) -> Int64 {
        if let access = order.access { try volume.requireAccess(access) }
        let size = try Self.size(of: order, for: volume.record)
        if size > volume.record.size {
            claim.longStep("growing the volume to \(size) bytes")
            _ = try pooling(volume.pool.grow(volume.record, to: size))
        } else {
            try pooling(volume.pool.finishGrowing(volume.record))
        }
        return size
    }

    /// Runs a filesystem's growth. One that cannot be now does not keep anybody from the volume: it stays noted, shows in the
    /// volume's condition, and is tried again by the next call and the next stage. Says whether it was done.
    @discardableResult
    func pendGrowth(_ growth: () throws(VolumeError) -> Bool) throws(VolumeError) -> Bool {
        do throws(VolumeError) {
            return try growth()
        } catch {
            switch error {
            case .filesystem(.cannotGrow), .pool(.outOfSpace), .pool(.tooLarge): return false
            default: throw error
            }
        }
    }

    /// The size that an expansion leads to: never less than there is.
    private static func size(of order: ExpandOrder, for record: VolumeRecord) throws(VolumeError) -> Int64 {
        let size = record.size
        let limit = order.limit == 0 ? Int64.max : order.limit
        guard limit >= size else {
            throw .outOfRange(
                "volume \(order.volume) has \(size) bytes already, and limit_bytes is \(order.limit); volumes never shrink"
            )
        }
        guard order.required > size else { return size }
        let smallest = record.format.isNeverMounted ? 0 : smallestGrownSize(record.access)
        guard smallest <= limit else {
            throw .outOfRange(
                "\(record.access) grows to \(smallest) bytes at least, and limit_bytes allows \(order.limit)")
        }
        let least = max(order.required, smallest)
        for unit in [sizeUnit, sectorSize] {
            let (sum, overflow) = least.addingReportingOverflow(unit - 1)
            guard !overflow else { throw .outOfRange("\(order.required) bytes are more than any volume can have") }
            if sum / unit * unit <= limit { return sum / unit * unit }
        }
        throw .outOfRange(
            "no volume has between \(order.required) and \(order.limit) bytes: sizes are whole sectors of \(sectorSize)"
        )
    }

    /// Finishes what was cut off beneath the device, if the pool has come to have the room.
    func finishGrowingDevice(of volume: Volume) throws(VolumeError) {
        try pendGrowth { () throws(VolumeError) in
            try pooling(volume.pool.finishGrowing(volume.record))
            return true
        }
    }

    /// The least bytes that a volume which holds data can grow to.
    static func smallestGrownSize(_ access: VolumeAccess) -> Int64 {
        access.filesystem.flatMap { Filesystems.named($0)?.smallestGrownSize } ?? 0
    }

    /// Lets what is on a volume's device follow its size, where it has not yet. False when that has to wait for a writable
    /// mount.
    @discardableResult
    func finishGrowth(of id: VolumeID, _ claim: borrowing Claim) throws(VolumeError) -> Bool {
        let volume = try find(id.text)
        guard volume.record.growsFrom != nil else { return true }
        if case .mount(let name) = volume.record.access, !volume.record.format.isNeverMounted {
            guard let filesystem = Filesystems.named(name) else {
                throw .refused(volume: id, reason: "this program does not know its filesystem type '\(name)'")
            }
            let holders = try holders(of: id, besides: nil, thoroughly: true)
            guard !holders.isEmpty else { return false }
            let mount = try openMount(of: volume, holders)
            guard !mount.isReadOnly else { return false }
            guard let attached = try pooling(volume.pool.attached(volume.record)),
                attached.device.size >= volume.record.size
            else { return false }
            claim.longStep("growing the \(name) at \(mount.path)")
            try tooling(
                filesystem.grow(mount.root.descriptor, mount.path, on: attached.device.path, to: attached.device.size))
            // What a filesystem writes beside its log, such as the copies of an xfs's superblock, it does not flush. Once the
            // record says that it has grown, nobody would look again after a power cut.
            claim.step("flushing \(attached.device.path)")
            try pooling(volume.pool.sync(attached, of: volume.record))
        }
        var record = volume.record
        record.growsFrom = nil
        try update(record, in: volume.pool)
        return true
    }
}
