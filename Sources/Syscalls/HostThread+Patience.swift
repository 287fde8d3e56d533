internal import Synchronization

extension HostThread {
    /// Does the same with many things, one after the other on a thread that may block. One that does not come back within
    /// `patience` seconds is left behind, with its thread, and the others go on. The answer is those. Where one hangs others
    /// may: each of them gets `laterPatience`, so that many do not add up to minutes.
    ///
    /// `body` may still come to its end for one that was left behind.
    public static func forEach<Item: Sendable>(
        _ items: [Item], patience: Double, _ body: @escaping @Sendable (Item) -> Void
    ) -> [Item] {
        var late: [Item] = []
        var next = 0
        while next < items.count {
            let walk = Walk(items: Array(items[next...]), body: body)
            walk.begin()
            let isFirst = late.isEmpty
            guard let stuck = walk.wait(patience: isFirst ? patience : min(patience, laterPatience)) else { break }
            late.append(items[next + stuck])
            next += stuck + 1
        }
        return late
    }

    /// Seconds that are given to each thing after one has used up all patience.
    private static var laterPatience: Double { 0.3 }
}

/// One thread's way through the things that are left.
private final class Walk<Item: Sendable>: Sendable {
    private struct State {
        var position = 0
        var since = Moment.now
        var isAbandoned = false
    }

    private let items: [Item]
    /// What it holds is let go before the end is told: whoever waits for that may be its owner.
    private let body: Mutex<(@Sendable (Item) -> Void)?>
    private let state = Mutex(State())
    private let ended = Flag()

    init(items: [Item], body: @escaping @Sendable (Item) -> Void) {
        self.items = items
        self.body = Mutex(body)
    }

    func begin() {
        HostThread.start { [self] in
            walk()
            ended.raise()
        }
    }

    private func walk() {
        guard let body = body.withLock({ $0.take() }) else { return }
        state.withLock { $0.since = .now }
        for item in items {
            body(item)
            let goesOn = state.withLock { state in
                state.position += 1
                state.since = .now
                return !state.isAbandoned
            }
            if !goesOn { return }
        }
    }

    /// Nil when all are done; else the position of the one that holds the thread.
    func wait(patience: Double) -> Int? {
        while true {
            let since = state.withLock { $0.since }
            if ended.wait(until: .after(seconds: max(0.001, patience - since.age))) { return nil }
            let stuck: Int? = state.withLock { state in
                guard state.position < items.count, state.since.age >= patience else { return nil }
                state.isAbandoned = true
                return state.position
            }
            if let stuck { return stuck }
        }
    }
}
