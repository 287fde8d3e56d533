internal import Synchronization
internal import Syscalls

/// Keys that wait for work, each at most once, and each worked on by at most one worker at a time.
///
/// A key that is added while it is worked on is worked on again afterwards. What fails comes back later by `retry`, after
/// twice the time with each failure, until `forget`.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private let backoff: Backoff
    private let state = Mutex(QueueState<Key>())
    private let timer = Signal()

    public init(backoff: Backoff = Backoff()) { self.backoff = backoff }

    /// To be worked on as soon as a worker is free.
    public func add(_ key: Key) {
        state.withLock { $0.add(key) }?.resume()
    }

    /// To be worked on after that many seconds, or when it is added otherwise before.
    public func add(_ key: Key, after seconds: Double) {
        state.withLock { $0.add(key, at: .after(seconds: seconds)) }
        timer.raise()
    }

    /// To be worked on again after a failure, and a delay that grows with each.
    public func retry(_ key: Key) {
        state.withLock { state in
            let failures = state.failures[key, default: 0] + 1
            state.failures[key] = failures
            state.add(key, at: .after(seconds: backoff.delay(after: failures)))
        }
        timer.raise()
    }

    /// The key's work has succeeded, or will never: its next failure is the first.
    public func forget(_ key: Key) { state.withLock { $0.failures[key] = nil } }

    /// How often in a row it has failed.
    public func failures(of key: Key) -> Int { state.withLock { $0.failures[key] ?? 0 } }

    /// How many keys wait for a worker.
    public var waiting: Int { state.withLock { $0.waiting } }

    /// How many keys wait for their time.
    public var delayed: Int { state.withLock { $0.due.count } }

    /// Works until `shutDown`, or until the task is cancelled, and returns when the last worker has finished.
    public func run(workers: Int, _ work: @escaping @Sendable (Key) async -> Void) async {
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.runTimer() }
                for _ in 0..<workers {
                    group.addTask {
                        while let key = await self.next() {
                            await work(key)
                            self.finished(key)
                        }
                    }
                }
            }
        } onCancel: {
            shutDown()
        }
    }

    /// Gives no more work out. What waits is forgotten.
    public func shutDown() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for worker in idle { worker.resume() }
        timer.raise()
    }

    /// The next key for a worker; nil at the end.
    private func next() async -> Key? {
        while true {
            let step = state.withLock { $0.take() }
            switch step {
            case .work(let key): return key
            case .leave: return nil
            case .wait: break
            }
            await withUnsafeContinuation { continuation in
                let goesOn = state.withLock { state in
                    if state.isClosed || state.waiting > 0 { return true }
                    state.idle.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        }
    }

    private func finished(_ key: Key) {
        state.withLock { $0.finished(key) }?.resume()
    }

    private func runTimer() async {
        while true {
            let (workers, next, isClosed) = state.withLock { state in
                (state.takeDue(now: .now), state.due.values.min(), state.isClosed)
            }
            for worker in workers { worker.resume() }
            if isClosed { return }
            await timer.wait(until: next)
        }
    }
}

/// The books of a work queue.
struct QueueState<Key: Hashable & Sendable> {
    typealias Worker = UnsafeContinuation<Void, Never>

    enum Step {
        case work(Key)
        case wait, leave
    }

    /// Keys that wait, in their order; those before `taken` are taken.
    private var order: [Key] = []
    private var taken = 0
    /// The keys of `order` that are not taken yet, and those that are to be worked on again.
    private var pending: Set<Key> = []
    private var running: Set<Key> = []
    private(set) var due: [Key: Moment] = [:]
    var failures: [Key: Int] = [:]
    var idle: [Worker] = []
    var isClosed = false

    var waiting: Int { order.count - taken }

    /// Answers the worker to wake.
    mutating func add(_ key: Key) -> Worker? {
        guard !isClosed, pending.insert(key).inserted, !running.contains(key) else { return nil }
        order.append(key)
        return idle.popLast()
    }

    mutating func add(_ key: Key, at moment: Moment) {
        if !isClosed { due[key] = min(due[key] ?? moment, moment) }
    }

    mutating func take() -> Step {
        if isClosed { return .leave }
        guard taken < order.count else { return .wait }
        let key = order[taken]
        taken += 1
        if taken == order.count {
            order.removeAll(keepingCapacity: order.count < 4_096)
            taken = 0
        } else if taken > 1_024 {
            order.removeFirst(taken)
            taken = 0
        }
        pending.remove(key)
        running.insert(key)
        return .work(key)
    }

    mutating func finished(_ key: Key) -> Worker? {
        running.remove(key)
        guard pending.remove(key) != nil else { return nil }
        return add(key)
    }

    /// Moves the keys whose time has come.
    mutating func takeDue(now: Moment) -> [Worker] {
        var workers: [Worker] = []
        for (key, _) in due.filter({ $0.value <= now }).sorted(by: { $0.value < $1.value }) {
            due[key] = nil
            if let worker = add(key) { workers.append(worker) }
        }
        return workers
    }
}
