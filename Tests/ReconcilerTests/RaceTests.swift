internal import Kubernetes
internal import Testing

@Suite("Several nodes")
struct RaceTests {
    @Test(
        "claims that name no node are raced for: each gets one volume, and nothing is made in vain",
        arguments: APIServer.allCases)
    func race(server: APIServer) async throws {
        try await withGround(server) { first in
            let others = try ["second", "third"].map { try ReconcilerGround(beside: first, node: first.name($0)) }
            let all = [first] + others
            do {
                try await first.makeClass()
                for ground in all { try ground.start() }
                let count = 12
                for number in 0..<count { try await first.makeClaim("claim-\(number)", size: "16Mi") }
                for number in 0..<count { try await first.waitUntilBound("claim-\(number)") }
                let volumes = try await first.persistentVolumes()
                #expect(volumes.count == count)
                for ground in all {
                    let here = volumes.filter { $0.labels["topology.holdfast.dev/node"] == ground.node }
                    let held = try await ground.heldVolumes()
                    #expect(Set(held) == Set(here.compactMap { $0.csi?.volumeHandle }), "\(ground.node)")
                }
                for number in 0..<count { try await first.deleteClaim("claim-\(number)") }
                for ground in all { try await ground.waitUntilClean() }
            } catch {
                for ground in others {
                    await ground.end(gently: true)
                    await ground.endNode()
                }
                throw error
            }
            for ground in others {
                let status = await ground.end(gently: true)
                #expect(status == 0, "\(ground.log)")
                await ground.endNode()
            }
        }
    }
}
