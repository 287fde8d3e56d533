internal import CSI
internal import RPC
internal import Syscalls
internal import Testing

@Suite("Killed anywhere, whole again", .needsRoot)
struct KillTests {
    /// A filesystem and the tool that reads all of it without changing it.
    private static let checks: [String: (tool: String, arguments: [String])] = [
        "ext4": ("e2fsck", ["-f", "-n"]), "xfs": ("xfs_repair", ["-n"]), "btrfs": ("btrfs", ["check", "--readonly"]),
    ]

    @Test("a kill within mkfs: staging again ends in a whole filesystem", arguments: ["ext4", "xfs", "btrfs"])
    func withinFormat(type: String) async throws {
        try await withNode { node in
            var volumes: [TestVolume] = []
            for number in 1...4 {
                volumes.append(try await node.create("v\(number)", .mount(type), size: 300 * mebibyte))
            }
            let all = volumes
            async let staging: Void = withTaskGroup(of: Void.self) { group in
                for (number, volume) in all.enumerated() {
                    group.addTask { try? await node.stage(volume, at: "staging-\(number)") }
                }
            }
            await eventually("no volume is being formatted") { all.contains { isBeingFormatted($0, node) } }
            await node.kill()
            await staging
            try await node.start()

            for (number, volume) in all.enumerated() {
                // The killed node's mkfs may still be at work on the device, and has it for itself.
                await eventually("\(type) volume \(number) is not staged") {
                    await outcome { () async throws(RPCStatus) in
                        try await node.stage(volume, at: "staging-\(number)")
                    } == .ok
                }
                try await write([1, 2, 3], to: node.path("staging-\(number)/file"))
                try await node.unstage(volume, at: "staging-\(number)")
            }
            await eventually("devices are still attached") { loopDevices(in: node.pool).isEmpty }
            let check = try #require(Self.checks[type])
            for volume in all {
                let result = try await attempt(check.tool, check.arguments + [node.image(of: volume)])
                #expect(result.status == 0, "\(result.summary)")
            }
        }
    }

    private func isBeingFormatted(_ volume: TestVolume, _ node: NodeUnderTest) -> Bool {
        guard let bytes = try? Files.read(node.record(of: volume), limit: 1 << 20) else { return false }
        return String(decoding: bytes, as: UTF8.self).contains("\"formatting\"")
    }

    @Test("kills at any moment of many lives: the next start goes on, and nothing is lost or left")
    func anyMoment() async throws {
        try await withNode { node in
            let kept = try await node.create("kept")
            try await node.stage(kept, at: "kept")
            try await write([7], to: node.path("kept/file"))
            for round in 1...12 {
                async let lives: Void = withTaskGroup(of: Void.self) { group in
                    for number in 1...6 { group.addTask { try? await live(node, number) } }
                }
                // Each round gets a little further: the log counts the calls that have ended.
                let calls = round * 4
                await eventually("nothing happens") { endedCalls(node) >= calls }
                await node.kill()
                await lives
                try await node.start()
                // What a life had come to is brought to its end.
                for number in 1...6 { try await end(node, number) }
                #expect(node.poolFiles() == ["\(kept.id).image", "\(kept.id).record"])
                #expect(node.folder.mountPoints == [node.path("kept")])
                await eventually("devices are left") { loopDevices(in: node.pool).count == 1 }
                node.clearLog()
            }
            #expect(try await read(node.path("kept/file"), count: 1) == [7])
        }
    }

    private func endedCalls(_ node: NodeUnderTest) -> Int {
        node.logText.split(separator: "\n").count { $0.contains("operation=") }
    }

    private func live(_ node: NodeUnderTest, _ number: Int) async throws {
        for _ in 1...100 {
            let volume = try await node.create("v\(number)", size: 8 * mebibyte)
            try await node.stage(volume, at: "staging-\(number)")
            try await node.publish(volume, at: "target-\(number)", from: "staging-\(number)")
            try await node.unpublish(volume, at: "target-\(number)")
            try await node.unstage(volume, at: "staging-\(number)")
            try await node.delete(volume)
        }
    }

    private func end(_ node: NodeUnderTest, _ number: Int) async throws {
        let volume = try await node.create("v\(number)", size: 8 * mebibyte)
        try await node.unpublish(volume, at: "target-\(number)")
        // A killed node's mkfs may hold the device for a moment yet.
        await eventually("volume \(number) is not unstaged and deleted") {
            await outcome { () async throws(RPCStatus) in
                try await node.unstage(volume, at: "staging-\(number)")
                try await node.delete(volume)
            } == .ok
        }
    }
}

extension NodeUnderTest {
    /// Forgets what was said so far; the process appends to the same file.
    fileprivate func clearLog() { folder.write("node.log", "") }
}
