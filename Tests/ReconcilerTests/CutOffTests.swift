internal import CSI
internal import JSON
internal import Kubernetes
internal import Syscalls
internal import TestSupport
internal import Testing

/// What becomes of the claim while the reconciler is dead.
private enum Fate: String, CaseIterable {
    case stays = "the claim stays"
    case goes = "the claim is deleted"
}

/// One piece of work of the reconciler. Nobody lists its steps: a first run records them.
struct CutOffWork: Sendable, CustomTestStringConvertible {
    let label: String
    let loops: String
    /// Brings about what the work needs, with a reconciler of its own.
    var prepare: @Sendable (ReconcilerGround) async throws -> Void = { _ in }
    /// What starts the work.
    let begin: @Sendable (ReconcilerGround) async throws -> Void
    /// Whether it is done.
    let isDone: @Sendable (ReconcilerGround) async throws -> Bool
    /// Ends what there is besides claims and volumes, before nothing may be left.
    var finish: @Sendable (ReconcilerGround) async throws -> Void = { _ in }

    var testDescription: String { label }

    static let all = [
        CutOffWork(
            label: "a claim's volume", loops: "provision", begin: { _ = try await $0.makeClaim() },
            isDone: { try await $0.claim(named: "claim").phase == "Bound" }),
        CutOffWork(
            label: "a clone", loops: "provision",
            prepare: { ground in
                try await ground.makeClaim("source")
                try await ground.waitUntilBound("source")
            },
            begin: { ground in
                let source = ground.name("source")
                _ = try await ground.makeClaim {
                    $0.json["spec", "dataSource"] = ["kind": "PersistentVolumeClaim", "name": .string(source)]
                }
            },
            isDone: { ground in
                let source = try await ground.claim(named: "source")
                return try await ground.claim(named: "claim").phase == "Bound"
                    && !source.finalizers.contains("provisioner.storage.kubernetes.io/cloning-protection")
            }),
        CutOffWork(
            label: "a restore", loops: "provision",
            prepare: { ground in
                try await ground.makeClaim("source")
                try await ground.waitUntilBound("source")
                try await ground.makeSnapshot(of: "source")
            },
            begin: { ground in
                let source = ground.snapshotSource
                _ = try await ground.makeClaim { $0.json["spec", "dataSource"] = source }
            },
            isDone: { ground in
                let snapshot = try await ground.snapshot()
                return try await ground.claim(named: "claim").phase == "Bound" && snapshot.finalizers.isEmpty
            },
            finish: { ground in
                try await ground.wait("the snapshot's release") { try await ground.snapshot().finalizers.isEmpty }
                try await ground.deleteSnapshots()
            }),
        CutOffWork(
            label: "a deletion", loops: "delete",
            prepare: { ground in
                try await ground.makeClaim()
                try await ground.waitUntilBound()
            },
            begin: { try await $0.deleteClaim() },
            isDone: { ground in
                let (objects, volumes) = (try await ground.persistentVolumes(), try await ground.heldVolumes())
                return objects.isEmpty && volumes.isEmpty
            }),
        CutOffWork(
            label: "a growth", loops: "expand",
            prepare: { ground in
                try await ground.makeClaim()
                try await ground.waitUntilBound()
            },
            begin: { ground in
                _ = try await ground.client.mergePatch(
                    PersistentVolumeClaim.self, ground.name("claim"), namespace: "default",
                    ["spec": ["resources": ["requests": ["storage": "64Mi"]]]])
            },
            isDone: { ground in
                let claim = try await ground.claim(named: "claim")
                return claim.capacity == Quantity("64Mi") && claim.allocatedStorageStatus == nil
            }),
    ]
}

@Suite("The reconciler killed between any two steps")
struct CutOffTests {
    /// Side by side, each with a cluster of its own: they wait for processes most of the time.
    @Test("the work is finished, or undone with its claim, and nothing is left", .tellsApart)
    func everyStep() async {
        await sideBySide(CutOffWork.all, atMost: 4) { try await walk($0) }
    }

    private func walk(_ work: CutOffWork) async throws {
        try await withGround { ground in
            try await ground.makeClass()
            let steps = try await record(work, ground)
            #expect(steps.count >= 4, "\(steps)")
            // A turn that was taken again because the server was slow to tell of the first does not come in every run.
            var missed: [FaultPoint] = []
            for (number, step) in steps.enumerated() {
                // After a step and before the next one the same is on the server and on the node: the one end takes the
                // one fate, the other the other.
                let fate: Fate = number % 2 == 0 ? .goes : .stays
                let what = "\(work.label), killed \(step), \(fate.rawValue)"
                try await setUp(work, ground)
                ground.faults.kill(at: step)
                try ground.start(loops: work.loops)
                try await work.begin(ground)
                try await ground.wait("\(what): the kill, or the end of the work") {
                    if ground.hasEnded { return true }
                    return try await work.isDone(ground)
                }
                // What follows the work's end, such as letting a source go, has a moment more.
                let limit = Moment.after(seconds: 2)
                while !ground.hasEnded, Moment.now < limit { try await Task.sleep(for: .milliseconds(5)) }
                if !ground.hasEnded { missed.append(step) }
                ground.faults.clear()
                await ground.end()
                if fate == .goes { try? await ground.deleteClaim() }
                try ground.start()
                if fate == .stays { try await ground.wait(what) { try await work.isDone(ground) } }
                try await clear(work, ground, what)
            }
            #expect(missed.count <= 1 + steps.count / 5, "not passed again were \(missed)")
        }
    }

    private func setUp(_ work: CutOffWork, _ ground: ReconcilerGround) async throws {
        try ground.start()
        try await work.prepare(ground)
        await ground.end(gently: true)
    }

    private func record(_ work: CutOffWork, _ ground: ReconcilerGround) async throws -> [FaultPoint] {
        try await setUp(work, ground)
        ground.faults.startRecording()
        try ground.start(loops: work.loops)
        try await work.begin(ground)
        try await ground.wait(work.label) { try await work.isDone(ground) }
        await ground.end(gently: true)
        // Events are told beside the work, in their own time.
        let steps = ground.faults.recorded().filter { !$0.name.hasSuffix(" events") }
        try ground.start()
        try await clear(work, ground, work.label)
        return steps
    }

    /// Deletes all claims, and expects neither volume nor PersistentVolume nor finalizer to be left.
    private func clear(_ work: CutOffWork, _ ground: ReconcilerGround, _ what: String) async throws {
        try? await ground.deleteClaim()
        try await work.finish(ground)
        for suffix in ["claim", "source"] { try? await ground.deleteClaim(suffix) }
        try await ground.waitUntilClean(what)
        try await ground.wait("\(what): the end of the claims") {
            try await ground.client.list(PersistentVolumeClaim.self, namespace: "default").items.allSatisfy {
                !$0.name.hasPrefix(ground.prefix)
            }
        }
        await ground.end(gently: true)
    }
}
