internal import CSI
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// 64 clients, 32 volumes, and every answer explained.
///
/// `HOLDFAST_MODEL_CALLS` is how many calls there are, and `HOLDFAST_MODEL_SEED` makes the clients choose the same ones again.
@Suite("Many clients on the same volumes", .needsRoot)
struct ConcurrencyModelTests {
    private static let calls = environmentNumber("HOLDFAST_MODEL_CALLS") ?? 12_000
    private static let seed =
        environmentNumber("HOLDFAST_MODEL_SEED").map(UInt64.init) ?? UInt64.random(in: 0..<1 << 32)
    /// The same calls again and again: what is kept of them shows as growth.
    private static let rounds = 3
    /// Bytes by which memory may grow from one such round to the next: the allocators of two dozen threads keep what they
    /// like of what they had.
    private static let margin = 6 << 20

    @Test("answer as if one call came after the other, and nothing is kept")
    func model() async throws {
        try await withNode(on: .xfs) { node in
            let run = try await ModelRun(node, seed: Self.seed)
            defer { run.close() }
            print("model: seed \(Self.seed), \(Self.calls) calls")
            var figures = [node.figures]
            for round in 0..<Self.rounds {
                let started = Moment.now
                let seen = await run.make(Self.calls / Self.rounds)
                let seconds = Int(started.age)
                try #require(node.daemon.exitStatus == nil, "the node ended: \(node.logText.suffix(4_000))")
                judge(seen)
                try await run.removeAll()
                #expect(node.poolFiles() == [], "files are left in the pool")
                #expect(loopDevices(in: node.pool) == [])
                figures.append(node.figures)
                let codes = Dictionary(grouping: seen, by: \.code).mapValues(\.count)
                print(
                    "model: round \(round) took \(seconds) s: "
                        + codes.map { "\($0.key.name) \($0.value)" }.sorted().joined(separator: ", ")
                        + "; \(figures[round + 1])")
            }
            let last = figures[Self.rounds]
            let growth = last.resident - figures[Self.rounds - 1].resident
            #expect(growth < Self.margin, "memory grows with every round: \(figures)")
            run.close()
            await expectNothingKept(node, since: figures[0])
        }
    }

    private func judge(_ seen: [ModelRun.Seen]) {
        let known: Set<StatusCode> = [
            .ok, .notFound, .alreadyExists, .failedPrecondition, .invalidArgument, .aborted, .cancelled,
        ]
        for one in seen where !known.contains(one.code) {
            Issue.record("volume \(one.volume), \(one.event.call): \(one.code.name) \(one.message)")
        }
        for volume in 0..<ModelRun.volumes {
            let its = seen.filter { $0.volume == volume }
            for one in its where one.code == .aborted {
                // Only where another one is at work. One whose client has gone goes on for a while.
                let isBeside = its.contains { other in
                    other.event.began != one.event.began && other.event.began < one.event.ended
                        && (other.event.ended > one.event.began || other.event.answer == nil)
                }
                #expect(isBeside, "\(one.event.call) on volume \(volume) was aborted by nobody: \(one.message)")
            }
            // A call that was told to come again has done nothing.
            let events = its.filter { $0.code != .aborted }.map(\.event)
            if let contradiction = History(events).contradiction(to: VolumeModel()) {
                Issue.record("seed \(Self.seed), volume \(volume): \(contradiction)")
            }
        }
    }

    private func expectNothingKept(_ node: NodeUnderTest, since before: ProcessFigures) async {
        let limit = Moment.after(seconds: 30)
        func isLeft() -> Bool {
            let now = node.figures
            return now.children > 0 || now.threads > before.threads || !now.newDescriptors(since: before).isEmpty
        }
        while isLeft() && limit > .now { try? await Task.sleep(for: .milliseconds(100)) }
        let now = node.figures
        #expect(!isLeft(), "before: \(before); now: \(now), \(now.newDescriptors(since: before))")
    }
}
