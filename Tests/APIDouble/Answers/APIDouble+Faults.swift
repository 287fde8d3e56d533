internal import HTTP
internal import JSON

extension APIDouble {
    enum Passage { case goOn, hangUp }

    func meetBefore(_ fault: Fault?) async -> Passage {
        switch fault {
        case .neverAnswer:
            await untilCancelled()
            return .hangUp
        case .cut: return .hangUp
        case .slow(let seconds): try? await Task.sleep(for: .seconds(seconds))
        case .hold(let gate): await gate.pass()
        default: break
        }
        // Somebody who went while it was held would not be served by the real server either.
        return Task.isCancelled ? .hangUp : .goOn
    }

    /// The answer that takes the place of the request's own, which is not performed then.
    static func instead(of fault: Fault?) -> HTTPResponse? {
        guard case .answer(let code, let retryAfter) = fault else { return nil }
        return failure(code, retryAfter)
    }

    /// Nil when the request's own answer is to be sent.
    func meetAfter(_ fault: Fault?) async -> HTTPResponse? {
        switch fault {
        case .neverAnswerAfterwards:
            await untilCancelled()
            return .hangUp
        case .answerAfterwards(let code): return Self.failure(code, nil)
        case .cutAfterwards: return .hangUp
        case .holdAnswer(let gate):
            await gate.pass()
            return nil
        default: return nil
        }
    }

    private func untilCancelled() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }

    private static func failure(_ code: Int, _ retryAfter: Int?) -> HTTPResponse {
        let known: [Int: (String, String)] = [
            401: ("Unauthorized", "Unauthorized"), 403: ("Forbidden", "forbidden by a fault"),
            409: (
                "Conflict",
                "the object has been modified; please apply your changes to the latest version and try again"
            ),
            410: ("Expired", "The resourceVersion for the provided list is too old."),
            429: ("TooManyRequests", "Too many requests, please try again later."),
            500: ("InternalError", "Internal error occurred: a fault"),
            503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504: ("Timeout", "Timeout: request did not complete within the allotted timeout"),
        ]
        let (reason, message) = known[code] ?? ("", "a fault")
        var details: JSON?
        if let retryAfter { details = ["retryAfterSeconds": .integer(Int64(retryAfter))] }
        return .status(APIStatus(code: code, reason: reason, message: message, details: details))
    }
}
