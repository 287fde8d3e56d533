internal import CSI
internal import Glibc
internal import Syscalls
internal import TestSupport

/// Whoever kills, fails and hangs the node of a soak, one fault after the other.
final class SoakFaults {
    private let node: NodeUnderTest
    private let tally: SoakTally
    private let faults: FaultControl
    private let disk: FaultyDisk
    private var random: SeededRandom
    /// Every point that was seen so far.
    private var points: Set<FaultPoint> = []

    init(_ node: NodeUnderTest, _ tally: SoakTally, _ faults: FaultControl, _ disk: FaultyDisk, seed: UInt64) {
        self.node = node
        self.tally = tally
        self.faults = faults
        self.disk = disk
        random = SeededRandom(seed: seed)
    }

    func run() async {
        while !tally.isOver {
            let pause = Int.random(in: 20...600, using: &random)
            try? await Task.sleep(for: .milliseconds(pause))
            do { try await disturb() } catch {
                tally.lose("the node did not come back: \(error)\n\(node.logText.suffix(800))")
            }
        }
        faults.clear()
        disk.heal()
    }

    private func disturb() async throws {
        for point in faults.recorded() { points.insert(FaultPoint(side: point.side, name: point.name, count: 1)) }
        faults.startRecording()
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1:
            tally.fault("kills")
            try await node.restart()
        case 2, 3, 4: try await killAtPoint()
        case 5, 6:
            guard let point = points.filter({ $0.side == "before" }).randomElement(using: &random) else { return }
            tally.fault("failed steps")
            faults.fail(at: point, Bool.random(using: &random) ? EIO : ENOSPC)
            try await rest()
        case 7:
            guard let point = points.randomElement(using: &random) else { return }
            tally.fault("held steps")
            faults.hang(at: point)
            try await rest()
        case 8:
            tally.fault("disk hangs")
            disk.hang(Bool.random(using: &random) ? .write : .sync)
            try await rest()
        default:
            tally.fault("restarts")
            let daemon = node.daemon
            let status = await HostThread.run { daemon.end(within: 60) }
            tally.check(status == 0, "a drain ended with wait status \(status)")
            node.client.close()
            try await node.start()
        }
        faults.clear()
        disk.heal()
    }

    private func rest() async throws {
        try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &random)))
    }

    /// Kills the node at one of its points, if it comes to it, and sometimes the start that follows at one of its own.
    private func killAtPoint() async throws {
        guard let point = points.randomElement(using: &random) else { return }
        faults.kill(at: point)
        let daemon = node.daemon
        let limit = Moment.after(seconds: 1)
        while daemon.exitStatus == nil && Moment.now < limit { try await Task.sleep(for: .milliseconds(2)) }
        guard daemon.exitStatus != nil else { return faults.clear() }
        tally.fault("kills at a point")
        faults.clear()
        await node.kill()
        try await node.start()
    }
}
