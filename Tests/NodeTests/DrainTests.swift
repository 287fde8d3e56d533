internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("holdfast drain-wait, metrics and operations", .needsRoot)
struct DrainTests {
    @Test("drain-wait ends when the last volume is unstaged, and tells what it waits for", arguments: Access.allCases)
    func waits(access: Access) async throws {
        try await withNode { node in
            #expect(try await node.holdfast("drain-wait", "--timeout", "1").status == 0)
            let volume = try await node.create("data", access.capability, size: 128 * mebibyte)
            #expect(try await node.holdfast("drain-wait", "--timeout", "1").status == 0)
            try await node.use(volume, as: "target")
            let inVain = try await node.holdfast("drain-wait", "--timeout", "1")
            #expect(inVain.status == 1 && inVain.output.contains("1 volumes are still in use"), "\(inVain.output)")

            let output = node.folder.at("drain-wait.output")
            let waiting = try node.start(holdfast: ["drain-wait", "--timeout", "60"], output: output)
            func said() -> String {
                ((try? Files.read(output, limit: 1 << 16)).map { String(decoding: $0, as: UTF8.self) }) ?? ""
            }
            await eventually("it does not say what it waits for") {
                said().contains("waiting for volume \(volume.id) (data) at ") && said().contains(node.path("target"))
            }
            try await node.unpublish(volume, at: "target")
            let staged = access == .rawBlock ? "mounted nowhere here" : node.path("target.staging")
            await eventually("it does not say what is left") {
                said().split(separator: "\n").last?.contains(staged) == true
                    && said().split(separator: "\n").last?.contains("\(node.path("target")),") == false
            }
            #expect(waiting.exitStatus == nil)
            try await node.unstage(volume, at: "target.staging")
            await eventually("it does not end") { waiting.exitStatus != nil }
            #expect(waiting.exitStatus == 0 && said().contains("No volume of this node is in use."), "\(said())")
        }
    }

    @Test("drain-wait fails when no node is there")
    func nobody() async throws {
        let folder = TemporaryFolder("nobody")
        let result = try await attempt(
            "env", "\(builtProducts)/holdfast", "drain-wait", "--timeout", "1", "--endpoint", folder.at("csi.sock"))
        #expect(result.status == 1 && result.output.contains("no node answers"), "\(result.output)")
    }

    @Test("metrics are printed as they are, and operations while they run")
    func prints() async throws {
        try await withNode { node in
            let metrics = try await node.holdfast("metrics")
            #expect(metrics.status == 0)
            #expect(try PrometheusText(metrics.output).value("holdfast_ready") == 1)
            #expect(try await node.holdfast("operations", "--output", "json").output == "[]\n")

            let volume = try await node.create("data", .mount("ext4"), size: 32 * mebibyte)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            disk.hang(.write)
            async let hung = outcome { () async throws(RPCStatus) in try await node.stage(volume) }
            await eventually("nothing hangs") { disk.hanging > 0 }
            await eventually("the operation is not told of") {
                let table = try? await node.holdfast("operations")
                return table?.lines.count == 2 && table?.output.contains("making ext4") == true
            }
            let json = try await node.holdfast("operations", "--output", "json").output
            for word in ["\"operation\": \"NodeStageVolume\"", "\"volume\": \"\(volume.id)\"", "\"stuck\": false"] {
                #expect(json.contains(word), "\(json)")
            }
            disk.heal()
            #expect(await hung == .ok)
            try await node.unstage(volume)
            await eventually("a device is still attached") { loopDevices(in: node.pool).isEmpty }
            _ = consume disk
        }
    }
}

extension NodeUnderTest {
    /// `holdfast` beside this test.
    fileprivate func start(holdfast words: [String], output: String) throws -> Daemon {
        try Daemon("\(builtProducts)/holdfast", words + ["--endpoint", "unix://\(socket)"], log: output)
    }
}
