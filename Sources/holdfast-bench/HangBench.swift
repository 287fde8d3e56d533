internal import CSI
internal import RPC
internal import Syscalls

/// How fast Probe is answered while 64 calls do not come back.
///
/// They hang as they would on a dead disk, in the kernel: the filesystem that their pool lies on is frozen
/// (fsfreeze(8)), which holds each of them at its first write until it is thawed.
struct HangBench {
    let bench: NodeBench
    let probes: Int

    private static let calls = 64

    func measure() async throws {
        let client = CSIClient(socket: bench.socket, timeout: 120)
        defer { client.close() }
        // Made once and deleted, so that the ids are known by which each call is seen to be under way.
        var ids: [String] = []
        for number in 0..<Self.calls { ids.append(try await Self.make(number, client)) }
        for id in ids { try await delete(id, client) }
        try run("fsfreeze", ["--freeze", "\(bench.path)/held"])
        do {
            try await measureHeld(ids, client)
        } catch {
            _ = try? run("fsfreeze", ["--unfreeze", "\(bench.path)/held"])
            throw error
        }
        for id in ids { try await delete(id, client) }
    }

    private func measureHeld(_ ids: [String], _ client: CSIClient) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.calls { group.addTask { try await Self.makeThroughout(number, client) } }
            for id in ids { try await waitUntilHeld(id, client) }
            var times: [Double] = []
            for _ in 0..<probes {
                let started = Moment.now
                _ = try await client.call(CSIMethod.probe, ProbeRequest())
                times.append(started.age * 1_000)
            }
            for id in ids { try await waitUntilHeld(id, client) }
            try run("fsfreeze", ["--unfreeze", "\(bench.path)/held"])
            try await group.waitForAll()
            times.sort()
            report("probe_p50_while_64_hang", median(times), "ms")
            report("probe_p99_while_64_hang", times[min(times.count - 1, times.count * 99 / 100)], "ms")
        }
    }

    private static func make(_ number: Int, _ client: CSIClient) async throws(RPCStatus) -> String {
        let capability = VolumeCapability(access: .block, accessMode: .singleNodeWriter)
        let answer = try await client.call(
            CSIMethod.createVolume,
            CreateVolumeRequest(
                name: "held-\(number)", capacityRange: CapacityRange(requiredBytes: 1 << 20),
                volumeCapabilities: [capability], parameters: ["pool": "held"]))
        return answer.volume?.volumeID ?? ""
    }

    /// Asks again where the look whether it is under way had the volume for a moment.
    private static func makeThroughout(_ number: Int, _ client: CSIClient) async throws {
        while true {
            do throws(RPCStatus) {
                _ = try await make(number, client)
                return
            } catch {
                if error.code != .aborted { throw error }
            }
        }
    }

    /// Deleting what is not there is fine; deleting what is being worked on is not.
    private func waitUntilHeld(_ id: String, _ client: CSIClient) async throws {
        let deadline = Moment.after(seconds: 60)
        while Moment.now < deadline {
            do throws(RPCStatus) {
                try await delete(id, client)
            } catch {
                if error.code == .aborted { return }
                throw error
            }
        }
        throw BenchError(description: "the call for volume \(id) does not hang")
    }

    private func delete(_ id: String, _ client: CSIClient) async throws(RPCStatus) {
        _ = try await client.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
    }
}
