internal import CSI
internal import RPC
internal import Syscalls

/// How fast a plugin answers Probe: one call after the other, and 32 at a time.
struct ProbeBench {
    let name: String
    let socket: String
    let probes: Int

    func measure() async throws {
        let client = CSIClient(socket: socket, timeout: 10)
        defer { client.close() }
        for _ in 0..<500 { _ = try await client.call(CSIMethod.probe, ProbeRequest()) }
        var times: [Double] = []
        times.reserveCapacity(probes)
        for _ in 0..<probes {
            let started = Moment.now
            _ = try await client.call(CSIMethod.probe, ProbeRequest())
            times.append(started.age * 1_000_000)
        }
        report("\(name)probe_p50", median(times), "us")

        let each = probes / 32 * 4
        let started = Moment.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    for _ in 0..<each { _ = try await client.call(CSIMethod.probe, ProbeRequest()) }
                }
            }
            try await group.waitForAll()
        }
        report("\(name)probe_rate_32", Double(each * 32) / started.age, "calls/s")
    }
}
