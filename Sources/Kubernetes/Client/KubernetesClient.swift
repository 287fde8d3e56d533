internal import Diagnostics
internal import JSON
internal import Synchronization
internal import Syscalls

/// A client of one API server. All its requests and watches share one thread and, with HTTP/2, one connection.
///
/// Requests keep to a rate, and to the pauses that the server asks for. It is closed when it goes, or by `close`.
public final class KubernetesClient: Sendable {
    /// The name that our fields have in server-side apply, and in `managedFields`.
    public static let fieldManager = "holdfast"

    public let limits: RequestLimits
    let limiter: RateLimiter
    let loop: TransferLoop
    private let token: TokenKeeper

    /// - Parameter userAgent: what the server's logs call us; nil for `holdfast-reconciler` and its version.
    public init(
        _ configuration: ClusterConfiguration, limits: RequestLimits = RequestLimits(), userAgent: String? = nil
    ) {
        self.limits = limits
        limiter = RateLimiter(perSecond: limits.perSecond, burst: limits.burst)
        token = TokenKeeper(configuration.credential.token)
        loop = TransferLoop(
            TransferSettings(
                server: configuration.server, trust: configuration.trust,
                certificate: configuration.credential.certificate,
                userAgent: userAgent ?? "holdfast-reconciler/\(Version.current)",
                connectTimeout: limits.connectTimeout))
        loop.start()
    }

    deinit { loop.close() }

    /// Ends all requests and watches; later ones are refused.
    public func close() { loop.close() }

    /// In seconds, how long an urgent request waits for its answer. It also waits for no turn: what keeps a lease comes before
    /// the work that is done under it.
    public static let urgentTimeout = 5.0

    /// How often a request is sent again, in all, after the server had too much to do.
    private static let attempts = 6

    /// Carries a request to its answer of success.
    ///
    /// What the server has refused without looking at it (429) is sent again when it asks for that; a read also after 503.
    /// After 401 it is sent again once with a token that was read anew.
    func send(_ request: HTTPRequest, urgent: Bool = false) async throws(KubernetesError) -> [UInt8] {
        // A write of the server's objects is a durable step too. What keeps a lease comes at its own times.
        guard FaultPoints.isOn, request.method != "GET", !urgent else {
            return try await attempt(request, urgent: urgent)
        }
        let object = request.description.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        if FaultPoints.pass(.before, request.method, object) != nil {
            throw .unreachable(request: request.description, reason: "a fault was asked for")
        }
        let answer = try await attempt(request, urgent: urgent)
        _ = FaultPoints.pass(.after, request.method, object)
        return answer
    }

    private func attempt(_ request: HTTPRequest, urgent: Bool) async throws(KubernetesError) -> [UInt8] {
        var request = request
        if urgent { request.timeout = min(request.timeout ?? limits.timeout, Self.urgentTimeout) }
        var refusals = 0
        var isRenewed = false
        while true {
            try await waitForTurn(request, urgent: urgent)
            let token = try await token.current(for: request)
            let response = try await loop.answer(request, token: token, limit: limits.responseSize)
            let status = response.head.status
            if (200..<300).contains(status) { return response.body }
            let error = Self.refusal(response.head, response.body, request, hiding: token)
            if let pause = pause(after: response.head) {
                limiter.pause(seconds: pause)
                let isUntouched = status == 429 || request.method == "GET"
                refusals += 1
                if isUntouched, refusals < Self.attempts { continue }
            }
            guard status == 401, !isRenewed, await self.token.renew(from: token) else { throw error }
            isRenewed = true
        }
    }

    /// Waits until the request may be sent.
    func waitForTurn(_ request: HTTPRequest, urgent: Bool) async throws(KubernetesError) {
        do throws(CancellationError) {
            try await limiter.wait(urgent: urgent)
        } catch {
            throw .cancelled(request: request.description, sent: false)
        }
    }

    /// The token for a request that is sent now.
    func currentToken(for request: HTTPRequest) async throws(KubernetesError) -> String? {
        try await token.current(for: request)
    }

    /// Whether there is another token than that by now.
    func renewToken(from token: String?) async -> Bool { await self.token.renew(from: token) }

    /// For how long the server wants not to be asked; nil when it does not say so.
    func pause(after head: HTTPHead) -> Double? {
        guard head.status == 429 || head.status == 503 else { return nil }
        if head.status == 429 { return min(head.retryAfter ?? 1, Self.longestPause) }
        return head.retryAfter.map { min($0, Self.longestPause) }
    }

    /// In seconds. A server that says more is asked again all the same: it may be back.
    private static let longestPause = 60.0

    /// What the server says about a request that it refused, unless it repeats the token that it was sent.
    static func refusal(
        _ head: HTTPHead, _ body: [UInt8], _ request: HTTPRequest, hiding token: String?
    ) -> KubernetesError {
        let isTelling = token.map { body.contains(Array($0.utf8)) } ?? false
        return .refused(APIStatus(head, isTelling ? [] : body), request: request.description)
    }

    /// A request's answer as an object.
    func object<Object: KubernetesObject>(
        _ request: HTTPRequest, urgent: Bool = false
    ) async throws(KubernetesError) -> Object {
        Object(json: try await json(request, urgent: urgent))
    }

    func json(_ request: HTTPRequest, urgent: Bool = false) async throws(KubernetesError) -> JSON {
        let body = try await send(request, urgent: urgent)
        do throws(JSONError) {
            return try JSON.parse(body)
        } catch {
            throw .unreadable(request: request.description, reason: "\(error)")
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard let first = part.first, count >= part.count else { return false }
        return self[...(count - part.count)].indices.contains { self[$0] == first && self[$0...].starts(with: part) }
    }
}

extension APIStatus {
    /// Of the answer to a request; the body is a `v1.Status`, or what a proxy or the server's own front says.
    init(_ head: HTTPHead, _ body: [UInt8]) {
        guard let json = try? JSON.parse(body), json["kind"]?.string == "Status" else {
            self.init(
                code: head.status, reason: "", message: oneLine(String(decoding: body.prefix(512), as: UTF8.self)),
                retryAfter: head.retryAfter)
            return
        }
        self.init(json, code: head.status, retryAfter: head.retryAfter)
    }

    /// Of a `v1.Status` object.
    init(_ json: JSON, code: Int, retryAfter: Double? = nil) {
        let details = json["details"]
        let causes = (details?["causes"]?.array ?? []).map {
            Cause(
                field: $0["field"]?.string ?? "", reason: $0["reason"]?.string ?? "",
                message: $0["message"]?.string ?? "")
        }
        self.init(
            code: code, reason: json["reason"]?.string ?? "", message: json["message"]?.string ?? "", causes: causes,
            retryAfter: retryAfter ?? details?["retryAfterSeconds"]?.number)
    }
}
