internal import Glibc

/// A moment of the monotonic clock, in nanoseconds since boot.
public struct Moment: Comparable, Hashable, Sendable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    public static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The moment that many seconds from now.
    public static func after(seconds: Double) -> Moment {
        Moment(nanoseconds: now.nanoseconds + Int64(seconds * 1_000_000_000))
    }

    /// Seconds from this moment until now; negative for a moment to come.
    public var age: Double { Double(Moment.now.nanoseconds - nanoseconds) / 1_000_000_000 }

    /// Milliseconds that remain, rounded up, never negative: what poll(2) takes.
    public var remainingMilliseconds: CInt {
        let left = nanoseconds - Moment.now.nanoseconds
        return CInt(clamping: max(0, (left + 999_999) / 1_000_000))
    }
}

/// Seconds since 1970 by the wall clock, for records that a person reads.
public func wallClockSeconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
}

/// Nanoseconds since 1970 by the wall clock.
public func wallClockNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
