internal import Devices
public import Filesystems
internal import Mounts
internal import Pools
internal import Syscalls

/// Where and how a client wants a volume staged.
public struct StageOrder: Sendable {
    public let volume: String
    /// From the volume context; nil where the client has none.
    public let incarnation: String?
    public let stagingPath: String
    public let access: RequestedAccess
    public let mountFlags: [String]
    public let readOnly: Bool

    public init(
        volume: String, incarnation: String?, stagingPath: String, access: RequestedAccess, mountFlags: [String],
        readOnly: Bool
    ) {
        self.volume = volume
        self.incarnation = incarnation
        self.stagingPath = stagingPath
        self.access = access
        self.mountFlags = mountFlags
        self.readOnly = readOnly
    }
}

/// What staging had to do, for the log.
public struct StageOutcome: Sendable {
    public var wasStaged = false
    public var formatted = false
    public var check: CheckOutcome = .notRun
    /// What was asked of the volume and could not be done, a sentence each.
    public var warnings: [String] = []
    public var device = ""
}

extension Storage {
    /// Stages a volume: locate → already staged? → examine → format if proven blank → check → mount.
    ///
    /// `operation` is what the claim is taken for.
    public func stage(
        _ order: StageOrder, by operation: String = "NodeStageVolume"
    ) throws(VolumeError) -> StageOutcome {
        let claim = try claims.take("volume \(order.volume)", for: operation)
        let volume = try find(order.volume)
        try volume.requireIncarnation(order.incarnation)
        try volume.requireAccess(order.access)
        return try withPlace(for: volume) { () throws(VolumeError) in
            try rememberingTrouble(of: volume.id) { () throws(VolumeError) in
                try stage(volume, order, claim)
            }
        }
    }

    private func stage(
        _ volume: Volume, _ order: StageOrder, _ claim: borrowing Claim
    ) throws(VolumeError) -> StageOutcome {
        guard case .mount(let name) = volume.record.access else { return try stageBlock(volume, order, claim) }
        guard let filesystem = Filesystems.named(name) else {
            throw .refused(volume: volume.id, reason: "this program does not know its filesystem type '\(name)'")
        }
        return try stageFilesystem(volume, filesystem, order, claim)
    }

    private func stageBlock(
        _ volume: Volume, _ order: StageOrder, _ claim: borrowing Claim
    ) throws(VolumeError) -> StageOutcome {
        let place = try locateForMount(order.stagingPath)
        let occupant = try mounting(place.occupant())
        switch occupant {
        case .nothing, .directory: break
        case .file, .other, .filesystem, .deviceNode: throw .inTheWay(path: place.path, found: occupant.summary)
        }
        let volume = try notingUse(of: volume)
        claim.step("attaching the device")
        try finishGrowingDevice(of: volume)
        let attached = try pooling(volume.pool.attach(volume.record))
        var outcome = StageOutcome(wasStaged: !attached.isNew, device: attached.device.path)
        try pooling(volume.pool.keep(attached, of: volume.record))
        warnOfReadAhead(volume, attached, &outcome)
        if attached.device.size >= volume.record.size { try finishGrowth(of: volume.id, claim) }
        return outcome
    }

    /// Whoever gets a raw device may write to it, so that is recorded first.
    private func notingUse(of volume: Volume) throws(VolumeError) -> Volume {
        guard volume.record.isUntouchedDevice else { return volume }
        var record = volume.record
        record.isUntouchedDevice = false
        try update(record, in: volume.pool)
        return Volume(record: record, pool: volume.pool)
    }

