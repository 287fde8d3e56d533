internal import Glibc
internal import Synchronization
internal import Syscalls
internal import Testing

/// Orders a test without clocks: who waits goes on when the gate is opened. It stays open.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var isOpen: Bool { state.withLock { $0.isOpen } }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withUnsafeContinuation { waiter in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(waiter) }
                return state.isOpen
            }
            if isOpen { waiter.resume() }
        }
    }
}

/// Waits for what only the outside shows, such as the kernel's tables, and fails the test if it does not come.
func eventually(_ what: Comment, location: SourceLocation = #_sourceLocation, _ holds: () throws -> Bool) async throws {
    let limit = Moment.after(seconds: 30)
    while try !holds() {
        if limit < .now {
            Issue.record(what, sourceLocation: location)
            return
        }
        await Task.yield()
    }
}
