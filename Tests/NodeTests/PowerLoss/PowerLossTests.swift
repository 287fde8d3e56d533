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
        var tally = Tally()
        let place = PoolGround.allCases.firstIndex(of: ground) ?? 0
        let count = (Self.cuts + PoolGround.allCases.count - 1 - place) / PoolGround.allCases.count
        for (number, cut) in PowerCut.choose(count, of: run, seed: Self.seed &+ UInt64(place)).enumerated() {
            let found = await look(at: run, after: cut, &tally)
            if number % 3 == 0 { await lookAgain(at: run, after: cut, found, &tally) }
        }
        tally.controls = try await controls(run)
        print("powerfail \(ground.rawValue): \(tally)")
    }

    private struct Tally: CustomStringConvertible {
        var (cuts, checks, losses, controls) = (0, 0, 0, 0)

        mutating func add(_ found: PowerFindings) {
            cuts += 1
            checks += found.checks
            losses += found.losses.count
        }

        var description: String { "\(cuts) cuts, \(checks) checks, \(losses) losses, \(controls) controls lost data" }
    }

    @discardableResult
    private func look(at run: PowerRun, after cut: PowerCut, _ tally: inout Tally) async -> PowerFindings {
        let (world, inFlight) = run.state(at: cut.position)
        let found = await PowerLook.look(
            at: cut.survivors(of: run.log), world, inFlight: inFlight, retries: cut.retries)
        tally.add(found)
        #expect(found.losses == [], "\(cut), \(inFlight.map { "within '\($0.deed)'" } ?? "between two calls")")
        return found
    }

    /// The power goes a second time, while the filesystem replays its journal or the node makes its start-up pass.
    private func lookAgain(
        at run: PowerRun, after cut: PowerCut, _ found: PowerFindings, _ tally: inout Tally
    ) async {
        var random = SplitMix(cut.seed)
        var log = DiskLog()
        log.entries = cut.survivors(of: run.log) + [.sync]
        let first = log.entries.count
        log.entries += found.recovery
        let second = PowerCut(
            position: Int.random(in: first...log.entries.count, using: &random), loss: .some, seed: random.next(),
            retries: !cut.retries)
        let (world, inFlight) = run.state(at: cut.position)
        let found = await PowerLook.look(
            at: second.survivors(of: log), world, inFlight: inFlight, retries: second.retries)
        tally.add(found)
        #expect(found.losses == [], "\(cut), and again \(second.position - first) entries later")
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
            #expect(written ?? .max < flushed ?? -1, "\(step.deed): \(written as Any), \(flushed as Any)")
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
        let loose = try #require(run.steps.first(where: { if case .writeLoosely = $0.deed { true } else { false } }))
        let cut = PowerCut(position: loose.end, loss: .all, seed: 0, retries: true)
        let found = await PowerLook.look(at: cut.survivors(of: run.log), loose.world)
        #expect(found.looseLost > 0, "a file that nobody flushed has survived")
        #expect(found.losses == [])
        if found.looseLost > 0 { lost += 1 }
        // A disk that answers flushes and keeps nothing any more, from its first day on or from the middle of the run.
        let end = try #require(run.steps.last)
        for kept in [run.steps[0], run.steps[run.steps.count / 2]] {
            let found = await PowerLook.look(at: Array(run.log.entries[..<kept.end]), end.world)
            let missing = Set(end.world.volumes.keys).subtracting(kept.world.volumes.keys)
            let told = found.losses.count { $0.contains("is lost") }
            #expect(!missing.isEmpty && told >= missing.count, "\(missing): \(found.losses)")
            if told > 0 { lost += 1 }
        }
        return lost
    }

    /// The copies of an xfs's superblock are written beside its log; btrfs keeps what is written to an image only when that
    /// is flushed.
    @Test("a filesystem that has grown has its new size in all of its places", arguments: PoolGround.allCases)
    func grown(_ ground: PoolGround) async throws {
        let kinds = [("one", VolumeKind.xfs), ("two", .btrfs)]
        let run = try await PowerRun.record(
            [.start] + kinds.flatMap { [.create($0, $1), .use($0), .expand($0, to: $1.size + 128 * mebibyte)] },
            on: ground)
        for step in run.steps {
            guard case .expand = step.deed else { continue }
            var tally = Tally()
            await look(
                at: run, after: PowerCut(position: step.end, loss: .all, seed: 0, retries: true), &tally)
        }
    }

    /// Where root may not have the kernel grow a mounted ext4, resize2fs does it before the mount, and knows no journal.
    @Test(
        "an ext4 whose growth at its next stage is cut off anywhere is whole after the next one",
        arguments: PoolGround.allCases)
    func growing(_ ground: PoolGround) async throws {
        let sizes = [("small", 16 * mebibyte, 400 * mebibyte), ("large", 520 * mebibyte, 1_600 * mebibyte)]
        let deeds = sizes.flatMap { name, before, after -> [PowerDeed] in
            let kind = VolumeKind(name: "ext4", capability: .mount("ext4"), size: before)
            let files = (1...6).map { PowerDeed.write(name, file: "\($0)", sample: $0) }
            return [.create(name, kind), .use(name)] + files
                + [.stopUsing(name), .expand(name, to: after), .use(name)]
        }
        let run = try await PowerRun.record([.start] + deeds, on: ground)
        let growths = run.steps.indices.filter { if case .expand = run.steps[$0].deed { true } else { false } }
        var random = SplitMix(Self.seed)
        var tally = Tally()
        for number in 0..<max(2, Self.cuts / 5) {
            let step = run.steps[growths[number % growths.count] + 1]
            let cut = PowerCut(
                position: Int.random(in: step.begin + 1..<step.end, using: &random),
                loss: .allCases.randomElement(using: &random)!, seed: random.next(), retries: true)
            await look(at: run, after: cut, &tally)
        }
        print("powerfail \(ground.rawValue): \(tally)")
    }
}
