internal import Diagnostics
internal import Kubernetes
internal import Synchronization
internal import Syscalls

/// The keys of one kind of work, their workers, and what becomes of a turn that fails.
struct Loop: Sendable {
    /// For the log: `provision`.
    let name: String
    let workers: Int
    let queue: WorkQueue<ObjectKey>
    let settle: @Sendable (ObjectKey) async throws -> Turn
    let figures = LoopFigures()

    init(
        _ name: String, workers: Int, backoff: Backoff = Backoff(first: 1, cap: 300),
        settle: @escaping @Sendable (ObjectKey) async throws -> Turn
    ) {
        self.name = name
        self.workers = workers
        self.settle = settle
        queue = WorkQueue(backoff: backoff)
    }

    /// Works until the task is cancelled.
    func run() async {
        await queue.run(workers: workers) { key in await turn(key) }
    }

    private func turn(_ key: ObjectKey) async {
        let begun = Moment.now
        do {
            let turn = try await settle(key)
            figures.note(turn == .done ? .done : .waits, seconds: begun.age)
            switch turn {
            case .done: queue.forget(key)
            case .retry: queue.retry(key)
            case .again(let seconds): queue.add(key, after: seconds)
            }
        } catch {
            if (error as? KubernetesError)?.isCancelled == true || error is CancellationError { return }
            figures.note(.failed, seconds: begun.age)
            queue.retry(key)
            Log.shared.warning(
                "a turn has failed and comes again",
                ["loop": name, "object": "\(key)", "error": "\(error)", "ms": "\(Int(begun.age * 1_000))"])
        }
    }
}

/// How the turns of a loop have ended so far.
final class LoopFigures: Sendable {
    enum Ending: String, CaseIterable {
        /// Nothing is left to do.
        case done
        /// Something has to change first, and its owner was told.
        case waits
        /// The API server or the node could not be asked.
        case failed
    }

    let durations = Histogram()
    private let counts = Mutex<[Ending: Int64]>([:])

    func note(_ ending: Ending, seconds: Double) {
        durations.note(seconds: seconds)
        counts.withLock { $0[ending, default: 0] += 1 }
    }

    func count(_ ending: Ending) -> Int64 { counts.withLock { $0[ending] ?? 0 } }
}
