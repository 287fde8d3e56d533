internal import CSI
internal import RPC
internal import Testing

@Suite("Killed anywhere within snapshots, groups and clones", .needsRoot)
struct SnapshotKillTests {
    @Test(
        "the next start goes on; writers are not held, what was there is whole, and nothing is left",
        arguments: PoolGround.allCases)
    func anyMoment(_ ground: PoolGround) async throws {
        try await withNode(on: ground) { node in
            let (one, two) = (try await node.createInUse("one"), try await node.createInUse("two"))
            for name in ["one", "two"] { try await write([1, 2, 3], to: node.path("\(name)/kept")) }
            let kept = try await node.snapshot(one, "kept", parameters: ["maxFreeze": "60s"])
            let files = node.poolFiles()
            for round in 1...5 {
                let said = node.logText.count
                async let life: Void = live(node, one, two)
                // Each round gets a little further, whatever a call takes.
                await eventually("nothing happens") { calls(node, since: said) >= round }
                await node.kill()
                await life
                try await node.start()
                for name in ["one", "two"] { try await write([UInt8(round)], to: node.path("\(name)/\(round)")) }
                try await end(node, one, two)
                #expect(node.poolFiles() == files, "round \(round)")
            }
            let restored = try await node.restore(kept)
            try await node.use(restored, as: "restored")
            #expect(try await read(node.path("restored/kept"), count: 3) == [1, 2, 3])
        }
    }

    private func calls(_ node: NodeUnderTest, since said: Int) -> Int {
        node.logText.dropFirst(said).split(separator: "\n").count {
            $0.contains("operation=Create") || $0.contains("operation=Delete")
        }
    }

    /// Makes and deletes until the node is gone.
    private func live(_ node: NodeUnderTest, _ one: TestVolume, _ two: TestVolume) async {
        while true {
            do throws(RPCStatus) {
                try await make(node, one, two)
                try await remove(node, one, two)
            } catch {
                return
            }
        }
    }

    private func make(_ node: NodeUnderTest, _ one: TestVolume, _ two: TestVolume) async throws(RPCStatus) {
        let parameters = ["maxFreeze": "60s"]
        _ = try await node.group([one, two], parameters: parameters)
        let snapshot = try await node.snapshot(one, "s", parameters: parameters)
        _ = try await node.restore(snapshot, "copy")
    }

    private func remove(_ node: NodeUnderTest, _ one: TestVolume, _ two: TestVolume) async throws(RPCStatus) {
        let parameters = ["maxFreeze": "60s"]
        try await node.delete(group: try await node.group([one, two], parameters: parameters))
        let snapshot = try await node.snapshot(one, "s", parameters: parameters)
        try await node.delete(try await node.restore(snapshot, "copy"))
        try await node.delete(snapshot: snapshot)
    }

    /// Brings what a life had come to to its end: each call succeeds, whatever was cut off.
    private func end(_ node: NodeUnderTest, _ one: TestVolume, _ two: TestVolume) async throws {
        try await make(node, one, two)
        try await remove(node, one, two)
    }
}
