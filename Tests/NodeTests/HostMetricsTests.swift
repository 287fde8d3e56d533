internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("The Host service's health and metrics", .needsRoot)
struct HostMetricsTests {
    @Test("health tells what the node is")
    func health() async throws {
        try await withNode { node in
            let health = try await node.call(Host.getHealth, Host.GetHealthRequest())
            let info = try await node.call(CSIMethod.getPluginInfo, GetPluginInfoRequest())
            #expect(health.ready && health.reasons == [] && health.startUpTroubles == [])
            #expect(health.driverName == info.name && health.version == info.vendorVersion)
            #expect(health.nodeID == NodeUnderTest.nodeID && health.registration == nil)
            #expect(health.topology == ["topology.holdfast.dev/node": NodeUnderTest.nodeID])
            #expect(health.operations == 0 && health.stuckOperations == 0 && health.startUpMilliseconds > 0)
            let pool = try #require(health.pools.first)
            var usage = statvfs()
            #expect(statvfs(node.pool, &usage) == 0)
            #expect(pool.answers && pool.kind == "file" && pool.path == node.pool && pool.troubles == [])
            #expect(pool.totalBytes == Int64(usage.f_blocks) * Int64(usage.f_frsize))
            #expect(pool.freeBytes > 0 && pool.freeBytes < pool.totalBytes)
        }
    }

    @Test("metrics are in Prometheus' format and tell what has happened")
    func metrics() async throws {
        try await withNode { node in
            let before = try await node.metrics()
            #expect(before.kinds.keys.allSatisfy { $0.hasPrefix("holdfast_") })
            let ready = ["method": "Probe", "code": "OK"]
            let probes = try #require(before.value("holdfast_rpc_calls_total", ready))
            let volume = try await node.create("v", .mount("ext4"), size: 16 * mebibyte)
            try await node.use(volume, as: "target")
            await refused(.notFound) {
                try await node.call(CSIMethod.nodeGetVolumeStats, .init(volumeID: "x", volumePath: "/x"))
            }
            _ = try await node.call(CSIMethod.probe, ProbeRequest())
            let after = try await node.metrics()
            func value(_ name: String, _ labels: [String: String] = [:]) -> Double? { after.value(name, labels) }
            #expect(value("holdfast_rpc_calls_total", ready) == probes + 1)
            for method in ["CreateVolume", "NodeStageVolume", "NodePublishVolume"] {
                #expect(value("holdfast_rpc_calls_total", ["method": method]) == 1, "\(method)")
                #expect(value("holdfast_rpc_seconds_count", ["method": method]) == 1, "\(method)")
            }
            #expect(value("holdfast_rpc_calls_total", ["method": "NodeGetVolumeStats", "code": "NOT_FOUND"]) == 1)
            #expect(value("holdfast_rpc_calls_total", ["method": "Host.GetMetrics", "code": "OK"]) == 1)
            #expect(value("holdfast_attached_devices", ["pool": "default"]) == 1 && value("holdfast_mounts") == 2)
            #expect(value("holdfast_volumes", ["pool": "default", "state": "ready"]) == 1)
            #expect(value("holdfast_tool_runs_total", ["tool": "mkfs.ext4", "ending": "ok"]) == 1)
            #expect(value("holdfast_pool_committed_bytes") == Double(volume.size))
            let (capacity, free) = (value("holdfast_pool_capacity_bytes") ?? 0, value("holdfast_pool_free_bytes") ?? 0)
            #expect(value("holdfast_pool_allocated_bytes") == capacity - free && capacity > free && free > 0)
            #expect(value("holdfast_ready") == 1 && value("holdfast_start_up_seconds") ?? 0 > 0)
            #expect(value("holdfast_operations_in_flight") == 0 && value("holdfast_operations_stuck") == 0)
            #expect(value("holdfast_build_info") == 1 && value("holdfast_kubelet_registered") == nil)
            try expectProcess(after, node)
        }
    }

