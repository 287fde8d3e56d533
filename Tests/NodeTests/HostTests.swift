internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

extension NodeUnderTest {
    /// All volumes as the Host service has them, page by page.
    func seen(
        _ request: Host.ListVolumesRequest = Host.ListVolumesRequest()
    ) async throws(RPCStatus) -> [Host.Volume] {
        var volumes: [Host.Volume] = []
        var request = request
        repeat {
            let page = try await call(Host.listVolumes, request)
            volumes += page.volumes
            request.startingToken = page.nextToken
        } while !request.startingToken.isEmpty
        return volumes
    }

    func seen(_ volume: TestVolume) async throws -> Host.Volume {
        try #require(try await seen(Host.ListVolumesRequest(volumeID: volume.id)).first)
    }

    func metrics() async throws -> PrometheusText {
        try PrometheusText(try await call(Host.getMetrics, Host.GetMetricsRequest()).text)
    }
}

@Suite("The Host service's volumes", .needsRoot)
struct HostVolumesTests {
    private struct Life {
        var device = false
        var mounts: [Host.Mount.Role] = []
    }

    @Test("are told with their records, and with device and mounts as the kernel has them", arguments: Access.allCases)
    func life(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create(
                "Größe", access.capability, size: 128 * mebibyte, parameters: ["singleWriter": "node"])
            let staged = access == .rawBlock ? [] : [Host.Mount.Role.staging]
            try await expect(node, volume, Life())
            try await node.stage(volume)
            try await expect(node, volume, Life(device: true, mounts: staged))
            try await node.publish(volume)
            try await expect(node, volume, Life(device: true, mounts: staged + [.target]))
            try await node.restart()
            // Nobody has called for them yet.
            try await expect(node, volume, Life(device: true, mounts: (staged + [.target]).map { _ in .unknown }))
            try await node.stage(volume)
            try await node.publish(volume)
            try await expect(node, volume, Life(device: true, mounts: staged + [.target]))
            try await node.unpublish(volume)
            try await node.unstage(volume)
            await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
            try await expect(node, volume, Life())
        }
    }

    private func expect(
        _ node: NodeUnderTest, _ volume: TestVolume, _ life: Life, location: SourceLocation = #_sourceLocation
    ) async throws {
        let seen = try await node.seen(volume)
        #expect(seen.name == "Größe" && seen.pool == "default" && seen.state == .ready, sourceLocation: location)
        #expect(seen.sizeBytes == volume.size && seen.provisioning == "thin", sourceLocation: location)
        #expect(seen.incarnation == volume.context["holdfast.dev/incarnation"], sourceLocation: location)
        #expect(seen.parameters == ["singleWriter": "node"] && seen.troubles == [], sourceLocation: location)
        #expect(seen.block == (volume.capability.access == .block), sourceLocation: location)
        #expect(abs((seen.created?.seconds ?? 0) - wallClockSeconds()) < 300, sourceLocation: location)
        #expect(seen.mounts.map(\.role) == life.mounts, sourceLocation: location)
        #expect(Set(seen.mounts.map(\.path)) == Set(node.folder.mountPoints), sourceLocation: location)
        #expect(seen.format == (life.device && !seen.block ? .formatted : seen.format), sourceLocation: location)
        #expect(seen.fsUUID.isEmpty == (seen.format == .never), sourceLocation: location)
        let inUse = try await node.seen(Host.ListVolumesRequest(inUse: true)).map(\.volumeID)
        #expect(inUse == (life.device ? [volume.id] : []), sourceLocation: location)
        guard life.device else {
            #expect(seen.device == nil, sourceLocation: location)
            return
        }
        let device = try #require(seen.device, sourceLocation: location)
        #expect(device.backing == node.image(of: volume) && device.sizeBytes == volume.size, sourceLocation: location)
        #expect(!device.readonly && device.holders == [], sourceLocation: location)
        var status = stat()
        #expect(stat(device.path, &status) == 0, sourceLocation: location)
        let number = DeviceNumber(major: UInt32(device.major), minor: UInt32(device.minor))
        #expect(DeviceNumber(encoded: UInt64(status.st_rdev)) == number, sourceLocation: location)
    }

    @Test("come in pages and by pool, and are refused what cannot be asked")
    func pages() async throws {
        let folder = TemporaryFolder("node")
        let (one, two) = (folder.makeFolder("pool"), folder.makeFolder("pool2"))
        let configuration = """
            pools:
              - {name: one, path: \(one)}
              - {name: two, path: \(two), overcommit: 2}
            """
        try await withNode(in: folder, pool: folder.at("pool"), configuration: configuration) { node in
            var made: [String: Set<String>] = [:]
            for number in 0..<7 {
                let pool = number < 4 ? "one" : "two"
                made[pool, default: []].insert(
                    try await node.create("v\(number)", .block(), size: mebibyte, parameters: ["pool": pool]).id)
            }
            let all = try await node.seen()
            #expect(all.map(\.volumeID) == all.map(\.volumeID).sorted() && all.count == 7)
            for size in 1...8 {
                let pages = try await node.seen(Host.ListVolumesRequest(maxEntries: Int32(size)))
                #expect(pages == all, "pages of \(size)")
            }
            for (pool, ids) in made {
                let some = try await node.seen(Host.ListVolumesRequest(maxEntries: 2, pool: pool))
                #expect(Set(some.map(\.volumeID)) == ids && some.allSatisfy { $0.pool == pool })
            }
            for id in ["nothing", "../volume", "hf-" + String(repeating: "0", count: 40)] {
                #expect(try await node.seen(Host.ListVolumesRequest(volumeID: id)) == [])
            }
            await refused(.invalidArgument, "max_entries") { try await node.seen(.init(maxEntries: -1)) }
            await refused(.invalidArgument, "'three'", "one, two") { try await node.seen(.init(pool: "three")) }
            await refused(.aborted, "starting_token") { try await node.seen(.init(startingToken: "made.up")) }
            let health = try await node.call(Host.getHealth, Host.GetHealthRequest())
            #expect(health.pools.map(\.name) == ["one", "two"] && health.pools.map(\.overcommit) == ["", "2.0"])
            #expect(health.pools.map(\.volumes) == [4, 3] && health.pools.map(\.path) == [one, two])
            #expect(health.pools.map(\.committedBytes) == [4 * mebibyte, 3 * mebibyte])
        }
    }

    @Test("with a damaged record, a missing image or a copy are told as that")
    func states() async throws {
        try await withNode { node in
            let damaged = try await node.create("damaged", .block(), size: mebibyte)
            let lost = try await node.create("lost", .block(), size: mebibyte)
            let source = try await node.create("source", .mount("ext4"), size: 16 * mebibyte)
            try await node.use(source, as: "source")
            try await node.stopUsing(source, as: "source")
            let copy = try await node.clone(source)
            let snapshot = try await node.snapshot(source)
            await node.kill()
            let record = try Files.read(node.record(of: damaged), limit: 1 << 16)
            truncate(node.record(of: damaged), 7)
            rename(node.image(of: lost), node.folder.at("aside"))
            try await node.start()
            let seen = Dictionary(uniqueKeysWithValues: try await node.seen().map { ($0.volumeID, $0) })
            #expect(seen.count == 4)
            #expect(seen[damaged.id]?.state == .damaged && seen[damaged.id]?.troubles.count == 1)
            #expect(seen[lost.id]?.state == .ready && seen[lost.id]?.troubles.first?.contains("is missing") == true)
            #expect(seen[copy.id]?.format == .renewing && seen[copy.id]?.sourceVolumeID == source.id)
            #expect(seen[source.id]?.troubles == [] && seen[source.id]?.format == .formatted)
            let pool = try #require(try await node.call(Host.getHealth, Host.GetHealthRequest()).pools.first)
            #expect(pool.damaged == 1 && pool.snapshots == 1 && pool.troubles.count == 1, "\(pool)")
            let metrics = try await node.metrics()
            #expect(metrics.value("holdfast_volumes", ["state": "damaged", "pool": "default"]) == 1)
            #expect(metrics.value("holdfast_volumes", ["state": "ready", "pool": "default"]) == 3)
            await node.kill()
            try await write(record, to: node.record(of: damaged))
            rename(node.folder.at("aside"), node.image(of: lost))
            try await node.start()
            #expect(try await node.seen().allSatisfy { $0.state == .ready && $0.troubles == [] })
            try await node.delete(snapshot: snapshot)
        }
    }

    @Test("tell of a device that went from beneath a mount, of a second device, and of an ephemeral volume's target")
    func oddUses() async throws {
        try await withNode { node in
            try await node.publish(ephemeral: NodeUnderTest.handle(), at: "pod")
            let ephemeral = try #require(try await node.seen().first)
            #expect(ephemeral.ephemeralTarget == node.path("pod") && ephemeral.mounts.map(\.role) == [.target])
            try await node.unpublish(ephemeral: NodeUnderTest.handle(), at: "pod")

            let volume = try await node.create("v", .mount("ext4"), size: 16 * mebibyte)
            try await node.stage(volume)
            // Somebody mounts it elsewhere as well.
            try await run("mount", "--bind", node.path("staging"), node.folder.makeFolder("elsewhere"))
            let seen = try await node.seen(volume)
            #expect(seen.mounts.map(\.role) == [.staging, .unknown])
            #expect(seen.mounts.last?.path == node.folder.at("elsewhere"))
            umount2(node.folder.at("elsewhere"), 0)
        }
    }
}
