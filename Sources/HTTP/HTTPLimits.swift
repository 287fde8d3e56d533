/// How much clients may ask of a server.
public struct HTTPLimits: Sendable {
    /// Connections at one time; further ones wait in the kernel's queue.
    public var connections = 128
    /// Bytes of memory that a connection has for the request line and the headers; 414 or 431 beyond.
    public var headerBytes = 32 << 10
    /// Bytes of a request's body; 413 beyond.
    public var bodyBytes = 1 << 20
    /// Bytes of a stream that wait for the client.
    public var streamBytes = 1 << 20
    /// Seconds without any progress after which a connection is closed. It does not count while a handler runs, or a stream
    /// has nothing to say.
    public var idleSeconds = 30
    /// Seconds within which a request has to come in whole, however slowly it does.
    public var requestSeconds = 30.0

    public init() {}
}
