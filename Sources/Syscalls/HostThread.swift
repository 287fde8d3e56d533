internal import Glibc
internal import Synchronization

/// The one hop from async code to a thread that may block.
///
/// A blocking call on Swift's own small pool starves every other call (measured: 64 calls that sleep 200 ms hold a
/// Probe for 6 s). These threads are made on demand, kept for a while when idle, and bounded.
public enum HostThread {
    /// Runs `body` on a thread that may block and returns its value or its error.
    public static func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withUnsafeContinuation { continuation in
            ThreadPool.shared.submit {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Starts `body` on a thread that may block, and does not wait for it. It takes none of the threads of `run`, which may
    /// all be waiting for it.
    public static func start(_ body: @escaping @Sendable () -> Void) { ThreadPool.apart.submit(body) }

    /// Runs `body` on a thread that is made for it alone and ends with it, and waits for its end. What belongs to a thread,
    /// such as its mount namespace, may be changed there. Nil when no thread could be made.
    public static func alone<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        let outcome = Outcome<Value, Failure>()
        let status = ThreadPool.startThread {
            do throws(Failure) {
                outcome.give(.success(try body()))
            } catch {
                outcome.give(.failure(error))
            }
        }
        return status == 0 ? try outcome.wait() : nil
    }

    /// What one thread brings back to the one that waits for it.
    private final class Outcome<Value: Sendable, Failure: Error>: Sendable {
        private let result = Mutex<Result<Value, Failure>?>(nil)
        private let end = Flag()

        func give(_ value: Result<Value, Failure>) {
            result.withLock { $0 = value }
            end.raise()
        }

        func wait() throws(Failure) -> Value {
            end.wait()
            guard let value = result.withLock({ $0 }) else {
                preconditionFailure("the flag is raised behind the result")
            }
            return try value.get()
        }
    }

    /// How many threads the pool has now, idle ones included.
    public static var count: Int { ThreadPool.shared.count }

    /// Whether so many threads are held by calls that do not come back that a further one could not begin.
    public static var isExhausted: Bool { ThreadPool.shared.isExhausted }

    /// How many threads `run` has at the most.
    public static var mostThreads: Int { ThreadPool.shared.most }
}

/// Threads that take jobs from one queue.
private final class ThreadPool: Sendable {
    static let shared = ThreadPool(limit: 256, most: 2_048, idleSeconds: 10)
    /// For what calls start and wait for: three for each of them at the most.
    static let apart = ThreadPool(limit: 768, most: 6_144, idleSeconds: 10)

    fileprivate struct State: ~Copyable {
        var jobs: [(@Sendable () -> Void)?] = []
        var taken = 0
        var threads = 0
        var idle = 0
        /// How many jobs were ever taken.
        var begun = 0
        /// Whether the system gave no further thread when one was asked for last: it has a limit of its own.
        var lacksThreads = false
        /// Whether somebody watches that the queue moves.
        var isWatched = false

        var queued: Int { jobs.count - taken }
    }

    /// More threads than this are started only while none of them comes back.
    private let limit: Int
    let most: Int
    private let idleSeconds: Int
    private let state = Mutex(State())
    /// A semaphore counts the jobs that wait: sem_timedwait(3) lets an idle thread leave.
    private let waiting: Semaphore

    init(limit: Int, most: Int, idleSeconds: Int) {
        self.limit = limit
        self.most = most
        self.idleSeconds = idleSeconds
        waiting = Semaphore()
    }

    var count: Int { state.withLock { $0.threads } }

    var isExhausted: Bool {
        state.withLock { ($0.threads >= most || $0.lacksThreads) && $0.idle == 0 && $0.queued > 0 }
    }

    func submit(_ job: @escaping @Sendable () -> Void) {
        let (start, watch) = state.withLock { state in
            state.jobs.append(job)
            guard state.queued > state.idle else { return (false, false) }
            if state.threads < limit {
                state.threads += 1
                return (true, false)
            }
            let watch = !state.isWatched
            state.isWatched = true
            return (false, watch)
        }
        if start { startWorker() }
        if watch { startWatch() }
        waiting.signal()
    }

