internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Registration with kubelet", .needsRoot)
struct RegistrationTests {
    @Test(
        "tells kubelet the driver's name, and the socket where kubelet finds it",
        arguments: [("csi.holdfast.dev", false), ("a.b", false), ("csi.holdfast.dev", true)])
    func info(driver: String, isElsewhere: Bool) async throws {
        let elsewhere = TemporaryFolder("host")
        let options = isElsewhere ? ["--kubelet-csi-path", elsewhere.at("csi.sock")] : []
        try await withRegisteredNode(options: ["--driver-name", driver] + options) { node, kubelet in
            // The path that a container's host has for the same folder.
            if isElsewhere { symlink(node.socket, elsewhere.at("csi.sock")) }
            let found = try await kubelet.registerWhenThere()
            #expect(found.socket == "\(driver)-reg.sock")
            #expect(
                found.info
                    == Registration.PluginInfo(
                        type: "CSIPlugin", name: driver,
                        endpoint: isElsewhere ? elsewhere.at("csi.sock") : node.socket, supportedVersions: ["1.0.0"]))
            #expect(found.node.nodeID == NodeUnderTest.nodeID)
            #expect(node.logText.contains("kubelet has registered the driver"), "\(node.logText)")
            var status = stat()
            #expect(lstat("\(kubelet.registry)/\(found.socket)", &status) == 0 && status.st_mode & 0o7777 == 0o600)
        }
    }

    @Test("is told by the Host service")
    func health() async throws {
        try await withRegisteredNode { node, kubelet in
            await eventually("no registration socket came") { !kubelet.sockets.isEmpty }
            let before = try await node.call(Host.getHealth, Host.GetHealthRequest()).registration
            #expect(before?.registered == false && before?.heard == nil)
            let driver = try await kubelet.registerWhenThere()
            let after = try #require(try await node.call(Host.getHealth, Host.GetHealthRequest()).registration)
            #expect(after.registered && after.socket == "\(kubelet.registry)/\(driver.socket)")
            #expect(abs((after.heard?.seconds ?? 0) - wallClockSeconds()) < 60)
        }
    }

    @Test("is made again by every kubelet that starts, and the same publication stays one mount")
    func kubeletRestarts() async throws {
        try await withRegisteredNode { node, kubelet in
            let first = try await kubelet.registerWhenThere()
            let volume = try await node.create("v", size: 16 * mebibyte)
            try await node.stage(volume)
            try await node.publish(volume)
            let mounts = node.folder.mountPoints
            for _ in 1...3 {
                #expect(try await kubelet.register() == [first])
                try await node.stage(volume)
                try await node.publish(volume)
                #expect(node.folder.mountPoints == mounts)
            }
            #expect(node.folder.mounts(at: node.path("target")) == 1)
        }
    }

    enum Ending: String, CaseIterable { case drained, killed }

    @Test("is made again by a new process, and no mount is touched", arguments: Ending.allCases)
    func upgrade(ending: Ending) async throws {
        try await withRegisteredNode { node, kubelet in
            let first = try await kubelet.registerWhenThere()
            let volume = try await node.create("v", size: 16 * mebibyte)
            try await node.use(volume, as: "target")
            try await write([1, 2, 3], to: node.path("target/file"))
            let mounts = node.folder.mountPoints
            switch ending {
            case .drained:
                await node.drain(#_sourceLocation)
                #expect(kubelet.sockets == [])
            case .killed:
                await node.kill()
                #expect(kubelet.sockets == [first.socket])
                // A kubelet that starts meanwhile finds nobody there, and tries again.
                #expect(
                    await outcome { () async throws(RPCStatus) in
                        let plugin = CSIClient(socket: "\(kubelet.registry)/\(first.socket)", timeout: 10)
                        _ = try await plugin.call(Registration.getInfo, Registration.InfoRequest())
                    } == .unavailable)
            }
            #expect(node.folder.mountPoints == mounts)
            try await node.start()
            await eventually("the driver is not registered again") {
                (try? await kubelet.register()) == [first]
            }
            #expect(node.folder.mountPoints == mounts)
            #expect(try await read(node.path("target/file"), count: 3) == [1, 2, 3])
            try await node.stopUsing(volume, as: "target")
        }
    }

    @Test("that kubelet refuses ends the node with exit status 1 and kubelet's reason")
    func refusal() async throws {
        let folder = TemporaryFolder("node")
        let kubelet = FakeKubelet(registry: folder.makeFolder("plugins_registry"))
        let node = try NodeUnderTest(in: folder, options: ["--kubelet-registration-dir", kubelet.registry])
        try await node.waitUntilReady()
        await eventually("no registration socket came") { !kubelet.sockets.isEmpty }
        try await kubelet.register(refusing: "the name is taken")
        let daemon = node.daemon
        await eventually("the node has not ended") { daemon.exitStatus != nil }
        #expect((daemon.exitStatus ?? 0) >> 8 == 1)
        #expect(node.logText.contains("ERROR kubelet has refused the driver: the name is taken"), "\(node.logText)")
        #expect(node.logText.contains("draining"), "\(node.logText)")
        #expect(kubelet.sockets == [] && access(node.socket, F_OK) != 0)
        node.client.close()
    }

    @Test("comes when the start-up pass is through, not before")
    func afterStartUp() async throws {
        let folder = TemporaryFolder("node")
        let control = FaultControl(folder)
        try await withRegisteredNode(in: folder, launcher: control.launcher) { node, kubelet in
            _ = try await kubelet.registerWhenThere()
            let volume = try await node.create("v", .block(), size: mebibyte)
            // A deletion that was cut off is what the next start has to do.
            let point = FaultPoint(side: "before", name: "unlink hf-*.image", count: 1)
            control.kill(at: point)
            _ = await outcome { () async throws(RPCStatus) in try await node.delete(volume) }
            let daemon = node.daemon
            await eventually("the node was not killed within the deletion") { daemon.exitStatus != nil }
            node.client.close()
            // What the killed one has left is there until the next one serves.
            for name in kubelet.sockets { unlink("\(kubelet.registry)/\(name)") }
            control.hang(at: point)
            try node.launch()
            await eventually("the start-up pass does not hang") { control.isHanging }
            #expect(try await node.call(CSIMethod.probe, ProbeRequest()).ready == false)
            let health = try await node.call(Host.getHealth, Host.GetHealthRequest())
            #expect(!health.ready && health.reasons.contains { $0.contains("start-up pass") }, "\(health.reasons)")
            #expect(health.startUpMilliseconds == 0)
            let metrics = try PrometheusText(try await node.call(Host.getMetrics, Host.GetMetricsRequest()).text)
            #expect(metrics.value("holdfast_ready") == 0)
            await refused(.unavailable) { try await node.call(Host.listVolumes, Host.ListVolumesRequest()) }
            #expect(kubelet.sockets == [])
            control.clear()
            try await node.waitUntilReady()
            _ = try await kubelet.registerWhenThere()
            node.ledger.withLock { $0.volumes = [] }
        }
    }

    @Test("its socket is made anew when somebody removes it, and the log says so")
    func removed() async throws {
        try await withRegisteredNode { node, kubelet in
            let first = try await kubelet.registerWhenThere()
            for _ in 1...2 {
                unlink("\(kubelet.registry)/\(first.socket)")
                #expect(try await kubelet.registerWhenThere() == first)
            }
            #expect(node.logText.contains("WARNING the registration socket is gone"), "\(node.logText)")
        }
    }

    @Test("its whole folder may be made anew")
    func folderRemoved() async throws {
        try await withRegisteredNode { node, kubelet in
            let first = try await kubelet.registerWhenThere()
            for name in [first.socket, ".\(first.socket).lock"] { unlink("\(kubelet.registry)/\(name)") }
            #expect(rmdir(kubelet.registry) == 0)
            await eventually("the log does not say so") { node.logText.contains("kubelet cannot find this driver yet") }
            mkdir(kubelet.registry, 0o750)
            #expect(try await kubelet.registerWhenThere() == first)
        }
    }

    @Test("somebody else's socket in its place is left alone, and the place is taken when he is gone")
    func foreign() async throws {
        let folder = TemporaryFolder("node")
        let kubelet = FakeKubelet(registry: folder.makeFolder("plugins_registry"))
        let path = "\(kubelet.registry)/csi.holdfast.dev-reg.sock"
        let other = try ForeignListener(path)
        try await withNode(in: folder, options: ["--kubelet-registration-dir", kubelet.registry]) { node in
            await eventually("the log does not say so") {
                node.logText.contains("kubelet cannot find this driver yet") && node.logText.contains("another server")
            }
            _ = try RawConnection(path)
            other.close()
            await eventually("the place is not taken") { node.logText.contains("waiting for kubelet") }
            #expect(try await kubelet.registerWhenThere().info.endpoint == node.socket)
        }
        #expect(kubelet.sockets == [])
    }

    @Test(
        "refuses what cannot be",
        arguments: [
            (["--kubelet-registration-dir", "relative"], 2, "--kubelet-registration-dir"),
            (["--kubelet-registration-dir", "/" + String(repeating: "x", count: 100)], 2, "bytes"),
            (["--kubelet-registration-dir", "/nowhere/registry"], 1, "/nowhere/registry"),
            (["--kubelet-csi-path", "/csi.sock"], 2, "--kubelet-registration-dir"),
            (["--kubelet-registration-dir", "/tmp", "--kubelet-csi-path", "csi.sock"], 2, "--kubelet-csi-path"),
        ])
    func refusals(options: [String], status: Int32, word: String) async throws {
        let folder = TemporaryFolder("run")
        let run = try NodeRun(
            [
                "--endpoint", folder.at("csi.sock"), "--node-id", "n", "--pool-dir", folder.makeFolder("pool"),
                "--kubelet-root", folder.path,
            ] + options)
        let ending = try await run.ending()
        #expect(ending.status == status && ending.output.contains(word), "\(ending)")
    }
}
