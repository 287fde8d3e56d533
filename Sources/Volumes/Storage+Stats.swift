internal import Devices
internal import Mounts
internal import Pools
internal import Syscalls

/// How full a volume is.
public enum VolumeUsage: Sendable {
    case filesystem(total: Int64, available: Int64, used: Int64, inodes: Int64, freeInodes: Int64)
    /// Bytes of a raw block device.
    case block(size: Int64)
}

/// What is to be told of a volume at a path.
public struct VolumeStats: Sendable {
    /// nil where the volume did not answer.
    public let usage: VolumeUsage?
    public let condition: VolumeCondition
}

extension Storage {
    /// Figures and condition of a volume at the path where it is staged or published. They come from the kernel alone.
    ///
    /// A volume that does not answer is told of as that, and nobody waits for it longer than for the first time.
    /// An ephemeral volume is asked for by the name that it was published under, for its orchestrator knows no other.
    public func stats(of text: String, at path: String) throws(VolumeError) -> VolumeStats {
        let volume = if let ephemeral = try ephemeral(named: text) { ephemeral } else { try find(text) }
        let outcome = try looks.run("volume \(volume.id)") { [self] () throws(VolumeError) in
            VolumeStats(usage: try usage(of: volume, at: path), condition: condition(of: volume))
        }
        switch outcome {
        case .value(let stats): return stats
        case .late(let seconds):
            return VolumeStats(usage: nil, condition: .noAnswer(seconds: seconds))
        }
    }

    private func usage(of volume: Volume, at path: String) throws(VolumeError) -> VolumeUsage? {
        if try hasLostDevice(volume.id, at: path) { return nil }
        // What is mounted has its figures, also when the volume's image has no name any more.
        switch try require(volume, at: path, orFormer: true) {
        case .deviceNode, .directory: return .block(size: try attachedSize(volume) ?? volume.record.size)
        default: break
        }
        let file: Descriptor
        do throws(MountError) {
            file = try root.locate(path).openForReading()
        } catch {
            // A filesystem that has failed has no figures; why it failed is told as its condition.
            return nil
        }
        guard let usage = try? FilesystemUsage.of(file, path) else { return nil }
        return .filesystem(
            total: usage.total, available: usage.available, used: usage.total - usage.free, inodes: usage.inodes,
            freeInodes: usage.freeInodes)
    }

    /// What of the volume is at a path. Existence comes before shape: a path that leads nowhere, a relative one too, is
    /// simply not this volume's. The staging path of a raw block volume is an empty directory, which nothing in the kernel
    /// tells of.
    ///
    /// With `orFormer`, what an image has left there that was deleted or replaced is the volume's as well.
    func require(_ volume: Volume, at path: String, orFormer: Bool = false) throws(VolumeError) -> Occupant {
        guard let place = try locateIfOurs(path) else {
            throw .notAtPath(volume: volume.id, path: path, found: "nothing of this node's")
        }
        let occupant = try mounting(place.occupant())
        if case .directory = occupant, volume.record.access == .block, try mounting(place.isEmptyDirectory()),
            try attachedSize(volume) != nil
        {
            return occupant
        }
        let owner = try owner(of: occupant)
        guard owner == .volume(volume.id) || (orFormer && owner == .formerVolume(volume.id)) else {
            throw .notAtPath(volume: volume.id, path: path, found: occupant.summary)
        }
        return occupant
    }

    /// The place that a path leads to; nil for one that leads nowhere or out of the node's folder.
    func locateIfOurs(_ path: String) throws(VolumeError) -> HostPath? {
        do throws(MountError) {
            return try root.locate(path)
        } catch {
            switch error {
            case .missingPath, .badPath: return nil
            default: throw .mount(error)
            }
        }
    }

    private func attachedSize(_ volume: Volume) throws(VolumeError) -> Int64? {
        guard let attached = try pooling(volume.pool.attached(volume.record)) else { return nil }
        return attached.device.size
    }
}
