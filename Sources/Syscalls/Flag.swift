internal import CLinux
internal import Glibc

/// Something that one thread waits for and another one raises, once (sem_overview(7)).
public final class Flag: @unchecked Sendable {
    private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    public init() { sem_init(raw, 0, 0) }

    deinit {
        sem_destroy(raw)
        raw.deallocate()
    }

    public func raise() { sem_post(raw) }

    /// Waits until it is raised. One waiter takes one raise.
    public func wait() { while sem_wait(raw) != 0 {} }

    /// Waits at most until then. False when it was not raised by then.
    public func wait(until limit: Moment) -> Bool {
        uninterrupted { holdfast_wait_until(raw, limit.nanoseconds) } == 0
    }
}
