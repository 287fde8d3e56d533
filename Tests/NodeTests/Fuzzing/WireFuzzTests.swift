internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// Mutated requests of every method, against a node with volumes in every state.
///
/// `HOLDFAST_FUZZ_INPUTS` is how many, and `HOLDFAST_FUZZ_SEED` brings the same ones again but for ids, which every pool has
/// of its own.
@Suite("Hostile requests", .needsRoot)
struct WireFuzzTests {
    private static let inputs = environmentNumber("HOLDFAST_FUZZ_INPUTS") ?? 12_000
    private static let seed = environmentNumber("HOLDFAST_FUZZ_SEED").map(UInt64.init) ?? UInt64.random(in: 0..<1 << 32)
    /// Inputs after which everything is looked at and made anew.
    private static let batch = 4_000

    @Test("crash nothing, hold nothing up and touch nothing outside")
    func fuzz() async throws {
        let folder = TemporaryFolder("fuzz")
        let pool = try await PoolGround.xfs.mount(in: folder, size: 2 << 30)
        // What is asked for in hostile sizes would only be waited for while it is formatted.
        let configuration = "pools:\n  - name: default\n    path: \(pool)\n    overcommit: 4\n"
        try await withNode(
            in: folder, pool: pool, configuration: configuration,
            options: ["--log-level", "debug"]
        ) { node in
            let sentinel = try await Sentinel(in: folder)
            symlink(sentinel.decoy, node.path("link"))
            symlink("/proc/self/root", node.path("magic"))
            let started = Moment.now
            let run = FuzzRun(node, seed: Self.seed)
            print("fuzz: seed \(Self.seed) inputs \(Self.inputs)")
            try await sendAll(node, run, sentinel)
            print("fuzz: \(Self.inputs) inputs in \(Int(started.age)) s: \(run.summary)")
            #expect(run.codes[.ok, default: 0] > Self.inputs / 50, "the inputs do not go deep: \(run.summary)")
            #expect(run.codes[.invalidArgument, default: 0] > Self.inputs / 10, "the inputs are tame: \(run.summary)")
            run.close()
            try await expectWhole(node)
        }
    }

    private func sendAll(_ node: NodeUnderTest, _ run: FuzzRun, _ sentinel: Sentinel) async throws {
        var volumes = try await FuzzVolumes(on: node)
        // A first few, so that what is made once and kept is there.
        await run.send(0..<100, volumes.seeds(node), volumes.texts(node, decoy: sentinel.decoy))
        volumes = try await FuzzVolumes.reset(node)
        let before = node.figures
        for start in stride(from: 100, to: Self.inputs, by: Self.batch) {
            let numbers = start..<min(start + Self.batch, Self.inputs)
            await run.send(numbers, volumes.seeds(node), volumes.texts(node, decoy: sentinel.decoy))
            guard node.daemon.exitStatus == nil else { return try nodeEnded(node, run) }
            let probe = try await node.call(CSIMethod.probe, ProbeRequest())
            #expect(probe.ready == true)
            try await sentinel.expectUntouched("inputs \(numbers) of seed \(Self.seed)")
            volumes = try await FuzzVolumes.reset(node)
            await expectNothingKept(node, since: before)
            if Self.inputs > 100_000 { print("fuzz: \(numbers.upperBound) inputs, \(node.figures)") }
            truncate(node.log, 0)
        }
        try await eventuallyFewThreads(node, before)
    }

    private func nodeEnded(_ node: NodeUnderTest, _ run: FuzzRun) throws {
        run.nodeEnded()
        throw NodeEnded(status: node.daemon.exitStatus ?? 0, log: String(node.logText.suffix(4_000)))
    }

    private func expectNothingKept(_ node: NodeUnderTest, since before: ProcessFigures) async {
        await eventually("children or descriptors are left: \(node.figures.newDescriptors(since: before))") {
            let now = node.figures
            return now.children == 0 && now.newDescriptors(since: before).isEmpty
        }
    }

    /// Threads that wait for blocking work leave when they have had none for ten seconds.
    private func eventuallyFewThreads(_ node: NodeUnderTest, _ before: ProcessFigures) async throws {
        let limit = Moment.after(seconds: 30)
        while node.figures.threads > before.threads && limit > .now { try await Task.sleep(for: .milliseconds(100)) }
        #expect(node.figures.threads <= before.threads, "threads are left: \(before) before, \(node.figures) after")
    }

    /// The next start finds nothing to finish, to undo or to complain of, and every volume as it was.
    private func expectWhole(_ node: NodeUnderTest) async throws {
        let before = try await node.call(CSIMethod.listVolumes, ListVolumesRequest())
        truncate(node.log, 0)
        try await node.restart()
        #expect(try await node.call(CSIMethod.listVolumes, ListVolumesRequest()) == before)
        let complaints = node.logText.split(separator: "\n").filter {
            $0.contains(" WARNING ") || $0.contains(" ERROR ")
        }
        #expect(complaints.isEmpty, "the start-up pass complains")
        #expect(node.logText.contains("thawed=0"), "\(node.logText)")
        #expect(node.folder.mounts(at: node.path("plain")) == 1)
        try await FuzzVolumes.removeEverything(node)
    }
}

struct NodeEnded: Error, CustomStringConvertible {
    let status: Int32
    let log: String
    var description: String { "the node ended with wait status \(status): \(log)" }
}
