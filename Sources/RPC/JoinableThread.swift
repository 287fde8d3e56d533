internal import Glibc

/// A thread of our own, for a loop that blocks for as long as it lives.
struct JoinableThread: Sendable {
    private let thread: pthread_t

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// A thread that cannot be started (pthread_create(3): EAGAIN) leaves nothing that could be served, and ends the
    /// process.
    init(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Body(body))
        let status = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<Body>.fromOpaque(raw!).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "no thread could be started: \(String(cString: strerror(status)))")
        self.thread = thread
    }

    /// Waits for the end of the body; from the thread itself it only gives the thread up.
    func join() {
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }
}
