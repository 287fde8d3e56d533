internal import Glibc
internal import TestSupport
internal import Testing

/// No machine has to lose its power for this: the disk beneath the pool remembers every write and every flush, so that what
/// it would hold after a cut at any moment can be put together, mounted and looked at.
@Suite("The power goes", .needsRoot, .serialized)
struct PowerLossTests {
    /// How many cuts all grounds have together.
    private static let cuts = getenv("HOLDFAST_POWERFAIL_CUTS").flatMap { Int(String(cString: $0)) } ?? 20
    private static let seed = getenv("HOLDFAST_POWERFAIL_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    @Test(
        "what was acknowledged or flushed is there afterwards, and what got no answer can be repeated or given up",
        arguments: PoolGround.allCases)
    func cuts(_ ground: PoolGround) async throws {
        let run = try await PowerRun.record(PowerRun.deeds(on: ground), on: ground)
        expectFlushes(in: run)
        var (checks, losses) = (0, 0)
        let place = PoolGround.allCases.firstIndex(of: ground) ?? 0
        let count = (Self.cuts + PoolGround.allCases.count - 1 - place) / PoolGround.allCases.count
        for cut in PowerCut.choose(count, of: run, seed: Self.seed &+ UInt64(place)) {
            let (world, inFlight) = run.state(at: cut.position)
            let found = await PowerLook.look(
                at: cut.survivors(of: run.log), of: ground, world, inFlight: inFlight, retries: cut.retries)
            checks += found.checks
            losses += found.losses.count
            let doing = inFlight.map { "within \($0.deed)" } ?? "between two calls"
            #expect(found.losses == [], "\(cut), \(doing)")
        }
        let controls = try await controls(run)
        print(
            "powerfail \(ground.rawValue): \(count) cuts, \(checks) checks, \(losses) losses, \(controls) controls lost data"
        )
    }

    /// The superblocks' copies of an xfs are written beside its log; btrfs keeps what is written to an image only when that
    /// is flushed.
    @Test("a filesystem that has grown has its new size in all of its places", arguments: PoolGround.allCases)
    func grown(_ ground: PoolGround) async throws {
        let kinds = [("one", VolumeKind.xfs), ("two", .btrfs)]
        let run = try await PowerRun.record(
            [.start] + kinds.flatMap { [.create($0, $1), .use($0), .expand($0, to: $1.size + 128 * mebibyte)] },
            on: ground)
        for step in run.steps.dropFirst() {
            let cut = PowerCut(position: step.end, loss: .all, seed: 0, retries: true)
            let found = await PowerLook.look(at: cut.survivors(of: run.log), of: ground, step.world)
            #expect(found.losses == [], "\(step.deed)")
        }
    }

    /// Where root may not have the kernel grow a mounted ext4, resize2fs does it before the mount, and knows no journal.
    @Test(
        "an ext4 whose growth at its next stage is cut off anywhere is whole after the next one",
        arguments: PoolGround.allCases)
    func growing(_ ground: PoolGround) async throws {
        let small = VolumeKind(name: "ext4", capability: .mount("ext4"), size: 16 * mebibyte)
        let large = VolumeKind(name: "ext4", capability: .mount("ext4"), size: 520 * mebibyte)
        let sizes = [("small", small, 400 * mebibyte), ("large", large, 1_600 * mebibyte)]
        let run = try await PowerRun.record(
            [.start]
                + sizes.flatMap { name, kind, size -> [PowerDeed] in
                    let files = (1...6).map { PowerDeed.write(name, file: "\($0)", sample: $0) }
                    return [.create(name, kind), .use(name)] + files
                        + [.stopUsing(name), .expand(name, to: size), .use(name)]
                }, on: ground)
        let last = run.steps.indices.filter { if case .expand = run.steps[$0].deed { true } else { false } }
        var random = SplitMix(Self.seed)
        for number in 0..<max(2, Self.cuts / 5) {
            let step = run.steps[last[number % last.count] + 1]
            let cut = PowerCut(
                position: Int.random(in: step.begin + 1..<step.end, using: &random),
                loss: .allCases.randomElement(using: &random)!, seed: random.next(), retries: true)
            let (world, inFlight) = run.state(at: cut.position)
            let found = await PowerLook.look(
                at: cut.survivors(of: run.log), of: ground, world, inFlight: inFlight)
            #expect(found.losses == [], "\(cut)")
        }
    }

    /// Each flush that a workload made has come down through two filesystems and two loop devices.
    private func expectFlushes(in run: PowerRun) {
        for step in run.steps {
            guard case .write(_, _, let sample) = step.deed else { continue }
            let entries = run.log.entries[step.begin..<step.end]
            let written = entries.firstIndex { entry in
                if case .write(_, let bytes) = entry { holds(sample, bytes) } else { false }
            }
            let flushed = entries.lastIndex { if case .sync = $0 { true } else { false } }
            #expect(
                written ?? .max < flushed ?? -1,
                "\(step.deed): written at \(written as Any), flushed at \(flushed as Any)")
        }
    }

    private func holds(_ sample: Int, _ bytes: [UInt8]) -> Bool {
        let head = Array("sample \(sample) block ".utf8)
        return stride(from: 0, to: bytes.count, by: 512).contains { bytes[$0...].starts(with: head) }
    }

    /// Disks and clients that lose data must be seen to: otherwise all the rest shows nothing. Returns how many did.
    private func controls(_ run: PowerRun) async throws -> Int {
        var lost = 0
        // A client that does not flush.
        let loose = try #require(run.steps.first { if case .writeLoosely = $0.deed { true } else { false } })
        let cut = PowerCut(position: loose.end, loss: .all, seed: 0, retries: true)
        let found = await PowerLook.look(at: cut.survivors(of: run.log), of: run.ground, loose.world)
        #expect(found.looseLost > 0, "a file that nobody flushed has survived")
        #expect(found.losses == [])
        if found.looseLost > 0 { lost += 1 }
        // A disk that answers flushes and keeps nothing any more, from its first day on or from the middle of the run.
        let end = try #require(run.steps.last)
        for kept in [run.steps[0], run.steps[run.steps.count / 2]] {
            let found = await PowerLook.look(at: Array(run.log.entries[..<kept.end]), of: run.ground, end.world)
            let missing = Set(end.world.volumes.keys).subtracting(kept.world.volumes.keys)
            #expect(found.losses.count { $0.contains("is lost") } >= missing.count, "\(found.losses)")
            if !missing.isEmpty, !found.losses.isEmpty { lost += 1 }
        }
        return lost
    }
}
