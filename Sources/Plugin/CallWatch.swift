internal import Diagnostics
internal import RPC
internal import Synchronization
internal import Syscalls
internal import Volumes

/// A call from its arrival to its answer.
struct StartedCall: Sendable {
    let number: Int
    /// Such as `NodeStageVolume`.
    let method: String
    let started: Moment
    /// The volume, snapshot or group that it is about, as the client names it.
    var volume: String?
}

/// The calls that have not been answered yet, and what is counted of all of them.
final class Calls: Sendable {
    private let next = Atomic<Int>(1)
    private let running = Mutex<[Int: StartedCall]>([:])
    private let counted = Mutex<[CallFigures]>([])

    /// The figures of a method, made when it is first asked for.
    func figures(of method: String) -> CallFigures {
        counted.withLock { counted in
            if let known = counted.first(where: { $0.method == method }) { return known }
            let new = CallFigures(method: method)
            counted.append(new)
            return new
        }
    }

    var figures: [CallFigures] { counted.withLock { $0 } }

    fileprivate func number() -> Int { next.add(1, ordering: .relaxed).oldValue }
    fileprivate func begin(_ call: StartedCall) { running.withLock { $0[call.number] = call } }
    fileprivate func end(_ call: StartedCall) { running.withLock { _ = $0.removeValue(forKey: call.number) } }

    /// In no order.
    var all: [StartedCall] { running.withLock { Array($0.values) } }
}

/// Watches over the calls of one method: who runs, how each ended, and a line in the log for it.
struct CallWatch: Sendable {
    private let method: String
    private let kind: CallKind
    private let calls: Calls
    private let figures: CallFigures

    init(_ path: String, _ kind: CallKind, _ calls: Calls) {
        let parts = path.split(separator: "/").map(String.init)
        let name = parts.last ?? path
        // Some names of CSI's own are ours as well.
        method = parts.first == "holdfast.v1.Host" ? "Host.\(name)" : name
        self.kind = kind
        self.calls = calls
        figures = calls.figures(of: method)
    }

    func begin() -> StartedCall { StartedCall(number: calls.number(), method: method, started: .now) }

    /// Runs what answers a call, under its number. An answer out of memory is given before anybody could ask for it.
    func run<Value: Sendable>(
        _ call: StartedCall, _ work: @Sendable () async throws(RPCStatus) -> Value
    ) async throws(RPCStatus) -> Value {
        if case .memory = kind { return try await work() }
        calls.begin(call)
        let outcome: Result<Value, RPCStatus> = await CallNumber.$current.withValue(call.number) {
            do throws(RPCStatus) { return .success(try await work()) } catch { return .failure(error) }
        }
        calls.end(call)
        return try outcome.get()
    }

    /// One line a call: refusals are the client's affair (warning), failures are ours (error).
    func end(_ call: StartedCall, _ status: RPCStatus?) {
        let seconds = call.started.age
        figures.note(code: Int(status?.code.rawValue ?? 0), seconds: seconds)
        let level: LogLevel =
            switch status?.code {
            case nil: kind.isRoutine ? .debug : .info
            case .internalError, .dataLoss, .unknown: .error
            default: .warning
            }
        guard Log.shared.isEnabled(level) else { return }
        let microseconds = Int(seconds * 1_000_000)
        Log.shared.write(
            level, status?.message ?? "done",
            [
                "operation": method, "volume": call.volume, "code": (status?.code ?? .ok).name,
                "ms": "\(microseconds / 1_000).\(microseconds % 1_000 / 100)",
            ])
    }
}
