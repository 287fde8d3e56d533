internal import Synchronization

/// What has come, what goes wrong, and who may do what.
final class Traffic: Sendable {
    struct State: ~Copyable {
        var records: [RequestRecord] = []
        var faults: [PlannedFault] = []
        var denials: [Int: RequestMatch] = [:]
        var tokens: [String: User] = [:]
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    struct PlannedFault {
        let id: Int
        let fault: Fault
        let match: RequestMatch
        var skip: Int
        var times: Int
    }

    let state = Mutex(State())

    /// Notes a request and says what goes wrong with it.
    func arrived(_ make: (Int) -> RequestRecord) -> (number: Int, fault: Fault?) {
        state.withLock { state in
            let record = make(state.records.count)
            state.records.append(record)
            defer { Self.tell(state) }
            for index in state.faults.indices where state.faults[index].match.matches(record) {
                if state.faults[index].skip > 0 {
                    state.faults[index].skip -= 1
                    continue
                }
                if state.faults[index].times == 0 { continue }
                state.faults[index].times -= 1
                return (record.number, state.faults[index].fault)
            }
            return (record.number, nil)
        }
    }

    func answered(_ number: Int, code: Int) {
        state.withLock { state in
            state.records[number].code = code
            Self.tell(state)
        }
    }

    private static func tell(_ state: borrowing State) {
        for listener in state.listeners.values { listener.yield() }
    }

    func isDenied(_ number: Int) -> Bool {
        state.withLock { state in
            let record = state.records[number]
            return state.denials.values.contains { $0.matches(record) }
        }
    }

    /// Something comes out of it whenever a request has come or was answered.
    func listen() -> (id: Int, changes: AsyncStream<Void>) {
        let (changes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.yield()
        return (id, changes)
    }

    func stopListening(_ id: Int) { state.withLock { $0.listeners.removeValue(forKey: id) }?.finish() }
}

/// Who asks.
struct User: Sendable {
    let name: String
    let groups: [String]

    static let anonymous = User(name: "system:anonymous", groups: ["system:unauthenticated"])
}
