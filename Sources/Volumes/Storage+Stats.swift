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

extension Storage {
    /// Figures of a volume at the path where it is staged or published. They come from the kernel alone.
    public func usage(of text: String, at path: String) throws(VolumeError) -> VolumeUsage {
        let volume = try find(text)
        // Existence comes before shape: a path that leads nowhere, a relative one too, is simply not this volume's.
        guard let place = try locateIfOurs(path) else {
            throw .notAtPath(volume: volume.id, path: path, found: "nothing of this node's")
        }
        let occupant = try mounting(place.occupant())
        if case .directory = occupant, volume.record.access == .block, try mounting(place.isEmptyDirectory()),
            let size = try attachedSize(volume)
        {
            // The staging path of a raw block volume is an empty directory, which nothing in the kernel tells of.
            return .block(size: size)
        }
        guard try owner(of: occupant) == .volume(volume.id) else {
            throw .notAtPath(volume: volume.id, path: path, found: occupant.summary)
        }
        if case .deviceNode = occupant { return .block(size: try attachedSize(volume) ?? volume.record.size) }
        let file = try mounting(place.openForReading())
        do throws(SystemError) {
            let usage = try FilesystemUsage.of(file, place.path)
            return .filesystem(
                total: usage.total, available: usage.available, used: usage.total - usage.free, inodes: usage.inodes,
                freeInodes: usage.freeInodes)
        } catch {
            throw .mount(.system(error))
        }
    }

    private func locateIfOurs(_ path: String) throws(VolumeError) -> HostPath? {
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
