/// A method that a server has: its full name, and who answers it.
///
/// A handler runs in a task of its own. It must not block its thread; see `HostThread`.
public struct Method: Sendable {
    /// Answers one request with one response.
    public typealias Unary = @Sendable (CallContext, [UInt8]) async throws(RPCStatus) -> [UInt8]
    /// Answers one request with any number of responses.
    public typealias ServerStream = @Sendable (CallContext, [UInt8], ResponseStream) async throws(RPCStatus) -> Void

    enum Handler {
        case unary(Unary)
        case serverStream(ServerStream)
    }

    /// The full name: `/csi.v1.Identity/Probe`.
    public let path: String
    let handler: Handler
    let startsInline: Bool

    /// A method of one response. The status that the handler throws is the call's.
    ///
    /// - Parameter startsInline: starts the handler on the server's own thread, which saves a hop to another one. Only for
    ///   a handler that answers out of memory: until its first suspension, no other call moves.
    public static func unary(_ path: String, startsInline: Bool = false, _ handler: @escaping Unary) -> Method {
        Method(path: path, handler: .unary(handler), startsInline: startsInline)
    }

    /// A method of a stream of responses. Its end is the handler's: OK, or the status that it throws.
    public static func serverStream(_ path: String, _ handler: @escaping ServerStream) -> Method {
        Method(path: path, handler: .serverStream(handler), startsInline: false)
    }

    /// The methods by name.
    static func table(_ methods: [Method]) throws(RPCServerError) -> [String: Method] {
        var table: [String: Method] = [:]
        for method in methods {
            let parts = method.path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0].isEmpty, !parts[1].isEmpty, !parts[2].isEmpty else {
                throw .badMethod(method.path)
            }
            if table.updateValue(method, forKey: method.path) != nil { throw .duplicateMethod(method.path) }
        }
        return table
    }
}

/// The client's side of a stream of responses.
public struct ResponseStream: Sendable {
    let call: ServerCall

    /// Sends a response and waits until the core has taken it, so that a slow client slows the handler down.
    ///
    /// Throws CANCELLED when the client has gone. One send at a time: a second one meanwhile throws INTERNAL.
    public func send(_ response: [UInt8]) async throws(RPCStatus) {
        try await call.send(response)
    }
}
