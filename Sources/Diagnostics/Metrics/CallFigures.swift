internal import Synchronization

/// What is counted of the calls of one method: how each ended, and how long it took.
public final class CallFigures: Sendable {
    /// The method's name, such as `NodeStageVolume`.
    public let method: String
    public let durations = Histogram()
    /// By the number of the code that the call ended with (gRPC has 0 to 16).
    private let ended = Mutex<[UInt64]>(Array(repeating: 0, count: codes))

    private static let codes = 17

    public init(method: String) { self.method = method }

    /// Notes a call that has ended.
    public func note(code: Int, seconds: Double) {
        ended.withLock { if $0.indices.contains(code) { $0[code] += 1 } }
        durations.note(seconds: seconds)
    }

    /// The codes that calls have ended with, and how many did.
    public var codes: [(code: Int, calls: Int64)] {
        ended.withLock { ended in
            ended.indices.filter { ended[$0] > 0 }.map { ($0, Int64(ended[$0])) }
        }
    }
}
