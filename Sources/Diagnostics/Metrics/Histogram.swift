internal import Synchronization

/// How long things took. To note one takes no memory and a moment.
public final class Histogram: Sendable {
    /// Upper bounds of the buckets in seconds; the last bucket has none. From a call that is answered out of memory to the
    /// time-out that kubelet gives a volume.
    public static let bounds: [Double] = [0.000_1, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 30, 120]

    struct Counts {
        /// Not summed up; one more than bounds.
        var buckets: [UInt64]
        var seconds = 0.0
    }

    private let state = Mutex(Counts(buckets: Array(repeating: 0, count: bounds.count + 1)))

    public init() {}

    var counts: Counts { state.withLock { $0 } }

    public func note(seconds: Double) {
        state.withLock { counts in
            var bucket = 0
            while bucket < Self.bounds.count && seconds > Self.bounds[bucket] { bucket += 1 }
            counts.buckets[bucket] += 1
            counts.seconds += seconds
        }
    }
}
