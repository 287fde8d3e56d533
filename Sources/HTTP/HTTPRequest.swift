/// A request that has come in whole.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST` and so on, as it came.
    public let method: String
    public let target: HTTPTarget
    public let headers: HTTPHeaders
    /// Never longer than `HTTPLimits.bodyBytes`.
    public let body: [UInt8]
    /// Who the client is by its TLS certificate.
    public let client: HTTPClient

    /// The segments of the path, decoded.
    public var path: [String] { target.path }

    public var query: HTTPQuery { target.query }
}

/// Who a client is by its TLS certificate.
public enum HTTPClient: Sendable, Equatable {
    /// No TLS, no trusted authority was given to the server, or the client showed no certificate.
    case anonymous
    /// It showed one that the server's authority has signed and that is valid now.
    case certified(HTTPSubject)
    /// It showed one that is not to be trusted, for that reason.
    case untrusted(String)
}

/// The subject of a certificate.
public struct HTTPSubject: Sendable, Equatable {
    /// CN; empty if there is none.
    public let commonName: String
    /// O, in their order.
    public let organizations: [String]
}
