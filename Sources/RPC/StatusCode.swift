/// The status codes of gRPC, with the numbers that go over the wire.
///
/// Source: <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.
public enum StatusCode: Int32, Sendable, CaseIterable {
    case ok = 0
    case cancelled
    case unknown
    case invalidArgument
    case deadlineExceeded
    case notFound
    case alreadyExists
    case permissionDenied
    case resourceExhausted
    case failedPrecondition
    case aborted
    case outOfRange
    case unimplemented
    case internalError
    case unavailable
    case dataLoss
    case unauthenticated

    /// The name by which the specifications and other implementations know the code: `INVALID_ARGUMENT`.
    public var name: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internalError: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}

/// How a call ended: a code, and a sentence for a person.
public struct RPCStatus: Error, Sendable, Equatable, CustomStringConvertible {
    public let code: StatusCode
    /// Any Unicode, newlines included; gRPC percent-encodes it on the wire. A server shortens what would not fit into
    /// the peer's limit for headers.
    public let message: String

    public init(_ code: StatusCode, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.name): \(message)" }
}

extension RPCStatus {
    /// The most bytes of a message on the wire. Peers refuse headers beyond 8 KiB by default, the other headers and
    /// gRPC's 32 bytes of accounting for each included.
    static let messageLimit = 6 * 1_024

    /// The message's bytes, cut at a character so that they fit into `messageLimit` when percent-encoded.
    var wireMessage: [UInt8] {
        let bytes = Array(message.utf8)
        if bytes.count * 3 <= Self.messageLimit { return bytes }
        let ellipsis = "…"
        var room = Self.messageLimit - 3 * ellipsis.utf8.count
        var cut = bytes.count
        for (index, byte) in bytes.enumerated() {
            room -= (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "%") ? 1 : 3
            if room < 0 {
                cut = index
                break
            }
        }
        if cut == bytes.count { return bytes }
        // A byte 10xxxxxx continues a character.
        while cut > 0 && bytes[cut] & 0xc0 == 0x80 { cut -= 1 }
        return bytes[..<cut] + Array(ellipsis.utf8)
    }
}
