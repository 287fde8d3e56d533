internal import Mounts
internal import Pools
internal import Synchronization
internal import Syscalls

/// What a mount of a volume is for: it was staged there, or put there for a workload.
public enum MountRole: Sendable { case staging, target }

/// Where each volume was last known to be mounted, staging paths and targets alike, and as which; nil where this process has
/// not been called for it yet.
///
/// It saves reading the whole mount table at each publish and is never believed: every path is looked at again before
/// it counts. The start-up pass fills it from the kernel's table.
final class MountPoints: Sendable {
    private let paths = Mutex<[VolumeID: [String: MountRole?]]>([:])
    private let incomplete = Atomic<Bool>(false)

    /// Whether there are mounts that could not be looked at: what is not known here may be mounted all the same.
    var areIncomplete: Bool {
        get { incomplete.load(ordering: .acquiring) }
        set { incomplete.store(newValue, ordering: .releasing) }
    }

    func add(_ path: String, of volume: VolumeID, as role: MountRole?) {
        paths.withLock { _ = $0[volume, default: [:]].updateValue(role, forKey: path) }
    }

    func remove(_ path: String, of volume: VolumeID) {
        paths.withLock { paths in
            paths[volume]?.removeValue(forKey: path)
            if paths[volume]?.isEmpty == true { paths[volume] = nil }
        }
    }

    func of(_ volume: VolumeID) -> [String] { paths.withLock { $0[volume]?.keys.sorted() ?? [] } }

    func role(of volume: VolumeID, at path: String) -> MountRole? { paths.withLock { $0[volume]?[path] ?? nil } }

    /// The volumes that are mounted somewhere, as far as is known.
    var volumes: [VolumeID: [String]] { paths.withLock { $0.mapValues { Array($0.keys) } } }
}

/// A live mount of a volume, as the kernel has it now.
struct Holder: Sendable {
    let path: String
    let mount: Mount
}

/// The root of a volume's mounted filesystem, held open.
struct OpenMount: Sendable {
    let path: String
    let root: OpenFile
    let isReadOnly: Bool
}

extension Storage {
    /// The live mounts of a volume, or of a former one of that id, other than the mount `staging`, which publishes share.
    ///
    /// A path where the volume is no longer seen is not taken for an unmounted volume: it may have been renamed or
    /// covered. Then, and with `thoroughly`, the kernel's whole table is asked.
    func holders(
        of id: VolumeID, besides staging: Mount?, thoroughly: Bool = false
    ) throws(VolumeError) -> [Holder] {
        var holders: [Holder] = []
        var unseen: [String] = []
        for path in mountPoints.of(id) {
            if let mount = try mount(of: id, at: path) {
                if mount.id != staging?.id { holders.append(Holder(path: path, mount: mount)) }
            } else {
                unseen.append(path)
            }
        }
        guard thoroughly || !unseen.isEmpty || mountPoints.areIncomplete else { return holders }
        let others = try tableHolders(of: id, besides: holders.map(\.mount.point) + [staging?.point ?? ""])
        // While the table shows mounts that no path leads to, the lost paths are kept: they have it read again.
        // So is one where the volume's device has gone from beneath its mount, for somebody has to undo that.
        if others.isEmpty {
            for path in unseen where try !hasLostDevice(id, at: path) { mountPoints.remove(path, of: id) }
        }
        return holders + others
    }

    /// Mounts of the volume's device in the kernel's table, at other mount points than those.
    private func tableHolders(of id: VolumeID, besides known: [String]) throws(VolumeError) -> [Holder] {
        guard let volume = try lookUpEvenIfDamaged(id.text),
            let attached = try pooling(volume.pool.attached(volume.record))
        else {
            return []
        }
        return try mountTable().filter { mount in
            !known.contains(mount.point) && mount.shows(attached.device.number, attached.device.path)
        }.map { Holder(path: $0.point, mount: $0) }
    }

    /// Opens the root of one of a volume's mounts, a writable one if there is one. What is opened is the mount that was
    /// looked at, for what is done to it next is done to a whole filesystem.
    func openMount(of volume: Volume, _ holders: [Holder]) throws(VolumeError) -> OpenMount {
        let ordered = holders.filter { !$0.mount.isReadOnly } + holders.filter(\.mount.isReadOnly)
        for holder in ordered {
            guard let place = try locate(holder) else { continue }
            let occupant = try mounting(place.occupant())
            guard let mount = occupant.mount, try owner(of: occupant) == .volume(volume.id) else { continue }
            let root = OpenFile(try mounting(place.openForReading()))
            let status: FileStatus
            do throws(SystemError) {
                status = try FileStatus.of(root.descriptor, place.path)
            } catch {
                throw .mount(.system(error))
            }
            if status.mountID == mount.id {
                return OpenMount(path: place.path, root: root, isReadOnly: mount.isReadOnly)
            }
        }
        throw .inUse(
            volume: volume.id,
            how: "it is mounted at \(holders.first?.path ?? "a path that changes"), which cannot be used",
            advice: "unmount it there, or try again")
    }

    private func locate(_ holder: Holder) throws(VolumeError) -> HostPath? {
        do throws(MountError) {
            return try root.locate(holder.path)
        } catch {
            return try mounting(root.locate(mountPoint: holder.path))
        }
    }

    /// The place for a mount that is to be made. It does not lie within a volume: whoever uses that has a hand in what is
    /// there, and the volume could not be unmounted any more.
    func locateForMount(_ path: String) throws(VolumeError) -> HostPath {
        let place = try mounting(root.locate(path))
        guard let around = try mounting(place.surroundings()) else { return place }
        let owner = try owner(of: .filesystem(around, device: around.blockDevice))
        switch owner {
        case .somebodyElse: return place
        case .volume(let id), .formerVolume(let id):
            throw .invalid("the path \(place.path) lies within volume \(id), which is mounted at \(around.point)")
        }
    }

    func mountTable() throws(VolumeError) -> [Mount] {
        do throws(SystemError) { return try MountTable.all() } catch { throw .mount(.system(error)) }
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

extension Mount {
    /// Whether a block device is beneath: as the filesystem's device, or as the mounted node of a raw block volume.
    func shows(_ device: DeviceNumber, _ path: String) -> Bool {
        blockDevice == device || (filesystem == "devtmpfs" && "/dev\(root)" == path)
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
