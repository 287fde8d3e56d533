public import Syscalls

/// Why a server did not start.
public enum HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not an IPv4 or IPv6 address.
    case address(String)
    case system(SystemError)
    /// The library refused to start, which it does for a certificate or key that cannot be read.
    case refused(address: String, withTLS: Bool)

    public var description: String {
        switch self {
        case .address(let text): "'\(text)' is neither an IPv4 nor an IPv6 address"
        case .system(let error): "\(error)"
        case .refused(let address, let withTLS):
            "the HTTP server at \(address) did not start\(withTLS ? "; look at its certificate, key and authority" : "")"
        }
    }
}
