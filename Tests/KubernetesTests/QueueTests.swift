import Synchronization
import Syscalls
import Testing

@testable import Kubernetes

/// A value that several tasks change.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { value in
            var copy = value
            defer { value = copy }
            return body(&copy)
        }
    }
}

@Suite struct QueueTests {
    /// Somewhere to hold work until the test lets it go.
    private final class Gate: Sendable {
        private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

        func wait() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiters.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiters = state.withLock { state in
                state.isOpen = true
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    @Test func worksOnAKeyOnceAtATime() async {
        let queue = WorkQueue<String>()
        let running = Shared<[String: Int]>([:])
        let done = Shared<[String: Int]>([:])
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await queue.run(workers: 8) { key in
                    let others = running.withLock { running in
                        running[key, default: 0] += 1
                        return running[key] ?? 0
                    }
                    #expect(others == 1)
                    await Task.yield()
                    running.withLock { $0[key, default: 0] -= 1 }
                    let total = done.withLock { done in
                        done[key, default: 0] += 1
                        return done.values.reduce(0, +)
                    }
                    if total < 2_000 { queue.add(key) } else { queue.shutDown() }
                }
            }
            for key in ["a", "b", "c"] { queue.add(key) }
        }
        #expect(done.withLock { $0.values.reduce(0, +) } >= 2_000)
    }

    @Test func worksAgainOnWhatChangedMeanwhileAndOnceOnly() async {
        let queue = WorkQueue<String>()
        let begun = Gate()
        let free = Gate()
        let runs = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await queue.run(workers: 4) { _ in
                    let run = runs.withLock { runs in
                        runs += 1
                        return runs
                    }
                    if run == 1 {
                        begun.open()
                        await free.wait()
                    } else {
                        queue.shutDown()
                    }
                }
            }
            queue.add("a")
            await begun.wait()
            for _ in 0..<10 { queue.add("a") }
            #expect(queue.waiting == 0)
            free.open()
        }
        #expect(runs.withLock { $0 } == 2)
    }

    @Test func bringsBackWhatFailedLaterEachTime() async {
        let queue = WorkQueue<String>(backoff: Backoff(first: 0.02, cap: 0.16))
        let times = Shared<[Moment]>([])
        async let running: Void = queue.run(workers: 1) { key in
            let count = times.withLock { times in
                times.append(.now)
                return times.count
            }
            if count < 6 { queue.retry(key) } else { queue.shutDown() }
        }
        queue.add("a")
        await running
        let moments = times.withLock { $0 }
        let gaps = zip(moments, moments.dropFirst()).map { Double($1.nanoseconds - $0.nanoseconds) / 1e9 }
        for (gap, least) in zip(gaps, [0.01, 0.02, 0.04, 0.08, 0.08]) { #expect(gap >= least) }
        #expect(queue.failures(of: "a") == 5)
        queue.forget("a")
        #expect(queue.failures(of: "a") == 0)
    }

    @Test func takesTheSoonerOfTwoTimes() async {
        let queue = WorkQueue<String>()
        queue.add("a", after: 1_000)
        queue.add("a", after: 0.01)
        queue.add("b", after: 1_000)
        await queue.run(workers: 1) { key in
            #expect(key == "a")
            queue.shutDown()
        }
        #expect(queue.delayed == 1)
    }

    @Test func endsWhenItsTaskIsCancelled() async {
        let queue = WorkQueue<Int>()
        let begun = Gate()
        let task = Task {
            await queue.run(workers: 3) { _ in
                begun.open()
                while !Task.isCancelled { await Task.yield() }
            }
        }
        queue.add(1)
        queue.add(2, after: 1_000)
        await begun.wait()
        task.cancel()
        await task.value
        queue.add(3)
        #expect(queue.waiting == 0)
    }

    @Test func delaysGrowUpToTheCap() {
        let backoff = Backoff(first: 1, cap: 300)
        for failures in 1..<12 {
            let one = (0..<50).map { _ in backoff.delay(after: failures) }
            let next = (0..<50).map { _ in backoff.delay(after: failures + 1) }
            let isGrowing = one.max()! <= next.min()!
            #expect(isGrowing || backoff.fullDelay(after: failures + 1) == 300)
            #expect(Set(one).count > 1)
        }
        #expect(backoff.fullDelay(after: 10_000) == 300)
        #expect(backoff.delay(after: 0) <= 1)
    }
}

@Suite struct RateLimiterTests {
    @Test func givesTurnsAtARateAfterABurst() {
        let limiter = RateLimiter(perSecond: 10, burst: 3)
        let start = Moment(nanoseconds: 1_000_000_000_000)
        func turn(at seconds: Double) -> Double {
            let now = Moment(nanoseconds: start.nanoseconds + Int64(seconds * 1e9))
            return Double(limiter.takeTurn(now: now).nanoseconds - start.nanoseconds) / 1e9
        }
        #expect((0..<6).map { _ in turn(at: 0) } == [0, 0, 0, 0.1, 0.2, 0.3])
        // After a rest the burst is back, and no more than that.
        #expect((0..<5).map { _ in turn(at: 100) } == [100, 100, 100, 100.1, 100.2])
    }

    @Test func holdsEverybodyWhileTheServerAsksForIt() async throws {
        let limiter = RateLimiter(perSecond: 1_000, burst: 1_000)
        limiter.pause(seconds: 0.05)
        limiter.pause(seconds: 0.01)
        let start = Moment.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for urgent in [true, false, false] { group.addTask { try await limiter.wait(urgent: urgent) } }
            try await group.waitForAll()
        }
        #expect(start.age >= 0.05)
    }

    @Test func aCancelledTaskDoesNotWait() async {
        let limiter = RateLimiter(perSecond: 0.001, burst: 1)
        let task = Task {
            try await limiter.wait()
            try await limiter.wait()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
