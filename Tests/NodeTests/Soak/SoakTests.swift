internal import CSI
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

/// Volumes of all kinds live and die under many hands while the node is killed, held, failed and restarted. `scripts/soak`
/// has it go on for minutes (`HOLDFAST_SOAK_SECONDS`).
@Suite("A soak", .needsRoot)
struct SoakTests {
    private static func setting(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    @Test("nothing that was acknowledged is lost, and nothing is left", arguments: [PoolGround.xfs])
    func mixed(ground: PoolGround) async throws {
        let seconds = Double(Self.setting("HOLDFAST_SOAK_SECONDS") ?? 8)
        let seed = Self.setting("HOLDFAST_SOAK_SEED") ?? UInt64(wallClockSeconds())
        print("soak: seed \(seed)")
        let folder = TemporaryFolder("soak")
        let disk = try FaultyDisk(folder.makeImage("backing", bytes: 6 << 30), at: folder.at("disk"))
        let pool = folder.makeFolder("pool")
        let device = try await run("losetup", "--direct-io=on", "--show", "-f", disk.path).prefix { $0 != "\n" }
        try await ground.makeFilesystem(on: String(device))
        try await run("mount", String(device), pool)
        try await run("losetup", "-d", String(device))
        let faults = FaultControl(folder)
        let tally = SoakTally(seconds: seconds)
        try await withNode(in: folder, pool: pool, launcher: faults.launcher) { node in
            await withTaskGroup(of: Void.self) { group in
                for number in 1...8 {
                    group.addTask { await SoakWorker(node, tally, number, seed: seed).run() }
                }
                group.addTask { await SoakFaults(node, tally, faults, disk, seed: seed &- 1).run() }
                group.addTask {
                    while !tally.isOver {
                        try? await Task.sleep(for: .seconds(20))
                        if !tally.isOver { print(tally.line) }
                    }
                }
            }
            try await node.restart()
            #expect(tally.losses == [], "seed \(seed)")
            #expect(tally.operations > 0)
        }
        print(tally.line)
        withExtendedLifetime(disk) {}
    }
}