    private func stageFilesystem(
        _ volume: Volume, _ filesystem: any Filesystem, _ order: StageOrder, _ claim: borrowing Claim
    ) throws(VolumeError) -> StageOutcome {
        let options = try mounting(
            MountOptions(order.mountFlags, readOnly: order.readOnly, refusal: filesystem.refusal(ofMountOption:)))
        let place = try locateForMount(order.stagingPath)
        let pathClaim = try claims.take("path \(place.path)", for: "NodeStageVolume")
        pathClaim.step("staging volume \(volume.id)")
        if let device = try alreadyStaged(volume, at: place, options) {
            var outcome = StageOutcome(wasStaged: true, device: device)
            try settle(volume, options, &outcome, claim)
            return outcome
        }
        if let holder = try holders(of: volume.id, besides: nil).first {
            throw .inUse(
                volume: volume.id, how: "it is mounted at \(holder.path)",
                advice: "unpublish and unstage it there first")
        }
        claim.step("attaching the device")
        try finishGrowingDevice(of: volume)
        let attached = try pooling(volume.pool.attach(volume.record))
        var outcome = StageOutcome(device: attached.device.path)

        claim.step("reading \(attached.device.path) to see what it holds")
        let isFresh = try prepare(volume, filesystem, attached, mayFormat: !options.isReadOnly, claim)
        outcome.formatted = isFresh
        // As it is recorded now: what was found has been brought to its end.
        let volume = try find(volume.id.text)
        if options.isReadOnly {
            try requireNoCutOffGrowth(of: volume)
        } else if !isFresh {
            outcome.check = try check(volume, filesystem, on: attached.device.path, claim)
            try growUnmounted(volume, filesystem, attached, claim)
        }
        claim.step("mounting \(attached.device.path)")
        _ = try mounting(place.makeDirectory())
        try mounting(place.mountFilesystem(filesystem.name, device: attached.device.path, options: options))
        mountPoints.add(place.path, of: volume.id, as: volume.stageRole)
        try settle(volume, options, &outcome, claim)
        return outcome
    }

    /// What follows the mount, also where an earlier call was cut off behind it.
    private func settle(
        _ volume: Volume, _ options: MountOptions, _ outcome: inout StageOutcome, _ claim: borrowing Claim
    ) throws(VolumeError) {
        let volume = try find(volume.id.text)
        // As it is the volume serves its pod, which not to start would help nobody: what follows is told of and tried again.
        if !volume.record.mutableParameters.isEmpty, let attached = try pooling(volume.pool.attached(volume.record)) {
            warnOfReadAhead(volume, attached, &outcome)
        }
        guard volume.record.growsFrom != nil, !options.isReadOnly else { return }
        try finishGrowingDevice(of: volume)
        do throws(VolumeError) {
            try finishGrowth(of: volume.id, claim)
        } catch {
            guard case .filesystem(let cause) = error else { throw error }
            outcome.warnings.append("the filesystem has not grown: \(cause)")
        }
    }

    private func warnOfReadAhead(
        _ volume: Volume, _ attached: borrowing AttachedDevice, _ outcome: inout StageOutcome
    ) {
        do throws(VolumeError) {
            try applyReadAhead(volume, attached)
        } catch {
            outcome.warnings.append("\(error)")
        }
    }

    /// The device when this volume is mounted at the path already; nil when the path is free for it.
    private func alreadyStaged(
        _ volume: Volume, at place: borrowing HostPath, _ options: MountOptions
    ) throws(VolumeError) -> String? {
        let occupant = try mounting(place.occupant())
        switch occupant {
        case .nothing: return nil
        case .directory:
            guard try mounting(place.isEmptyDirectory()) else {
                throw .inTheWay(path: place.path, found: "files in the directory itself, beneath any mount")
            }
            return nil
        case .file, .other, .deviceNode: throw .inTheWay(path: place.path, found: occupant.summary)
        case .filesystem(let mount, let device):
            guard try owner(of: occupant) == .volume(volume.id) else {
                throw .inTheWay(path: place.path, found: mount.summary)
            }
            if mount.isFilesystemReadOnly && !options.isReadOnly {
                throw .refused(volume: volume.id, reason: mount.stopAdvice(at: place.path))
            }
            if mount.isReadOnly != options.isReadOnly {
                throw .differs(
                    what: "a mount of volume \(volume.id) at \(place.path)",
                    difference: "it is \(mount.isReadOnly ? "read-only" : "writable")")
            }
            mountPoints.add(place.path, of: volume.id, as: volume.stageRole)
            return mount.source ?? device.map { "device \($0)" } ?? ""
        }
    }
}

extension Volume {
    /// What its first mount is for: an ephemeral volume is mounted at its pod's own target.
    fileprivate var stageRole: MountRole { record.ephemeralTarget == nil ? .staging : .target }
}
