internal import Glibc
internal import Synchronization
internal import Syscalls
internal import Testing

@Suite("HostThread")
struct HostThreadTests {
    /// A gate that threads block at, as a hung system call does.
    private final class Gate: @unchecked Sendable {
        private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        init() { sem_init(raw, 0, 0) }
        deinit {
            sem_destroy(raw)
            raw.deallocate()
        }
        func wait() { while sem_wait(raw) != 0 {} }
        func open(for count: Int) { for _ in 0..<count { sem_post(raw) } }
    }

    private final class Tally: Sendable {
        private let state: Mutex<[Int]>
        init(_ count: Int) { state = Mutex([Int](repeating: 0, count: count)) }
        func count(_ number: Int) { state.withLock { $0[number] += 1 } }
        var runs: [Int] { state.withLock { $0 } }
    }

    /// Counts the objects of a test that are alive.
    private final class Census: Sendable {
        private let live = Mutex(0)
        func change(_ by: Int) { live.withLock { $0 += by } }
        var count: Int { live.withLock { $0 } }
    }

    private final class Citizen: Sendable {
        let census: Census
        init(_ census: Census) {
            self.census = census
            census.change(1)
        }
        deinit { census.change(-1) }
    }

    enum Refusal: Error, Equatable { case because(Int) }

    @Test("many blocked jobs do not hold another one", arguments: [64, 1_000])
    func blocked(count: Int) async {
        let gate = Gate()
        let (started, report) = AsyncStream.makeStream(of: Void.self)
        let done = await withTaskGroup(of: Int.self) { group in
            for number in 0..<count {
                group.addTask {
                    await HostThread.run { () -> Int in
                        report.yield()
                        gate.wait()
                        return number
                    }
                }
            }
            // All are inside their call at the same time before anything else is asked.
            var all = started.makeAsyncIterator()
            for _ in 0..<count { await all.next() }
            let answer = await HostThread.run { 42 }
            #expect(answer == 42, "it ended although the gate is shut")
            gate.open(for: count)
            var done: Set<Int> = []
            for await number in group { done.insert(number) }
            return done
        }
        #expect(done == Set(0..<count))
    }

    @Test("each job runs once, in whatever number they come")
    func once() async {
        let tally = Tally(5_000)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5_000 {
                group.addTask { await HostThread.run { tally.count(number) } }
            }
        }
        #expect(tally.runs == [Int](repeating: 1, count: 5_000))
        #expect(HostThread.count <= 256, "threads are bounded")
    }

    @Test("an error arrives with its type")
    func typedError() async {
        do throws(Refusal) {
            try await HostThread.run { () throws(Refusal) in throw .because(7) }
            Issue.record("it did not throw")
        } catch {
            #expect(error == .because(7))
        }
    }

    @Test("jobs do not run on the caller's thread, and an idle thread is used again")
    func reuse() async {
        let own = pthread_self()
        var threads: Set<UInt> = []
        for _ in 0..<1_000 {
            let thread = await HostThread.run { pthread_self() }
            #expect(thread != own || threads.contains(thread))
            threads.insert(thread)
        }
        // Other tests' jobs share the pool, so not always the same one comes; a thread a job would be 1,000.
        #expect(threads.count < 300)
    }

    @Test("what a job holds goes with it")
    func noLeak() async {
        let census = Census()
        for _ in 0..<200 {
            let citizen = Citizen(census)
            _ = await HostThread.run { citizen.census.count }
        }
        #expect(census.count <= 10, "at most the last ones, which their threads are just about to drop")
    }
}

@Suite("Clock")
struct ClockTests {
    @Test(
        "milliseconds that remain are rounded up and never negative",
        arguments: [(-5.0, 0...0), (0.0, 0...0), (1.0, 1...1_000), (1e9, 900_000_000...CInt.max)]
            as [(Double, ClosedRange<CInt>)])
    func remaining(seconds: Double, expected: ClosedRange<CInt>) {
        #expect(expected.contains(Moment.after(seconds: seconds).remainingMilliseconds))
    }

    @Test("a moment to come is greater, and its age negative")
    func order() {
        let now = Moment.now
        let later = Moment.after(seconds: 100)
        #expect(now < later)
        #expect(later.age < 0)
        #expect(now.age >= 0)
    }
}

@Suite("RandomBytes")
struct RandomBytesTests {
    @Test("gives as many as asked, and others each time", arguments: [0, 1, 16, 257, 100_000])
    func count(_ count: Int) {
        let first = randomBytes(count)
        #expect(first.count == count)
        if count >= 16 { #expect(first != randomBytes(count)) }
    }

    @Test("hexadecimal is two lower-case digits a byte")
    func hexadecimal() {
        #expect([0, 0x0f, 0xa5, 0xff].hexadecimal == "000fa5ff")
        #expect([UInt8]().hexadecimal == "")
    }
}
