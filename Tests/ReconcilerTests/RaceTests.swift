internal import Glibc
internal import Kubernetes
internal import Testing

@Suite("Several nodes")
struct RaceTests {
    @Test("where one node has the driver, a claim is given to it without being offered to others")
    func alone() async throws {
        try await withGround { ground in
            let double = try #require(ground.double)
            try await ground.makeNode()
            try await ground.makeRegistration()
            // A node without the driver takes no part.
            try await ground.makeNode(ground.name("second"))
            try await ground.makeClass()
            try ground.start(loops: "provision,delete,node")
            try await ground.wait("the leadership") { ground.log.contains("leading") }
            let claims = ["first", "second", "third"]
            for claim in claims {
                try await ground.makeClaim(claim)
                try await ground.waitUntilBound(claim)
            }
            // The first may have come before all that is to be known was known. The others are never offered to anybody.
            for claim in claims.dropFirst() {
                let writes = double.requests(
                    ReconcilerGround.its("patch", "persistentvolumeclaims", name: ground.name(claim)))
                let offers = writes.filter { String(decoding: $0.body, as: UTF8.self).contains(#"/node":"""#) }
                #expect(!writes.isEmpty && offers.isEmpty, "\(claim)")
            }
            for claim in claims { try await ground.deleteClaim(claim) }
            try await ground.waitUntilClean()
        }
    }

    @Test("a node that hangs is given no share, and keeps no claim from the others")
    func hanging() async throws {
        try await withGround { first in
            let other = try ReconcilerGround(beside: first, node: first.name("second"))
            do {
                try await first.makeClass()
                try await first.makeNode()
                try await first.makeRegistration()
                try first.start(loops: "provision,delete,node")
                try await first.wait("the leadership") { first.log.contains("leading") }
                try await first.makeClaim("before")
                try await first.waitUntilBound("before")
                try other.start(loops: "provision,delete,node")
                try await other.wait("the second") { other.log.contains("reconciling") }
                try first.stopNode()
                defer { try? first.letNodeGoOn() }
                // Registered is the first alone, so each claim is in its share.
                for number in 0..<4 { try await first.makeClaim("claim-\(number)") }
                for number in 0..<4 { try await first.waitUntilBound("claim-\(number)") }
                let held = try await other.heldVolumes()
                #expect(held.count == 4)
                try first.letNodeGoOn()
                for number in 0..<4 { try await first.deleteClaim("claim-\(number)") }
                try await first.deleteClaim("before")
                for ground in [first, other] { try await ground.waitUntilClean() }
            } catch {
                Issue.record("the second's last words:\n\(other.log.suffix(3_000))")
                await other.end(gently: true)
                await other.endNode()
                throw error
            }
            let status = await other.end(gently: true)
            #expect(status == 0, "\(other.log)")
            await other.endNode()
        }
    }

    @Test(
        "claims that name no node are raced for: each gets one volume, and nothing is made in vain",
        arguments: APIServer.allCases)
    func race(server: APIServer) async throws {
        try await withGround(server) { first in
            let others = try ["second", "third"].map { try ReconcilerGround(beside: first, node: first.name($0)) }
            let all = [first] + others
            do {
                try await first.makeClass()
                for ground in all {
                    try await ground.makeNode()
                    try await ground.makeRegistration()
                }
                for ground in all { try ground.start(loops: "provision,delete,node") }
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
