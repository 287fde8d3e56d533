internal import Devices
internal import Glibc
internal import JSON
internal import Synchronization
internal import Syscalls

/// A pool of image files in a folder, each with its record beside it.
///
///     DIR/holdfast-pool.record      the pool's UUID
///     DIR/holdfast-pool.lock        held by the process that serves the pool
///     DIR/reserve                   room for records when the rest is full
///     DIR/volumes/ID.record         what is known of a volume; see `ImageFolder` for what can stand behind the name
///     DIR/volumes/ID.image          the volume
///     DIR/volumes/ID.frozen         its filesystem is being held still by the process that serves the pool
///     DIR/snapshots/ID.record       what is known of a snapshot
///     DIR/snapshots/ID.image        the snapshot
///     DIR/groups/ID.record          which snapshots were taken at one moment
final class FilePool: Pool {
    let name: String
    let kind = "file"
    let identity: UUID
    let index = VolumeIndex()
    let path: String
    let overcommit: Overcommit
    let volumes: ImageFolder
    let fileSnapshots: FileSnapshots
    /// The filesystem that images lie on, as loop devices name it.
    let device: DeviceNumber
    /// Where each volume was last seen attached. The kernel is asked before it is believed.
    let attachedAt = Mutex<[VolumeID: Int]>([:])
    let reserve: Reserve
    private let lock: LockFile

    private static let poolRecord = "holdfast-pool.record"
    private static let lockName = "holdfast-pool.lock"
    private static let volumesName = "volumes"

    var snapshots: (any SnapshotStore)? { fileSnapshots }
    var overcommitRatio: Double? { overcommit.ratio }
    /// The folder of the volumes' records and images.
    var records: RecordFolder { volumes.records }

    static let poolKind = PoolKind(
        name: "file",
        keys: [
            PoolKey("path", isRequired: true, expected: "the absolute path of a folder") { $0.hasPrefix("/") },
            PoolKey("overcommit", expected: "a number from 1 on, or 'unlimited'") {
                $0 == "unlimited" || overcommitRatio($0) != nil
            },
        ],
        open: { settings throws(PoolError) in
            try FilePool(
                name: settings.name, path: settings.options["path"] ?? "",
                overcommit: settings.options["overcommit"].flatMap(overcommitRatio))
        })

    private static func overcommitRatio(_ text: String) -> Double? {
        guard let ratio = Double(text), ratio.isFinite, ratio >= 1 else { return nil }
        return ratio
    }

    private init(name: String, path: String, overcommit: Double?) throws(PoolError) {
        self.name = name
        self.path = path
        self.overcommit = Overcommit(ratio: overcommit)
        let folder: Descriptor
        do throws(SystemError) {
            folder = try Files.open(path, O_RDONLY | O_DIRECTORY)
        } catch {
            switch error.code {
            case ENOENT:
                throw .unusable(path: path, reason: "it does not exist; make the folder, or mount what belongs there")
            case ENOTDIR: throw .unusable(path: path, reason: "it is not a folder")
            default: throw .unusable(path: path, reason: "\(error)")
            }
        }
        lock = try Self.takeLock(in: folder, path)
        identity = try Self.identity(in: folder, path)
        do throws(SystemError) {
            let reserve = Reserve(path: path, folder: try Files.open(".", in: folder, O_RDONLY | O_DIRECTORY))
            self.reserve = reserve
            volumes = try ImageFolder(Self.volumesName, of: "volume", in: folder, path, pool: name, reserve: reserve)
            device = try FileStatus.of(volumes.records.folder, path).identity.device
            fileSnapshots = try FileSnapshots(
                in: folder, path, pool: name, identity: identity, reserve: reserve,
                overcommit: self.overcommit, volumes: index)
        } catch {
            throw .unusable(path: path, reason: "\(error)")
        }
    }

    private static func takeLock(in folder: borrowing Descriptor, _ path: String) throws(PoolError) -> LockFile {
        let outcome: LockFile.Outcome
        do throws(SystemError) {
            outcome = try LockFile.take(lockName, in: folder, "\(path)/\(lockName)")
        } catch {
            if error.code == EROFS {
                throw .unusable(path: path, reason: "it lies on a read-only filesystem; mount that read-write")
            }
            if error.isOutOfSpace { throw .unusable(path: path, reason: "its filesystem is full; make room for it") }
            throw .unusable(path: path, reason: "\(error)")
        }
        switch consume outcome {
        case .taken(let lock): return lock
        case .held: throw .alreadyServed(path: path)
        case .notAFile(let found):
            throw .unusable(path: path, reason: "its \(lockName) is a \(found.rawValue); move that away")
        }
    }

    /// Reads the pool's UUID, or makes one for a new pool. A pool with volumes and without its UUID is not new.
    private static func identity(in folder: borrowing Descriptor, _ path: String) throws(PoolError) -> UUID {
        let top: RecordFolder
        let isKnown: Bool
        let hasVolumes: Bool
        do throws(SystemError) {
            top = RecordFolder(path: path, folder: try Files.open(".", in: folder, O_RDONLY | O_DIRECTORY))
            let names = try Files.names(in: folder, path)
            isKnown = names.contains(poolRecord)
            hasVolumes = names.contains(volumesName)
        } catch {
            throw .unusable(path: path, reason: "\(error)")
        }
        if isKnown {
            let json = try top.read(poolRecord)
            guard let uuid = json["pool"]?.string.flatMap({ UUID($0) }) else {
                throw .damagedRecord(path: "\(path)/\(poolRecord)", reason: "its field 'pool' is no UUID")
            }
            return uuid
        }
        guard !hasVolumes else {
            throw .unusable(
                path: path,
                reason: "it has a folder '\(volumesName)' but no \(poolRecord); restore that file from a backup")
        }
        return try make(top, in: folder)
    }

    private static func make(_ top: RecordFolder, in folder: borrowing Descriptor) throws(PoolError) -> UUID {
        let uuid = UUID.random()
        do throws(SystemError) {
            // A pool needs room for its reserve at the least; without it nothing could ever be made here.
            let usage = try FilesystemUsage.of(folder, top.path)
            if usage.available < 2 * Reserve.bytes {
                throw SystemError("make a pool in", top.path, code: ENOSPC)
            }
            try top.write(
                poolRecord, ["kind": "file", "pool": .string("\(uuid)"), "created": .integer(wallClockSeconds())],
                mayUseReserve: false)
        } catch {
            let room = error.isOutOfSpace ? "there is no room for a new pool; make room on its filesystem" : "\(error)"
            throw .unusable(path: top.path, reason: room)
        }
        return uuid
    }
}
