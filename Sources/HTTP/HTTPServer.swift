internal import Synchronization
internal import Syscalls

/// Answers one request. It is cancelled when the client goes and when the server stops.
public typealias HTTPHandler = @Sendable (HTTPRequest) async -> HTTPResponse

/// An HTTP/1.1 server over libmicrohttpd: one thread that polls, and a Swift task for each request that is being answered.
///
/// Without TLS nothing of gnutls is called. It runs until `stop`; what is left when this value goes is cut off.
public final class HTTPServer: Sendable {
    /// The port that it listens on, also where 0 was asked for.
    public let port: UInt16
    private let loop: ServerLoop

    /// Binds, listens and serves. `address` is an IPv4 or IPv6 address, `port` 0 takes a free one.
    public init(
        address: String, port: UInt16, tls: TLSIdentity? = nil, limits: HTTPLimits = HTTPLimits(),
        handler: @escaping HTTPHandler
    ) throws(HTTPServerError) {
        let socket = try ListeningSocket(address: address, port: port)
        let bound = socket.port
        do throws(SystemError) {
            loop = try ServerLoop(limits: limits, handler: handler)
        } catch {
            throw .system(error)
        }
        self.port = bound
        let started = loop.start(on: socket, tls: tls)
        guard started else { throw .refused(address: "\(address):\(bound)", withTLS: tls != nil) }
    }

    deinit { loop.orderStop(grace: 0) }

    /// Takes no more connections, ends streams, lets handlers end for `grace` seconds, cuts those that do not, and returns
    /// when the port is free and the thread has ended.
    public func stop(grace: Double = 5) async {
        loop.orderStop(grace: grace)
        await loop.waitForEnd()
    }
}
