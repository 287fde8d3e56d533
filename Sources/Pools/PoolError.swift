public import Devices
public import Syscalls

/// Why a pool could not be opened or did not do what it was asked.
public enum PoolError: Error, Sendable, CustomStringConvertible {
    case system(SystemError)
    case device(DeviceError)
    /// The pool's place cannot be used as it is.
    case unusable(path: String, reason: String)
    /// Another process serves the pool.
    case alreadyServed(path: String)
    /// No room, or the overcommit ratio is reached. Nothing was left behind.
    case outOfSpace(pool: String, reason: String)
    /// The pool's filesystem has no files that large.
    case tooLarge(pool: String, bytes: Int64)
    /// Somebody else attached the volume's image to a loop device.
    case attachedElsewhere(volume: VolumeID, device: String)
    /// Two pools of the configuration are copies of one another.
    case sameIdentity(pool: String, other: String)
    case damagedRecord(path: String, reason: String)
    /// `of` is what the image is, such as `volume hf-…` or `snapshot hfs-…`.
    case missingImage(of: String, path: String)
    /// The image is shorter than its record says: its end is lost.
    case shortImage(of: String, path: String, found: Int64, expected: Int64)
    /// The image is longer than its record says. Its filesystem would grow over the end that copies of the volume have.
    case longImage(of: String, path: String, found: Int64, expected: Int64)
    /// Something else than a file has come to the image's name.
    case strangeImage(of: String, path: String, found: String)
    /// An image without a record lies where a new one would have to be.
    case imageInTheWay(of: String, path: String)
    /// A copy would take room that the volumes of the pool need for what they write. Nothing was left behind.
    case noRoomToCopy(pool: String, what: String, bytes: Int64, available: Int64, left: Int64)
    /// Its blocks cannot be shared, and a copy that takes its time would hold several moments at once.
    case cannotShare(of: String)
    /// A copy was ended before its end. Nothing was left behind.
    case cancelled(reason: String)

    public var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .device(let error): "\(error)"
        case .unusable(let path, let reason): "\(path) cannot be used as a pool: \(reason)"
        case .alreadyServed(let path):
            "the pool in \(path) is served by another process; end that one, or give this one another folder"
        case .outOfSpace(let pool, let reason): "the pool '\(pool)' has no room: \(reason)"
        case .tooLarge(let pool, let bytes):
            "the filesystem of pool '\(pool)' has no files of \(bytes) bytes; ask for less"
        case .attachedElsewhere(let volume, let device):
            "the image of volume \(volume) is attached to \(device), and not by this plugin; "
                + "a second device for it would be a second writer: end that use (losetup -d \(device)) first"
        case .sameIdentity(let pool, let other):
            "the pools '\(pool)' and '\(other)' have the same UUID: one is a copy of the other, and their volumes would be "
                + "taken for each other; configure one of them"
        case .damagedRecord(let path, let reason):
            "the record \(path) is damaged: \(reason); nothing was changed: restore the file from a backup"
        case .missingImage(let owner, let path):
            "the image \(path) of \(owner) is missing although its record is there; restore it from a backup"
        case .shortImage(let owner, let path, let found, let expected):
            "the image \(path) of \(owner) has \(found) bytes and its record says \(expected); "
                + "nothing was changed: restore it from a backup"
        case .longImage(let owner, let path, let found, let expected):
            "the image \(path) of \(owner) has \(found) bytes and its record says \(expected); nothing was changed: find "
                + "out who made it longer, and cut it to that size (truncate) if it is the right one"
        case .strangeImage(let owner, let path, let found):
            "the image \(path) of \(owner) is a \(found); nothing was changed: put the image back in its place"
        case .noRoomToCopy(let pool, let what, let bytes, let available, let left):
            "\(what) was not copied: that takes \(bytes) bytes more, the pool '\(pool)' has \(available), and \(left) are left for what "
                + "its volumes write; make room"
        case .cannotShare(let owner):
            "the blocks of \(owner) cannot be shared (is copying on write switched off for its image?), and it is being "
                + "written, so that a copy would not be of one moment; unpublish it first"
        case .cancelled(let reason): "the copy was ended: \(reason); nothing was left behind"
        case .imageInTheWay(let owner, let path):
            "\(owner) was not made: the image \(path) is there without a record; it was left untouched: restore its "
                + "record from a backup, or move the image away"
        }
    }
}
