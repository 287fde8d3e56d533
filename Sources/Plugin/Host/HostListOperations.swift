internal import CSI
internal import RPC
internal import Syscalls
internal import Volumes

extension Plugin {
    /// Lists what is being worked on, from memory.
    func hostListOperations(
        _ request: Host.ListOperationsRequest, _ context: CallContext
    ) async throws(RPCStatus) -> Host.ListOperationsResponse {
        let number = CallNumber.current
        return Host.ListOperationsResponse(operations: operations(besides: number).map(Host.Operation.init))
    }

    /// What runs now, the longest first: calls with what they hold, and what is held without a call.
    ///
    /// Calls of the Host service are told of as well: one that does not come to its end would be a trouble like any other.
    func operations(besides own: Int?) -> [RunningOperation] {
        let work = storage.work
        var operations: [RunningOperation] = []
        let calls = calls.all
        for call in calls where call.number != own {
            // A call may hold a name, a volume and a path; the last step that any of them came to is what it is at.
            let last = work.filter { $0.call == call.number }.max { $0.stepSince < $1.stepSince }
            operations.append(RunningOperation(call, last))
        }
        let numbers = Set(calls.map(\.number))
        for claimed in work where claimed.call.map(numbers.contains) != true {
            operations.append(RunningOperation(claimed))
        }
        return operations.sorted { $0.since < $1.since }
    }
}

/// A call that has not been answered yet, or work that goes on without one.
struct RunningOperation: Sendable {
    let method: String
    let volume: String
    let since: Moment
    let work: ClaimedWork?

    /// Seconds after which a call that holds nothing counts as stuck.
    private static let patience = 60.0

    var isStuck: Bool { work?.isStuck ?? (since.age > Self.patience) }

    init(_ call: StartedCall, _ work: ClaimedWork?) {
        (method, volume, since, self.work) = (call.method, call.volume ?? "", call.started, work)
    }

    init(_ work: ClaimedWork) {
        let words = work.subject.split(separator: " ", maxSplits: 1)
        method = work.operation
        volume = words.first == "volume" && words.count == 2 ? String(words[1]) : ""
        since = work.since
        self.work = work
    }
}

extension Host.Operation {
    fileprivate init(_ operation: RunningOperation) {
        let age = operation.since.age
        self.init(
            method: operation.method, volume: operation.volume,
            since: wireTime(wallClockNanoseconds() - Int64(age * 1_000_000_000)), ageMilliseconds: Int64(age * 1_000),
            step: operation.work?.step ?? "",
            stepMilliseconds: Int64((operation.work?.stepSince ?? operation.since).age * 1_000),
            stuck: operation.isStuck, subject: operation.work?.subject ?? "")
    }
}
