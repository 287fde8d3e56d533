/// How much a client asks of the server, and takes from it.
public struct RequestLimits: Sendable {
    /// Requests a second in the long run.
    public var perSecond: Double
    /// Requests at once after a rest.
    public var burst: Double
    /// In seconds, for a request and its answer.
    public var timeout: Double = 30
    /// In seconds, for making a connection; within `timeout`.
    public var connectTimeout: Double = 10
    /// After that many seconds without a byte a watch is over, to be begun anew; before its first byte it has failed. The
    /// server sends a bookmark every minute, of kinds that have changed since it was started.
    public var watchSilence: Double = 150
    /// In bytes, for the body of one answer.
    public var responseSize = 64 << 20
    /// In bytes, for one event of a watch. The server's own limit for an object is 1.5 MiB; its JSON may be longer.
    public var lineSize = 8 << 20
    /// Objects of a list that come in one answer.
    public var chunk = 500

    public init(perSecond: Double = 50, burst: Double = 100) {
        self.perSecond = perSecond
        self.burst = burst
    }
}
