/// How long to wait after each failure in a row: twice as long each time, up to a cap, less a random part so that many
/// clients do not come back at one moment.
public struct Backoff: Sendable {
    /// In seconds, after the first failure.
    public let first: Double
    /// In seconds.
    public let cap: Double

    public init(first: Double = 1, cap: Double = 300) {
        precondition(first > 0 && cap >= first, "a backoff that does not grow")
        self.first = first
        self.cap = cap
    }

    /// The delay in seconds after that many failures in a row, 1 and more: from half of the full delay to all of it, so that
    /// no delay is shorter than the one before until the cap is reached.
    public func delay(after failures: Int) -> Double {
        fullDelay(after: failures) * Double.random(in: 0.5...1)
    }

    func fullDelay(after failures: Int) -> Double {
        // 2^62 s is beyond every cap.
        min(cap, first * Double(UInt64(1) << UInt64(min(max(failures, 1) - 1, 62))))
    }
}
