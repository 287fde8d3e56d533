internal import CSI
internal import RPC
internal import TestSupport
internal import Testing

@Suite("A limit of volumes", .needsRoot)
struct MaxVolumesTests {
    private let two = ["--max-volumes", "2"]

    private func create(_ count: Int, on node: NodeUnderTest) async throws(RPCStatus) -> [TestVolume] {
        var volumes: [TestVolume] = []
        for number in 1...count { volumes.append(try await node.create("v\(number)", size: 8 * mebibyte)) }
        return volumes
    }

    @Test("is told by NodeGetInfo")
    func info() async throws {
        try await withNode(options: two) { node in
            let info = try await node.call(CSIMethod.nodeGetInfo, NodeGetInfoRequest())
            #expect(info.maxVolumesPerNode == 2)
        }
    }

    @Test("attaching beyond it is refused, again after a restart; there is room when one is detached")
    func attaching() async throws {
        try await withNode(options: two) { node in
            let volumes = try await create(3, on: node)
            try await node.attach(volumes[0])
            try await node.attach(volumes[1])
            for _ in 1...2 {
                await refused(.resourceExhausted, "--max-volumes", "2") { try await node.attach(volumes[2]) }
                // What is attached is attached.
                try await node.attach(volumes[0])
                try await node.attach(volumes[1])
                try await node.restart()
            }
            try await node.detach(volumes[0])
            try await node.attach(volumes[2])
            await refused(.resourceExhausted, "--max-volumes") { try await node.attach(volumes[0]) }
        }
    }

    @Test("of many that are attached at once, so many are")
    func attachingAtOnce() async throws {
        try await withNode(options: ["--max-volumes", "3"]) { node in
            let volumes = try await create(12, on: node)
            let codes = await outcomes(volumes) { volume throws(RPCStatus) in try await node.attach(volume) }
            #expect(Set(codes).isSubset(of: [.ok, .resourceExhausted]), "\(codes.map(\.name))")
            #expect(codes.count(where: { $0 == .ok }) == 3, "\(codes.map(\.name))")
        }
    }

    @Test("staging beyond it is refused without any attaching, again after a restart", arguments: Access.allCases)
    func staging(access: Access) async throws {
        try await withNode(options: two) { node in
            var volumes: [TestVolume] = []
            for number in 1...3 {
                volumes.append(try await node.create("v\(number)", access.capability, size: 128 * mebibyte))
            }
            try await node.use(volumes[0], as: "one")
            try await node.stage(volumes[1], at: "two")
            for _ in 1...2 {
                await refused(.resourceExhausted, "--max-volumes", "2") {
                    try await node.stage(volumes[2], at: "three")
                }
                #expect(loopDevices(in: node.pool).count == 2)
                try await node.stage(volumes[0], at: "one.staging")
                try await node.stage(volumes[1], at: "two")
                try await node.publish(volumes[1], at: "two-target", from: "two")
                try await node.unpublish(volumes[1], at: "two-target")
                try await node.restart()
            }
            try await node.unstage(volumes[1], at: "two")
            try await node.stage(volumes[2], at: "three")
            await refused(.resourceExhausted, "--max-volumes") { try await node.stage(volumes[1], at: "two") }
        }
    }

    @Test("concurrent stagings never pass it")
    func stagingAtOnce() async throws {
        try await withNode(options: ["--max-volumes", "3"]) { node in
            let volumes = try await create(10, on: node)
            for _ in 1...3 {
                let codes = await outcomes(volumes) { volume throws(RPCStatus) in
                    try await node.stage(volume, at: "staging-\(volume.id)")
                }
                #expect(Set(codes).isSubset(of: [.ok, .resourceExhausted]), "\(codes.map(\.name))")
                let staged = node.folder.mountPoints.count
                #expect(staged <= 3 && staged == codes.count(where: { $0 == .ok }))
                // Who is alone gets its place.
                for volume in volumes where node.folder.mounts(at: node.path("staging-\(volume.id)")) == 0 {
                    if node.folder.mountPoints.count == 3 { break }
                    try await node.stage(volume, at: "staging-\(volume.id)")
                }
                #expect(node.folder.mountPoints.count == 3)
                for volume in volumes { try await node.unstage(volume, at: "staging-\(volume.id)") }
            }
        }
    }

    @Test("ephemeral volumes count")
    func ephemeral() async throws {
        try await withNode(options: two) { node in
            let volumes = try await create(2, on: node)
            try await node.stage(volumes[0])
            try await node.publish(ephemeral: NodeUnderTest.handle(1), at: "first")
            await refused(.resourceExhausted, "--max-volumes") {
                try await node.publish(ephemeral: NodeUnderTest.handle(2), at: "second")
            }
            await refused(.resourceExhausted, "--max-volumes") { try await node.stage(volumes[1], at: "other") }
            #expect(node.poolFiles().count == 6, "the refused one left something: \(node.poolFiles())")
            try await node.publish(ephemeral: NodeUnderTest.handle(1), at: "first")
            try await node.restart()
            await refused(.resourceExhausted, "--max-volumes") {
                try await node.publish(ephemeral: NodeUnderTest.handle(2), at: "second")
            }
            try await node.unpublish(ephemeral: NodeUnderTest.handle(1), at: "first")
            try await node.publish(ephemeral: NodeUnderTest.handle(2), at: "second")
        }
    }

    /// How the same call for each of the volumes, all at once, ends.
    private func outcomes(
        _ volumes: [TestVolume], _ call: @escaping @Sendable (TestVolume) async throws(RPCStatus) -> Void
    ) async -> [StatusCode] {
        await withTaskGroup(of: StatusCode.self) { group in
            for volume in volumes {
                group.addTask { await outcome { () async throws(RPCStatus) in try await call(volume) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}
