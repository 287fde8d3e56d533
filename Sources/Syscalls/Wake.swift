internal import CLinux
internal import Glibc

/// Wakes a thread that polls (eventfd(2)).
public struct Wake: ~Copyable, Sendable {
    private let event: Descriptor

    public init() throws(SystemError) {
        let number = holdfast_eventfd()
        if number < 0 { throw .last("make", "an event descriptor") }
        event = Descriptor(owning: number)
    }

    public var number: CInt { event.number }

    public func signal() {
        var one: UInt64 = 1
        _ = uninterrupted { write(event.number, &one, 8) }
    }

    /// Waits for a signal, or until the moment, and takes all signals that came.
    public func wait(until moment: Moment) {
        var polled = pollfd(fd: event.number, events: Int16(POLLIN), revents: 0)
        // An interrupted wait is an early one, and the caller looks again anyway.
        if poll(&polled, 1, moment.remainingMilliseconds) > 0 { clear() }
    }

    public func clear() {
        var count: UInt64 = 0
        _ = uninterrupted { read(event.number, &count, 8) }
    }
}