    /// While jobs wait and none is begun, all threads are held by calls that hang, and there have to be more of them: a job
    /// that is not about the same device would otherwise wait with them.
    private func watch() {
        var begun = -1
        while true {
            let step: (goesOn: Bool, starts: Int) = state.withLock { state in
                guard state.queued > 0 else {
                    state.isWatched = false
                    return (false, 0)
                }
                guard state.begun == begun else {
                    begun = state.begun
                    return (true, 0)
                }
                let starts = min(state.queued, most - state.threads, Self.startsAtOnce)
                state.threads += starts
                return (true, starts)
            }
            if !step.goesOn { return }
            for _ in 0..<step.starts { startWorker() }
            usleep(Self.watchMicroseconds)
        }
    }

    private static let watchMicroseconds: UInt32 = 20_000
    private static let startsAtOnce = 32

    /// Says what pthread_create(3) did.
    static func startThread(_ body: @escaping @Sendable () -> Void) -> CInt {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 * 1024)
        var thread = pthread_t()
        let me = Unmanaged.passRetained(ThreadLife(body))
        let status = pthread_create(
            &thread, &attributes,
            { raw in
                Unmanaged<ThreadLife>.fromOpaque(raw!).takeRetainedValue().body()
                return nil
            }, me.toOpaque())
        pthread_attr_destroy(&attributes)
        if status != 0 { me.release() }
        return status
    }

    /// Starts a thread that is counted already.
    private func startWorker() {
        let status = Self.startThread { [self] in work() }
        state.withLock { $0.lacksThreads = status != 0 }
        if status == 0 { return }
        // The queued job is taken by another thread when one comes free; with none at all nothing would ever run.
        let left = state.withLock { state in
            state.threads -= 1
            return state.threads
        }
        precondition(left > 0, "no thread could be started: \(String(cString: strerror(status)))")
    }

    private func startWatch() {
        if Self.startThread({ [self] in watch() }) != 0 { state.withLock { $0.isWatched = false } }
    }

    private func work() {
        while true {
            let isSpare = state.withLock { state in
                // Of those that came because others did not come back, none waits for more to do.
                if state.threads > limit && state.queued == 0 {
                    state.threads -= 1
                    return true
                }
                state.idle += 1
                return false
            }
            if isSpare { return }
            let signalled = waiting.wait(seconds: idleSeconds)
            let step: Step = state.withLock { state in
                state.idle -= 1
                if signalled { return .run(state.next()) }
                // A job may have been queued for this thread while it was waking up: its signal is still to be taken.
                if state.jobs.count > state.taken { return .waitAgain }
                state.threads -= 1
                return .leave
            }
            switch step {
            case .run(let job): job()
            case .waitAgain: continue
            case .leave: return
            }
        }
    }

    private enum Step {
        case run(@Sendable () -> Void)
        case waitAgain, leave
    }
}

extension ThreadPool.State {
    /// The oldest job. Taken ones are dropped in bulk, so that taking one costs no move of the rest.
    fileprivate mutating func next() -> @Sendable () -> Void {
        guard let job = jobs[taken] else { preconditionFailure("a job is taken once") }
        jobs[taken] = nil
        taken += 1
        begun += 1
        if taken == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            taken = 0
        } else if taken > 1_024 {
            jobs.removeFirst(taken)
            taken = 0
        }
        return job
    }
}

/// What a new thread does.
private final class ThreadLife: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// A counting semaphore at a fixed address (sem_overview(7)).
private final class Semaphore: @unchecked Sendable {
    private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(raw, 0, 0) }

    deinit {
        sem_destroy(raw)
        raw.deallocate()
    }

    func signal() { sem_post(raw) }

    /// False when nothing was signalled in that time.
    func wait(seconds: Int) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        until.tv_sec += seconds
        return uninterrupted { sem_timedwait(raw, &until) } == 0
    }
}
