public import Devices
public import Filesystems
public import Mounts
public import Pools

/// Why a story about a volume did not end well. `Plugin/Status.swift` gives each case its gRPC code.
public indirect enum VolumeError: Error, Sendable, CustomStringConvertible {
    /// The request contradicts itself, or holds what no volume can have.
    case invalid(String)
    /// No volume could meet the capacity range.
    case outOfRange(String)
    case noSuchVolume(String)
    case noSuchSnapshot(String)
    case noSuchGroup(String)
    case noSuchNode(asked: String, here: String)
    case noSuchPool(asked: String, known: String)
    /// The volume exists, but not on that path.
    case notAtPath(volume: VolumeID, path: String, found: String)
    /// A volume of that name, or a mount at that path, exists and differs.
    case differs(what: String, difference: String)
    /// Another call on the same volume or path has not ended yet.
    case inProgress(subject: String, operation: String, seconds: Int, step: String)
    /// The volume's name was used again: this is another volume than the client means.
    case otherIncarnation(volume: VolumeID)
    case inUse(volume: VolumeID, how: String, advice: String)
    case notStaged(volume: VolumeID, path: String, found: String)
    /// The one-writer law.
    case secondWriter(volume: VolumeID, target: String, holder: String, advice: String)
    /// Something that is not ours is in the way.
    case inTheWay(path: String, found: String)
    /// The device holds something else than its record says. It was not written to.
    case unexpectedContent(volume: VolumeID, device: String, found: String, expected: String)
    /// The device was formatted once and reads blank now. It was not written to.
    case contentLost(volume: VolumeID, device: String)
    case refused(volume: VolumeID, reason: String)
    /// What a staging met that knows of no volumes: a device, a filesystem, the kernel's mount.
    case unstageable(volume: VolumeID, cause: VolumeError)
    case cannotReach(asked: String, here: String)
    /// The node has as many volumes as it may.
    case tooManyVolumes(limit: Int64)
    /// A filesystem could not be held still for a snapshot. Nothing was left behind, and writers go on.
    case freeze(FreezeError)
    case pool(PoolError)
    case mount(MountError)
    case device(DeviceError)
    case filesystem(FilesystemError)

    public var description: String {
        switch self {
        case .invalid(let sentence), .outOfRange(let sentence): sentence
        case .noSuchVolume(let id): "there is no volume '\(id)' on this node"
        case .noSuchSnapshot(let id): "there is no snapshot '\(id)' on this node"
        case .noSuchGroup(let id): "there is no group of snapshots '\(id)' on this node"
        case .noSuchNode(let asked, let here): "there is no node '\(asked)' here; this is node '\(here)'"
        case .noSuchPool(let asked, let known): "there is no pool '\(asked)' on this node; known are \(known)"
        case .notAtPath(let volume, let path, let found): "volume \(volume) is not at \(path), where \(found) was found"
        case .differs(let what, let difference): "\(what) exists already and differs: \(difference)"
        case .inProgress(let subject, let operation, let seconds, let step):
            "\(operation) on \(subject) has been running for \(seconds) s (\(step)); wait for its end and ask again"
        case .otherIncarnation(let volume):
            "volume \(volume) was deleted and made again since the caller learned of it; "
                + "delete the PersistentVolume that names the former one"
        case .inUse(let volume, let how, let advice): "volume \(volume) is in use: \(how); \(advice)"
        case .notStaged(let volume, let path, let found):
            "volume \(volume) is not staged at \(path), where \(found) was found; stage it there first"
        case .secondWriter(let volume, let target, let holder, let advice):
            "volume \(volume) was not published at \(target): it has one writer, and that is \(holder); \(advice)"
        case .inTheWay(let path, let found):
            "\(path) holds \(found), which does not belong to this volume; it was left alone: remove it, then try again"
        case .unexpectedContent(let volume, let device, let found, let expected):
            "volume \(volume) was left untouched: \(device) holds \(found), and its record says \(expected); "
                + "find out who wrote there before anything else"
        case .contentLost(let volume, let device):
            "volume \(volume) was formatted once and \(device) reads blank now: its content is lost; "
                + "it was not formatted again: restore it from a backup"
        case .refused(let volume, let reason): "volume \(volume): \(reason)"
        case .unstageable(let volume, let cause): "volume \(volume) was not staged: \(cause); see the kernel log"
        case .cannotReach(let asked, let here): "a volume cannot be made in \(asked): this node's segment is \(here)"
        case .tooManyVolumes(let limit):
            "this node has \(limit) volumes, which is all that --max-volumes allows; let the scheduler choose another node"
        case .freeze(let error): "\(error)"
        case .pool(let error): "\(error)"
        case .mount(let error): "\(error)"
        case .device(let error): "\(error)"
        case .filesystem(let error): "\(error)"
        }
    }
}
