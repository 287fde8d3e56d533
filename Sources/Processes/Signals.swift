internal import Glibc

/// The signals that end a process, waited for by one thread (sigwait(3)).
public struct Signals {
    private var set = sigset_t()

    /// Blocks SIGTERM and SIGINT for all threads to come, and ignores SIGPIPE.
    public static func blockEnding() -> Signals {
        var signals = Signals()
        sigemptyset(&signals.set)
        sigaddset(&signals.set, SIGTERM)
        sigaddset(&signals.set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals.set, nil)
        signal(SIGPIPE, SIG_IGN)
        return signals
    }

    /// Waits for one of them and names it.
    public func wait() -> String {
        var set = set
        var number: CInt = 0
        while sigwait(&set, &number) != 0 {}
        return number == SIGINT ? "SIGINT" : "SIGTERM"
    }

    /// Lets the next one end the process at once.
    public func unblock() {
        var set = set
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
