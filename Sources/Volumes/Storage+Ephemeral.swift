internal import Filesystems
internal import Mounts
internal import Pools
internal import Syscalls

/// A volume that a pod brings with it: made when it is published, and destroyed when it is unpublished.
public struct EphemeralOrder: Sendable {
    /// The name that the orchestrator gave it, which no other volume of the node has.
    public let name: String
    public let targetPath: String
    /// Bytes; 0 is unstated.
    public let size: Int64
    public let pool: String?
    public let access: RequestedAccess
    public let mountFlags: [String]

    public init(
        name: String, targetPath: String, size: Int64, pool: String?, access: RequestedAccess, mountFlags: [String]
    ) {
        self.name = name
        self.targetPath = targetPath
        self.size = size
        self.pool = pool
        self.access = access
        self.mountFlags = mountFlags
    }
}

extension Storage {
    /// Makes the volume, or finds it made for this very target, and mounts it there. There is no staging path: one target
    /// is all that it ever has.
    public func publish(_ order: EphemeralOrder) throws(VolumeError) -> StageOutcome {
        guard case .mount = order.access else {
            throw .invalid("an ephemeral volume is a mounted filesystem, not a raw block device")
        }
        // Unpublishing goes by the name alone, and would then not tell the two apart.
        guard VolumeID(order.name) == nil else {
            throw .invalid("\(order.name) is the id of a volume of CreateVolume, and no name for an ephemeral one")
        }
        // Checked before anything is made, so that a refusal leaves nothing.
        let place = try locateForMount(order.targetPath)
        var makesTarget = false
        if try ephemeral(named: order.name) == nil { makesTarget = try requireFree(place) }
        let parameters = try VolumeParameters(order.pool.map { ["pool": $0] } ?? [:])
        let create = CreateOrder(
            name: order.name, required: order.size, limit: 0, access: order.access, parameters: parameters)
        let (volume, isNew) = try makeEphemeral(create, place.path)
        let stage = StageOrder(
            volume: volume.id.text, incarnation: nil, stagingPath: order.targetPath, access: order.access,
            mountFlags: order.mountFlags, readOnly: false)
        do throws(VolumeError) {
            return try self.stage(stage, by: "NodePublishVolume")
        } catch {
            // What this call made was never mounted and holds nothing.
            if isNew { try? destroyEphemeral(volume) }
            if isNew && makesTarget { try? remove(place) }
            throw error
        }
    }

    /// Whether there is nothing at all at the place; an empty directory is free as well.
    private func requireFree(_ place: borrowing HostPath) throws(VolumeError) -> Bool {
        let occupant = try mounting(place.occupant())
        switch occupant {
        case .nothing: return true
        case .directory:
            guard try mounting(place.isEmptyDirectory()) else {
                throw .inTheWay(path: place.path, found: "a directory with files in it")
            }
            return false
        case .file, .other, .filesystem, .deviceNode: throw .inTheWay(path: place.path, found: occupant.summary)
        }
    }

    /// The volume that was made for that name, recorded as ephemeral, and whether it was made just now.
    private func makeEphemeral(
        _ order: CreateOrder, _ target: String
    ) throws(VolumeError) -> (volume: Volume, isNew: Bool) {
        let claim = try claims.take("the volume named \(order.name.debugDescription)", for: "NodePublishVolume")
        let what = "a volume named \(order.name.debugDescription)"
        for pool in pools {
            guard let record = try pooling(pool.index.record(VolumeID(pool: pool.identity, name: order.name))) else {
                continue
            }
            guard record.intent == .ready else {
                // Not while somebody else is at it, who would then forget what is made anew.
                _ = try claims.take("volume \(record.id)", for: "NodePublishVolume")
                try pooling(pool.delete(record.id))
                continue
            }
            guard let its = record.ephemeralTarget else {
                throw .differs(what: what, difference: "it was made by CreateVolume, and lives longer than a pod")
            }
            guard its == target else {
                throw .inUse(
                    volume: record.id, how: "it belongs to the pod at \(its)", advice: "it has that one target alone")
            }
            return (Volume(record: record, pool: pool), false)
        }
        claim.longStep("making the volume")
        let pool = try pool(named: order.parameters.pool)
        let id = VolumeID(pool: pool.identity, name: order.name)
        let volumeClaim = try claims.take("volume \(id)", for: "NodePublishVolume")
        volumeClaim.longStep("making the volume")
        let access = try Self.access(of: order)
        let record = newRecord(
            id, pool, order, access: access,
            size: try Self.size(of: order, access), ephemeralTarget: target)
        try pooling(pool.create(record))
        return (Volume(record: record, pool: pool), true)
    }

    /// The volume of that name that NodePublishVolume has recorded as ephemeral; what a volume context says counts for
    /// nothing. Any other volume of that name is none that may be destroyed.
    func ephemeral(named name: String) throws(VolumeError) -> Volume? {
        for pool in pools {
            let record = try pooling(pool.index.record(VolumeID(pool: pool.identity, name: name)))
            if let record, record.ephemeralTarget != nil { return Volume(record: record, pool: pool) }
        }
        return nil
    }

    /// The volume that one of that name has, or had, where its record cannot be read.
    func damagedEphemeral(named name: String) -> VolumeID? {
        for pool in pools {
            let id = VolumeID(pool: pool.identity, name: name)
            if pool.index.damaged[id] != nil { return id }
        }
        return nil
    }

    /// Unmounts and detaches a volume whose record cannot be read, so that its pod can end. What it holds stays: that it was
    /// made for a pod alone is what nobody can tell any more.
    func unpublishDamaged(_ id: VolumeID, from path: String) throws(VolumeError) {
        try unstage(id.text, from: path, by: "NodeUnpublishVolume")
        if let place = try locateIfThere(path) { try remove(place) }
    }

    /// Unmounts, detaches and deletes an ephemeral volume.
    func unpublishEphemeral(_ volume: Volume, from path: String) throws(VolumeError) {
        try unstage(volume.id.text, from: path, by: "NodeUnpublishVolume")
        if let place = try locateIfThere(path) { try remove(place) }
        try destroyEphemeral(volume)
    }

    /// Removes a target. Under the path's claim, for somebody else may have just made it, to mount another volume there.
    private func remove(_ place: borrowing HostPath) throws(VolumeError) {
        let claim = try claims.take("path \(place.path)", for: "NodeUnpublishVolume")
        claim.step("removing the target")
        try mounting(place.remove())
    }

    private func destroyEphemeral(_ volume: Volume) throws(VolumeError) {
        guard volume.record.ephemeralTarget != nil else { return }
        try delete(volume.id.text, by: "NodeUnpublishVolume")
    }
}
