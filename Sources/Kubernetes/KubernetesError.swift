/// Why a request to the API server came to nothing. It prints one sentence, in which no credential occurs.
public enum KubernetesError: Error, Sendable, Equatable {
    /// The server answered, and refused.
    case refused(APIStatus, request: String)
    /// No connection could be made; nothing was sent.
    case unreachable(request: String, reason: String)
    /// The two sides did not accept each other's certificate; nothing was sent.
    case untrusted(request: String, reason: String)
    /// The connection broke. When the request had been `sent`, the server may have carried it out.
    case broken(request: String, reason: String, sent: Bool)
    /// No answer came in time. When the request had been `sent`, the server may have carried it out, or still do so.
    case timedOut(request: String, seconds: Double, sent: Bool)
    /// The answer is none that an API server gives, or larger than we take.
    case unreadable(request: String, reason: String)
    /// The token could not be read; nothing was sent.
    case lacksCredential(request: String, reason: String)
    /// The request makes no sense; nothing was sent.
    case invalid(request: String, reason: String)
    /// The task was cancelled, or the client closed. When the request had been `sent`, it may have been carried out.
    case cancelled(request: String, sent: Bool)
}

/// What the server says about a request that it refused (`v1.Status`).
public struct APIStatus: Sendable, Equatable {
    /// The HTTP status.
    public let code: Int
    /// One word, such as `NotFound`, `AlreadyExists`, `Conflict`, `Expired` or `Forbidden`; empty when none came.
    public let reason: String
    public let message: String
    public let causes: [Cause]
    /// In how many seconds to ask again, when the server says so.
    public let retryAfter: Double?

    /// One of the reasons, mostly about one field.
    public struct Cause: Sendable, Equatable {
        public let field: String
        public let reason: String
        public let message: String
    }

    public init(code: Int, reason: String, message: String, causes: [Cause] = [], retryAfter: Double? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
        self.retryAfter = retryAfter
    }
}

extension KubernetesError {
    public var status: APIStatus? {
        guard case .refused(let status, _) = self else { return nil }
        return status
    }

    /// There is no such object, or no such kind of objects.
    public var isNotFound: Bool { status?.code == 404 }

    /// The object has changed since it was read, or a precondition does not hold.
    public var isConflict: Bool { status?.code == 409 && status?.reason != "AlreadyExists" }

    public var isAlreadyExists: Bool { status?.reason == "AlreadyExists" }

    /// The version to go on from is too old: list again.
    public var isGone: Bool { status?.code == 410 }

    /// We are not who we say, or may not do that.
    public var isForbidden: Bool { status?.code == 401 || status?.code == 403 }

    /// The object is refused as it is: asking again changes nothing.
    public var isInvalid: Bool { status?.code == 422 || status?.code == 400 }

    /// The server has too much to do.
    public var isTooManyRequests: Bool { status?.code == 429 }

    public var isCancelled: Bool {
        guard case .cancelled = self else { return false }
        return true
    }

    /// Whether a write may have taken effect all the same: look before it is done again.
    public var outcomeIsUnknown: Bool {
        switch self {
        case .refused(let status, _): status.code >= 500
        case .broken(_, _, let sent), .timedOut(_, _, let sent), .cancelled(_, let sent): sent
        case .unreadable: true
        case .unreachable, .untrusted, .lacksCredential, .invalid: false
        }
    }
}

extension KubernetesError {
    /// Whether it is the same trouble as before, although the words differ in a time or a port: it is told once.
    func isSameTrouble(as other: KubernetesError?) -> Bool {
        switch (self, other) {
        case (.refused(let one, _), .refused(let two, _)): one.code == two.code && one.reason == two.reason
        case (.unreachable, .unreachable), (.untrusted, .untrusted), (.broken, .broken), (.timedOut, .timedOut),
            (.unreadable, .unreadable), (.lacksCredential, .lacksCredential), (.invalid, .invalid),
            (.cancelled, .cancelled):
            true
        default: false
        }
    }
}

extension KubernetesError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(let status, let request) where status.code == 401:
            "could not \(request): the server answered \(status); "
                + "the token or client certificate has expired, or is none of this cluster's: renew it"
        case .refused(let status, let request): "could not \(request): the server answered \(status)"
        case .unreachable(let request, let reason): "could not \(request): no connection: \(oneLine(reason))"
        case .untrusted(let request, let reason): "could not \(request): no trusted connection: \(oneLine(reason))"
        case .broken(let request, let reason, let sent):
            "could not \(request): the connection broke\(Self.doubt(sent)): \(oneLine(reason))"
        case .timedOut(let request, let seconds, let sent):
            "could not \(request): no answer within \(seconds) s\(Self.doubt(sent))"
        case .unreadable(let request, let reason): "could not \(request): unreadable answer: \(oneLine(reason))"
        case .lacksCredential(let request, let reason): "could not \(request): no credential: \(oneLine(reason))"
        case .invalid(let request, let reason): "could not \(request): \(oneLine(reason))"
        case .cancelled(let request, let sent): "could not \(request): cancelled\(Self.doubt(sent))"
        }
    }

    private static func doubt(_ sent: Bool) -> String { sent ? " after it was sent" : "" }
}

extension APIStatus: CustomStringConvertible {
    public var description: String {
        let words = message.isEmpty ? "nothing more" : oneLine(message)
        return reason.isEmpty ? "\(code): \(words)" : "\(code) \(oneLine(reason)): \(words)"
    }
}

/// A server's words on one line, and not more of them than a sentence holds.
func oneLine(_ text: String) -> String {
    let limit = 1_024
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit + 1) {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: result.append(" ")
        default: result.append(scalar)
        }
    }
    guard result.count > limit else { return String(result) }
    result.removeLast()
    return String(result) + "…"
}
