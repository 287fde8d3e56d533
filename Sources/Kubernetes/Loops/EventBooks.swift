internal import Syscalls

/// What was told before: counts of Events, and how much each object has been told.
struct EventBooks {
    private struct Bucket {
        var tokens: Double
        var at: Moment
    }

    private let burst: Double
    private let refill: Double
    private var buckets: [String: Bucket] = [:]
    private var counts: [String: (count: Int64, used: Int)] = [:]
    private var clock = 0
    /// Objects and Events that are remembered. Beyond that the oldest are forgotten, at the cost of a request more.
    private static let room = 2_048

    init(burst: Double, refill: Double) {
        self.burst = burst
        self.refill = refill
    }

    /// Whether the object may be told one more.
    mutating func admits(_ occurrence: Occurrence, now: Moment) -> Bool {
        let object = occurrence.object
        let id = object.uid.isEmpty ? "\(object.kind) \(object.key)" : object.uid
        if buckets.count >= Self.room, buckets[id] == nil { forgetFullBuckets(now) }
        var bucket = buckets[id] ?? Bucket(tokens: burst, at: now)
        bucket.tokens = tokens(bucket, now)
        bucket.at = now
        let isAdmitted = bucket.tokens >= 1
        if isAdmitted { bucket.tokens -= 1 }
        buckets[id] = bucket
        return isAdmitted
    }

    private func tokens(_ bucket: Bucket, _ now: Moment) -> Double {
        min(burst, bucket.tokens + Double(now.nanoseconds - bucket.at.nanoseconds) / 1e9 / refill)
    }

    /// A full bucket says no more than none. When none is full, the ones that changed longest ago go.
    private mutating func forgetFullBuckets(_ now: Moment) {
        buckets = buckets.filter { tokens($0.value, now) < burst }
        if buckets.count < Self.room { return }
        let median = buckets.values.map(\.at).sorted()[buckets.count / 2]
        buckets = buckets.filter { $0.value.at > median }
    }

    /// How often the Event of that name has been told; nil when that is not known.
    mutating func count(of name: String) -> Int64? {
        clock += 1
        counts[name]?.used = clock
        return counts[name]?.count
    }

    mutating func note(_ name: String, count: Int64) {
        clock += 1
        if counts.count >= Self.room, counts[name] == nil {
            let median = counts.values.map(\.used).sorted()[counts.count / 2]
            counts = counts.filter { $0.value.used > median }
        }
        counts[name] = (count, clock)
    }
}
