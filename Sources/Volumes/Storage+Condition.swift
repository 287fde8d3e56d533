internal import Devices
internal import Filesystems
internal import Mounts
public import Pools
internal import Syscalls

/// Whether a volume is well, and what is wrong with it otherwise.
public struct VolumeCondition: Sendable, Equatable {
    /// A sentence each.
    public let troubles: [String]

    public var isAbnormal: Bool { !troubles.isEmpty }
    /// A sentence, or several.
    public var message: String {
        troubles.isEmpty ? "nothing is wrong with the volume" : troubles.joined(separator: "; ")
    }

    init(_ troubles: [String]) { self.troubles = troubles }

    static func noAnswer(seconds: Int) -> VolumeCondition {
        VolumeCondition(["it has not answered for \(seconds) s; look for a hung device beneath it"])
    }
}

extension Storage {
    /// The condition of a volume, looked for beneath it and, where it is mounted, at its filesystem.
    public func condition(of text: String) throws(VolumeError) -> VolumeCondition {
        let volume = try find(text)
        let outcome = try looks.run("volume \(volume.id)") { [self] () throws(VolumeError) in condition(of: volume) }
        switch outcome {
        case .value(let condition): return condition
        case .late(let seconds): return .noAnswer(seconds: seconds)
        }
    }

    /// A look that fails is a trouble as well.
    func condition(of volume: Volume) -> VolumeCondition {
        do throws(VolumeError) {
            return VolumeCondition(try troubles(of: volume))
        } catch {
            return VolumeCondition(["\(error)"])
        }
    }

    /// The conditions of many volumes of one pool, looked for only beneath them.
    public func conditions(of records: [VolumeRecord], in pool: any Pool) throws(VolumeError) -> [VolumeCondition] {
        switch try look(at: records, in: pool, patience: Looks.patience) {
        case .value(let conditions): return conditions
        case .late(let seconds): return records.map { _ in .noAnswer(seconds: seconds) }
        }
    }

    /// The same, for who does not want to wait that long for a pool that does not answer.
    func look(
        at records: [VolumeRecord], in pool: any Pool, patience: Double
    ) throws(VolumeError) -> Looks.Outcome<[VolumeCondition]> {
        try looks.run("pool \(pool.name)", patience: patience) { [stageTroubles] () throws(VolumeError) in
            records.map { record in
                do throws(PoolError) {
                    return VolumeCondition(try pool.troubles(of: record) + stageTroubles.of(record.id))
                } catch {
                    return VolumeCondition(["\(error)"])
                }
            }
        }
    }

    private func troubles(of volume: Volume) throws(VolumeError) -> [String] {
        var troubles = try pooling(volume.pool.troubles(of: volume.record)) + stageTroubles.of(volume.id)
        for path in mountPoints.of(volume.id) where try hasLostDevice(volume.id, at: path) {
            troubles.append(
                "the device at \(path) is not attached to the volume's image any more; unpublish and unstage the volume"
            )
        }
        let holders = try holders(of: volume.id, besides: nil)
        if let stopped = holders.first(where: \.mount.isFilesystemReadOnly) {
            troubles.append(stopped.mount.stopAdvice(at: stopped.path))
        }
        if volume.record.growsFrom != nil && holders.contains(where: { !$0.mount.isReadOnly }) {
            troubles.append(
                "its filesystem has not grown to the volume's \(volume.record.size) bytes yet; NodeExpandVolume says why, and "
                    + "staging it anew tries again")
        }
        return try troubles + filesystemTroubles(of: volume, holders)
    }

    /// Whether something is mounted at a path of the volume on a loop device that is not the volume's now.
    func hasLostDevice(_ id: VolumeID, at path: String) throws(VolumeError) -> Bool {
        guard mountPoints.of(id).contains(path), let place = try locateIfOurs(path) else { return false }
        let occupant = try mounting(place.occupant())
        guard occupant.device?.major == LoopDevice.major else { return false }
        guard let owner = try owner(of: occupant).volume else { return true }
        // Another volume may have come to that path; a device node alone can show one that nobody has put there.
        guard owner != id, case .deviceNode = occupant else { return false }
        return !mountPoints.of(owner).contains(path)
    }

    /// Whether what is mounted at a path of the volume is the node of a device that was the volume's, and is nobody's now.
    func showsNothing(_ occupant: Occupant, of id: VolumeID, at path: String) throws(VolumeError) -> Bool {
        guard case .deviceNode(_, let device) = occupant, device.major == LoopDevice.major,
            mountPoints.of(id).contains(path)
        else { return false }
        do throws(DeviceError) {
            guard let index = try AttachedLoops.index(of: device) else { return true }
            return try LoopDevice.status(index) == nil
        } catch {
            throw .device(error)
        }
    }

    private func filesystemTroubles(of volume: Volume, _ holders: [Holder]) throws(VolumeError) -> [String] {
        guard case .mount(let name) = volume.record.access, case .formatted(let uuid, _) = volume.record.format,
            let filesystem = Filesystems.named(name), !holders.isEmpty,
            let attached = try pooling(volume.pool.attached(volume.record)),
            let device = attached.device.path.split(separator: "/").last.map(String.init)
        else { return [] }
        let root: OpenFile
        do throws(VolumeError) {
            root = try openMount(of: volume, holders).root
        } catch {
            return ["its filesystem at \(holders[0].path) cannot be opened: \(error)"]
        }
        return filesystem.troubles(device: device, uuid: uuid, mounted: root.descriptor)
    }
}

extension Mount {
    /// What is to be said of a filesystem that takes no writes although its mount would.
    func stopAdvice(at path: String) -> String {
        "its filesystem at \(path) takes no writes any more, which comes of an error; see the kernel log, then unpublish and "
            + "unstage it everywhere, so that it is checked when it is next staged"
    }
}
