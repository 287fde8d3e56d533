internal import Mounts
internal import Pools
internal import Synchronization
internal import Syscalls

/// Where each volume was last known to be mounted, staging paths and targets alike.
///
/// It saves reading the whole mount table at each publish and is never believed: every path is looked at again before
/// it counts. The start-up pass fills it from the kernel's table.
final class MountPoints: Sendable {
    private let paths = Mutex<[VolumeID: Set<String>]>([:])

    func add(_ path: String, of volume: VolumeID) {
        paths.withLock { _ = $0[volume, default: []].insert(path) }
    }

    func remove(_ path: String, of volume: VolumeID) {
        paths.withLock { paths in
            paths[volume]?.remove(path)
            if paths[volume]?.isEmpty == true { paths[volume] = nil }
        }
    }

    func of(_ volume: VolumeID) -> [String] { paths.withLock { $0[volume]?.sorted() ?? [] } }
}

/// A live mount of a volume, as the kernel has it now.
struct Holder: Sendable {
    let path: String
    let mount: Mount
}

extension Storage {
    /// The live mounts of a volume, or of a former one of that id, other than the mount `staging`, which publishes share.
    func holders(of id: VolumeID, besides staging: UInt64?) throws(VolumeError) -> [Holder] {
        var holders: [Holder] = []
        for path in mountPoints.of(id) {
            guard let mount = try mount(of: id, at: path) else {
                mountPoints.remove(path, of: id)
                continue
            }
            if mount.id != staging { holders.append(Holder(path: path, mount: mount)) }
        }
        return holders
    }

    /// The mount of that volume at a path; nil when something else, or nothing, is there.
    private func mount(of id: VolumeID, at path: String) throws(VolumeError) -> Mount? {
        let occupant: Occupant
        do throws(MountError) {
            occupant = try root.locate(path).occupant()
        } catch {
            switch error {
            case .missingPath, .badPath: return nil
            default: throw .mount(error)
            }
        }
        return try owner(of: occupant).volume == id ? occupant.mount : nil
    }

    /// Whose the thing at a path is, by the device beneath it.
    func owner(of occupant: Occupant) throws(VolumeError) -> DeviceOwner {
        guard let device = occupant.device else { return .somebodyElse }
        for pool in pools {
            let owner = try pooling(pool.owner(of: device))
            if owner != .somebodyElse { return owner }
        }
        return .somebodyElse
    }
}

extension Occupant {
    /// The block device beneath, if there is one.
    var device: DeviceNumber? {
        switch self {
        case .filesystem(_, let device): device
        case .deviceNode(_, let device): device
        case .nothing, .directory, .file, .other: nil
        }
    }

    var mount: Mount? {
        switch self {
        case .filesystem(let mount, _), .deviceNode(let mount, _): mount
        case .nothing, .directory, .file, .other: nil
        }
    }
}
