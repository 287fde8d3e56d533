internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Many calls at once", .needsRoot)
struct ConcurrencyTests {
    @Test("32 volumes live side by side, and nothing is left of them")
    func sideBySide() async throws {
        try await withNode { node in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...32 {
                    group.addTask { try await live(node, number) }
                }
                try await group.waitForAll()
            }
            #expect(node.poolFiles() == [])
            #expect(node.folder.mountPoints.isEmpty)
        }
    }

    private func live(_ node: NodeUnderTest, _ number: Int) async throws {
        let capability: VolumeCapability = number % 8 == 0 ? .block() : .mount()
        let volume = try await node.create("v\(number)", capability, size: 16 * mebibyte)
        try await node.stage(volume, at: "staging-\(number)")
        try await node.publish(volume, at: "target-\(number)", from: "staging-\(number)")
        try await node.unpublish(volume, at: "target-\(number)")
        try await node.unstage(volume, at: "staging-\(number)")
        try await node.delete(volume)
    }

    @Test("of the same call several times at once, one does the work and the others do nothing or wait")
    func duplicates() async throws {
        try await withNode { node in
            let volumes = try await withThrowingTaskGroup(of: TestVolume.self) { group in
                for number in 1...8 {
                    group.addTask {
                        try await fourTimes { () async throws(RPCStatus) in _ = try await node.create("v\(number)") }
                        return try await node.create("v\(number)")
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for volume in volumes {
                    group.addTask {
                        let (staging, target) = ("staging-\(volume.id)", "target-\(volume.id)")
                        try await fourTimes { () async throws(RPCStatus) in try await node.stage(volume, at: staging) }
                        try await fourTimes { () async throws(RPCStatus) in
                            try await node.publish(volume, at: target, from: staging)
                        }
                        #expect(node.folder.mounts(at: node.path(target)) == 1)
                        try await fourTimes { () async throws(RPCStatus) in try await node.unpublish(volume, at: target)
                        }
                        try await fourTimes { () async throws(RPCStatus) in try await node.unstage(volume, at: staging)
                        }
                        try await fourTimes { () async throws(RPCStatus) in try await node.delete(volume) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(node.poolFiles() == [])
        }
    }

    /// The same call four times at once: each ends OK or ABORTED, and one of them OK.
    private func fourTimes(_ call: @escaping @Sendable () async throws(RPCStatus) -> Void) async throws {
        let codes = await withTaskGroup(of: StatusCode.self) { group in
            for _ in 1...4 { group.addTask { await outcome(call) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.contains(.ok) && Set(codes).isSubset(of: [.ok, .aborted]), "\(codes.map(\.name))")
    }

    /// A frozen filesystem holds whoever writes to it, for as long as the test wants.
    @Test("many calls that hang hold neither Probe nor another pool's volumes", arguments: [64, 400])
    func hangingPool(count: Int) async throws {
        let folder = TemporaryFolder("node")
        let pool = try await PoolFilesystem.ext4.mount(in: folder)
        let other = folder.makeFolder("other")
        let configuration =
            "pools:\n  - name: default\n    path: \(pool)\n  - name: other\n    path: \(other)\n"
        try await withNode(in: folder, pool: pool, configuration: configuration) { node in
            let last = try await idOfVolume(node, named: "frozen-\(count)")
            try await frozen(pool) {
                async let hanging = withTaskGroup(of: StatusCode.self) { group in
                    for number in 1...count {
                        group.addTask {
                            await creation(of: "frozen-\(number)", on: node)
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                await expectInFlight(node, last)
                let started = Moment.now
                let answer = try await node.call(CSIMethod.probe, ProbeRequest())
                #expect(answer.ready == true)
                let volume = try await node.create("v", size: 16 * mebibyte, parameters: ["pool": "other"])
                try await node.stage(volume)
                try await node.publish(volume)
                try await node.unpublish(volume)
                try await node.unstage(volume)
                try await node.delete(volume)
                #expect(started.age < 20)
                try await thaw(pool)
                #expect(await hanging.allSatisfy { $0 == .ok })
            }
        }
        await removeLeftovers(in: folder)
    }

    @Test("SIGTERM lets a call that runs finish, refuses new ones, and ends with 0")
    func drain() async throws {
        let folder = TemporaryFolder("node")
        let pool = try await PoolFilesystem.ext4.mount(in: folder)
        try await withNode(in: folder, pool: pool) { node in
            let id = try await idOfVolume(node, named: "frozen")
            try await frozen(pool) {
                async let running = creation(of: "frozen", on: node)
                await expectInFlight(node, id)
                let daemon = node.daemon
                daemon.signal(SIGTERM)
                await eventually("the node does not drain") { node.logText.contains("draining") }
                #expect(node.logText.contains("calls=1"), "\(node.logText)")
                #expect(daemon.exitStatus == nil)
                let late = CSIClient(socket: node.socket, timeout: 5)
                // The line is written before the listener closes: a call that slips in between is still answered.
                await eventually("new calls are still taken") {
                    await outcome { () async throws(RPCStatus) in
                        try await late.call(CSIMethod.probe, .init())
                    } == .unavailable
                }
                late.close()
                try await thaw(pool)
                #expect(await running == .ok)
                await eventually("the node does not end") { daemon.exitStatus != nil }
                #expect(daemon.exitStatus == 0)
            }
            // What was answered before the end is there after it.
            try await node.start()
            let list = try await node.call(CSIMethod.listVolumes, ListVolumesRequest())
            #expect(list.entries.count == 1)
        }
        await removeLeftovers(in: folder)
    }

    /// The id that a volume of that name will have.
    private func idOfVolume(_ node: NodeUnderTest, named name: String) async throws(RPCStatus) -> String {
        let volume = try await node.create(name, size: 8 * mebibyte)
        try await node.delete(volume)
        return volume.id
    }

    /// Creates a volume, again when the look whether it is in flight had its claim for a moment.
    private func creation(of name: String, on node: NodeUnderTest) async -> StatusCode {
        while true {
            let code = await outcome { () async throws(RPCStatus) in try await node.create(name, size: 8 * mebibyte) }
            if code != .aborted { return code }
        }
    }

    /// Shows that a volume is being made: deleting the unknown is fine, deleting what is being worked on is not.
    private func expectInFlight(_ node: NodeUnderTest, _ id: String) async {
        await eventually("the creation is not in flight") {
            await outcome { () async throws(RPCStatus) in
                try await node.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
            } == .aborted
        }
    }

    /// Freezes the filesystem at a path for the time of `body`.
    private func frozen(_ path: String, _ body: () async throws -> Void) async throws {
        try await run("fsfreeze", "--freeze", path)
        do { try await body() } catch {
            _ = try await attempt("fsfreeze", "--unfreeze", path)
            throw error
        }
        _ = try await attempt("fsfreeze", "--unfreeze", path)
    }

    private func thaw(_ path: String) async throws { try await run("fsfreeze", "--unfreeze", path) }
}
