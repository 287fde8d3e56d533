internal import Devices
internal import Filesystems
internal import Glibc
internal import Mounts
internal import Pools
internal import RPC
internal import Syscalls
internal import Volumes

// Every domain error becomes a gRPC code here and nowhere else. The codes are those that the CSI specification's error
// tables give; the sentence is the error's own.

extension RPCStatus {
    init(_ error: VolumeError) { self.init(error.code, error.description) }

    static func invalid(_ sentence: String) -> RPCStatus { RPCStatus(.invalidArgument, sentence) }
}

extension VolumeError {
    var code: StatusCode {
        switch self {
        case .invalid: .invalidArgument
        case .outOfRange: .outOfRange
        case .noSuchVolume, .noSuchSnapshot, .noSuchGroup, .noSuchNode, .notAtPath: .notFound
        case .noSuchPool: .invalidArgument
        case .differs: .alreadyExists
        case .inProgress: .aborted
        case .otherIncarnation: .notFound
        case .inUse, .notStaged, .secondWriter, .inTheWay, .refused: .failedPrecondition
        case .unexpectedContent: .failedPrecondition
        case .contentLost: .dataLoss
        case .unstageable(_, let cause): cause.code
        case .cannotReach, .tooManyVolumes: .resourceExhausted
        case .freeze(.failed), .freeze(.tooLong): .failedPrecondition
        case .freeze(.late): .deadlineExceeded
        case .freeze(.stuck): .internalError
        case .pool(let error): error.code
        case .mount(let error): error.code
        case .device(let error): error.code
        case .filesystem(let error): error.code
        }
    }
}

extension PoolError {
    var code: StatusCode {
        switch self {
        case .system(let error): error.status
        case .device(let error): error.code
        case .unusable, .alreadyServed, .imageInTheWay: .failedPrecondition
        case .outOfSpace, .noRoomToCopy: .resourceExhausted
        case .cannotShare: .failedPrecondition
        case .cancelled: .aborted
        case .tooLarge: .outOfRange
        case .attachedElsewhere, .sameIdentity, .longImage: .failedPrecondition
        case .damagedRecord, .missingImage, .shortImage, .strangeImage: .dataLoss
        }
    }
}

extension MountError {
    var code: StatusCode {
        switch self {
        case .system(let error): error.status
        case .badPath, .refusedOption: .invalidArgument
        case .missingPath, .busy, .notOurs, .changed: .failedPrecondition
        // What the kernel says of a filesystem that is not whole; EINVAL is btrfs' word for a superblock that is not.
        case .refusedByKernel(_, _, _, let code):
            [EUCLEAN, EBADMSG, EINVAL].contains(code) ? .failedPrecondition : .internalError
        }
    }
}

extension DeviceError {
    var code: StatusCode {
        switch self {
        case .system(let error): error.status
        case .unreadable: .internalError
        case .noFreeLoop: .unavailable
        case .changed: .failedPrecondition
        }
    }
}

extension FilesystemError {
    var code: StatusCode {
        switch self {
        case .tool, .formatFailed, .renewalFailed: .internalError
        case .checkRefused, .inUse, .cannotGrow: .failedPrecondition
        case .refusedFormatOption: .invalidArgument
        case .system(let error): error.status
        }
    }
}

extension SystemError {
    /// A system call's failure is the plugin's own trouble, but for a lack of room.
    var status: StatusCode { isOutOfSpace ? .resourceExhausted : .internalError }
}
