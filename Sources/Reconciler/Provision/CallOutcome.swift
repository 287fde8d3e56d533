internal import RPC

/// What is known of a volume after a call to make it has failed.
enum CallOutcome: Equatable {
    /// It may have been made, or still be: the call is made again until that is known, even if nobody wants the volume any more.
    case unknown
    /// It was not made, and this place has no room for it.
    case noRoom
    /// It was not made.
    case final

    /// By the specification ("CreateVolume Errors") and as the standard provisioner has it.
    init(_ code: StatusCode) {
        switch code {
        case .cancelled, .deadlineExceeded, .unavailable, .aborted: self = .unknown
        case .resourceExhausted: self = .noRoom
        case .ok, .unknown, .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .failedPrecondition,
            .outOfRange, .unimplemented, .internalError, .dataLoss, .unauthenticated:
            self = .final
        }
    }
}
