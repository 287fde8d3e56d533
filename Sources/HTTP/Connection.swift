internal import CMicrohttpd
internal import Syscalls

/// A client's connection. Only the server's thread touches it.
final class Connection {
    let socket: CInt
    let raw: OpaquePointer
    /// The request that is being read or answered.
    var exchange: Exchange?
    /// Until when a request that has begun to come has to be there; the first one begins with the connection.
    var dueAt: Moment?
    /// Whether the client has closed its side.
    var hasGone = false
    /// Who the client is, once the first request has asked for it.
    private var known: HTTPClient?

    init(_ raw: OpaquePointer, dueAt: Moment) {
        self.raw = raw
        self.dueAt = dueAt
        socket = holdfast_http_socket(raw)
    }

    var client: HTTPClient {
        if let known { return known }
        let client = holdfast_http_session(raw).map(HTTPClient.init(session:)) ?? .anonymous
        known = client
        return client
    }
}