    /// What the kernel says of the process from outside.
    private func expectProcess(_ metrics: PrometheusText, _ node: NodeUnderTest) throws {
        let (own, folder) = (node.daemon.processID, "/proc/\(node.daemon.processID)/fd")
        let open = names(in: folder).count
        let told = try #require(metrics.value("holdfast_process_open_fds"))
        // Connections come and go.
        #expect(abs(told - Double(open)) <= 3, "\(told) of \(open)")
        let status = String(decoding: try Files.read("/proc/\(own)/status", limit: 1 << 14), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }))
        let resident = try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) })
        let claimed = try #require(metrics.value("holdfast_process_resident_memory_bytes"))
        #expect(abs(claimed / 1_024 - resident) < resident / 4, "\(claimed) of \(resident) KiB")
        #expect(metrics.value("holdfast_process_threads") ?? 0 > 1)
    }

    @Test("of names that are hard to write are still read", arguments: ["a \"b\"", "back\\slash", "größe"])
    func hardNames(pool: String) async throws {
        let folder = TemporaryFolder("node")
        let quoted = pool.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let configuration = "pools:\n  - {name: \"\(quoted)\", path: \(folder.makeFolder("pool"))}\n"
        try await withNode(in: folder, pool: folder.at("pool"), configuration: configuration) { node in
            let metrics = try await node.metrics()
            #expect(metrics.value("holdfast_pool_answers", ["pool": pool]) == 1)
        }
    }
}

@Suite("The Host service beside what hangs", .needsRoot)
struct HostHungTests {
    @Test("tells what hangs and at what, and waits for none of it", arguments: HungCall.all)
    func hangs(row: HungCall) async throws {
        try await withNode { node in
            let other = try await node.createInUse("other", size: 16 * mebibyte)
            let volume = try await node.create("v", row.capability, size: 128 * mebibyte, parameters: row.parameters)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            try await row.prepare(node, volume)
            row.order(disk)
            async let hung = outcome { () async throws(RPCStatus) in try await row.call(node, volume) }
            await eventually("nothing hangs") { disk.hanging > 0 }

            await eventually("no operation says what it is at") {
                let operations = try? await node.call(Host.listOperations, Host.ListOperationsRequest()).operations
                return operations?.contains { operation in
                    operation.method == row.method ?? row.words[0] && !operation.stuck && operation.subject != ""
                        && row.words.dropFirst().allSatisfy { operation.step.contains($0) }
                } == true
            }
            let seen = try await node.seen()
            #expect(seen.map(\.volumeID).contains(volume.id) && seen.map(\.volumeID).contains(other.id))
            let untroubled = try #require(seen.first(where: { $0.volumeID == other.id }))
            #expect(untroubled.mounts.count == 2 && untroubled.device != nil)
            #expect(untroubled.troubles == [] || !untroubled.notObserved.isEmpty, "\(untroubled)")
            let health = try await node.call(Host.getHealth, Host.GetHealthRequest())
            #expect(health.ready && health.operations >= 1 && health.pools.count == 1)
            let metrics = try await node.metrics()
            #expect(metrics.value("holdfast_operations_in_flight") ?? 0 >= 1)
            // The order of events is the proof: all these were answered while the call was not.
            #expect(disk.hanging > 0)
            disk.heal()
            _ = await hung
            await eventually("operations are left") {
                (try? await node.call(Host.listOperations, Host.ListOperationsRequest()).operations)?.isEmpty == true
            }
            await eventually("a tool still runs") { await node.children().isEmpty }
            await node.removeWhatCopiesMade(besides: [volume.id, other.id])
            if row.isStagedAfterwards {
                await eventually("the volume cannot be unstaged") {
                    await outcome { () async throws(RPCStatus) in try await node.unstage(volume) } == .ok
                }
            }
            try await node.stopUsing(other, as: "other")
            await eventually("a device is still attached") { loopDevices(in: node.pool).isEmpty }
            _ = consume disk
        }
    }
}

extension NodeUnderTest {
    fileprivate func removeWhatCopiesMade(besides kept: [String]) async {
        for volume in (try? await seen()) ?? [] where !kept.contains(volume.volumeID) {
            _ = try? await call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: volume.volumeID))
        }
        let snapshots = (try? await call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries) ?? []
        for id in snapshots.compactMap(\.snapshot?.snapshotID) {
            _ = try? await call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: id))
            ledger.withLock { _ = $0.snapshots.remove(id) }
        }
    }
}
