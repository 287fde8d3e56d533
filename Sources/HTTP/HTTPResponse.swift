/// What a handler answers.
public struct HTTPResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Sent in chunks as they come, until the sequence ends. The task that reads it is cancelled when the client goes
        /// and when the server stops. A sequence that throws cuts the connection behind what it gave, so that nobody takes
        /// the part for the whole. At most `HTTPLimits.streamBytes` are taken before the client has read them.
        case stream(any AsyncSequence<[UInt8], any Error> & Sendable)
        /// No answer at all: the connection is cut.
        case hangUp
    }

    public var status: Int
    public var headers: HTTPHeaders
    public var body: Body

    public init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A line of plain text.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }

    /// No answer at all: the connection is cut.
    public static let hangUp = HTTPResponse(status: 0, body: .hangUp)
}
