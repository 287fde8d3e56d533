internal import Synchronization

/// Something did not happen in time.
public struct WaitError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

extension APIDouble {
    /// All requests so far, in the order in which they came.
    public var requests: [RequestRecord] { traffic.state.withLock { $0.records } }

    public func requests(_ match: RequestMatch) -> [RequestRecord] { requests.filter(match.matches) }

    /// Forgets what has come: waits count from here on. A request that is not answered yet is kept.
    public var requestCount: Int { traffic.state.withLock { $0.records.count } }

    /// Waits until so many matching requests have come (and, unless told otherwise, been answered), counting those from
    /// number `from` on.
    @discardableResult
    public func waitFor(
        _ match: RequestMatch, count: Int = 1, from: Int = 0, answered: Bool = true, within seconds: Double = 20
    ) async throws -> [RequestRecord] {
        let found = { [self] in
            requests.filter { $0.number >= from && match.matches($0) && (!answered || $0.code != nil) }
        }
        let (id, changes) = traffic.listen()
        let timer = Task { [traffic] in
            try await Task.sleep(for: .seconds(seconds))
            traffic.stopListening(id)
        }
        defer {
            timer.cancel()
            traffic.stopListening(id)
        }
        for await _ in changes {
            let matching = found()
            if matching.count >= count { return matching }
        }
        let matching = found()
        if matching.count >= count { return matching }
        throw WaitError(description: "\(matching.count) of \(count) requests came within \(seconds) s: \(match)")
    }

    /// Waits until so many requests of that verb on that resource were answered.
    @discardableResult
    public func waitFor(_ verb: String, _ resource: String, count: Int = 1) async throws -> [RequestRecord] {
        try await waitFor(RequestMatch(verb, resource), count: count)
    }

    // MARK: Faults

    /// Lets the next matching requests go wrong: `times` of them, after `skip` that go well. One fault holds for one request,
    /// the one that was injected first. The number takes it back.
    @discardableResult
    public func inject(_ fault: Fault, on match: RequestMatch, skip: Int = 0, times: Int = 1) -> Int {
        traffic.state.withLock { state in
            state.next += 1
            state.faults.append(
                Traffic.PlannedFault(id: state.next, fault: fault, match: match, skip: skip, times: times))
            return state.next
        }
    }

    /// Takes a fault back.
    public func withdraw(_ fault: Int) { traffic.state.withLock { $0.faults.removeAll { $0.id == fault } } }

    /// Takes all faults back.
    public func heal() { traffic.state.withLock { $0.faults = [] } }

    /// Ends the watches that are open now: cut, or as the server ends them by itself.
    public func dropWatches(_ match: RequestMatch = .any, gracefully: Bool = false) {
        let open = watches.withLock { Array($0.values) }
        let records = requests
        for watch in open where match.matches(records[watch.number]) { watch.end(gracefully) }
    }

    /// How many watches are open now.
    public func openWatches(_ match: RequestMatch = .any) -> Int {
        let open = watches.withLock { Array($0.values) }
        let records = requests
        return open.filter { match.matches(records[$0.number]) }.count
    }

    // MARK: Who may do what

    /// Forbids matching requests to users other than the administrator (403). The number allows them again.
    @discardableResult
    public func deny(_ match: RequestMatch) -> Int {
        traffic.state.withLock { state in
            state.next += 1
            state.denials[state.next] = match
            return state.next
        }
    }

    public func allow(_ denial: Int) { traffic.state.withLock { _ = $0.denials.removeValue(forKey: denial) } }

    /// Makes a bearer token valid.
    public func addToken(_ token: String, user: String, groups: [String] = []) {
        traffic.state.withLock { $0.tokens[token] = User(name: user, groups: groups + ["system:authenticated"]) }
    }

    /// Makes a bearer token invalid (401).
    public func removeToken(_ token: String) {
        traffic.state.withLock { _ = $0.tokens.removeValue(forKey: token) }
    }
}
