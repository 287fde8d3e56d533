internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// The field that holds the secrets of each request is filled in real calls, good ones and bad ones. The control shows
/// that each search would have found them.
@Suite("Secrets that are brought to a node", .needsRoot)
struct NodeSecretsTests {
    @Test("are nowhere afterwards", arguments: ["text", "json"])
    func nowhere(format: String) async throws {
        let planted = PlantedSecrets()
        setenv("HOLDFAST_TEST_CONTROL", planted.control, 1)
        defer { unsetenv("HOLDFAST_TEST_CONTROL") }
        try await withNode(options: ["--log-level", "debug", "--log-format", format]) { node in
            let watch = ChildWatch(of: node.daemon.processID)
            let calls = SecretCalls(node: node, planted: planted)
            try await calls.makeAll()
            #expect(planted.messages == Set(SecretFields.byMessage.keys), "secrets of other messages were planted")
            let children = await watch.stop()
            try await search(node, planted, children, calls.refused.sentences)
            try await vanish(node, planted)
            try await eventuallyForgotten(node, planted)
        }
    }

    private func search(
        _ node: NodeUnderTest, _ planted: PlantedSecrets, _ children: [UInt8], _ refusals: String
    ) async throws {
        let process = node.daemon.processID
        func text(_ file: String) throws -> String {
            String(decoding: try Files.read("/proc/\(process)/\(file)", limit: 1 << 20), as: UTF8.self)
        }
        let places = [
            ("the log", node.logText), ("an error", refusals), ("the node's environment", try text("environ")),
            ("a child's command line or environment", String(decoding: children, as: UTF8.self)),
        ]
        for (place, text) in places {
            #expect(text.contains(planted.control), "\(place) was not looked at well: it lacks the control")
            for secret in [planted.long, planted.short] { #expect(!text.contains(secret), "\(place) holds a secret") }
        }
        let commandLine = try text("cmdline")
        #expect(commandLine.contains(node.socket) && !commandLine.contains(planted.long))
        #expect(String(decoding: children, as: UTF8.self).contains("LC_ALL=C"), "no child's environment was seen")

        #expect(try await attempt("grep", "-rlaF", planted.control, node.pool).output.contains(".record"))
        for secret in [planted.long, planted.short] {
            let files = try await attempt("grep", "-rlaF", secret, node.pool)
            #expect(files.status == 1 && files.output == "", "files of the pool hold a secret")
        }
        #expect(try !ProcessMemory.find(planted.control, in: process).isEmpty, "the memory was not looked at well")
        try await eventuallyForgotten(node, planted)
    }

    /// A call is answered before the last hand has let go of its request.
    private func eventuallyForgotten(_ node: NodeUnderTest, _ planted: PlantedSecrets) async throws {
        let process = node.daemon.processID
        for secret in [planted.long, planted.short] {
            var findings = try ProcessMemory.find(secret, in: process)
            for _ in 0..<100 where !findings.isEmpty {
                try await Task.sleep(for: .milliseconds(20))
                findings = try ProcessMemory.find(secret, in: process)
            }
            #expect(findings.isEmpty, "the node's memory holds a secret: \(findings)")
        }
    }

    /// A request that never becomes whole, one that is larger than any may be, and one whose client does not wait.
    private func vanish(_ node: NodeUnderTest, _ planted: PlantedSecrets) async throws {
        let request = NodeStageVolumeRequest(
            volumeID: "none", stagingTargetPath: node.path("staging"), volumeCapability: .mount(),
            secrets: planted.secrets(NodeStageVolumeRequest.self))
        let path = CSIMethod.nodeStageVolume.path
        let bytes = request.wireBytes()
        let connection = try RawConnection(node.socket)
        connection.send(
            HTTP2.preface + HTTP2.settings + HTTP2.headers(of: path, ends: false)
                + HTTP2.frame(0, flags: 0, stream: 1, HTTP2.message(length: bytes.count) + bytes.prefix(12_000)))
        _ = connection
        let client = RPCClient(socket: node.socket)
        let tooLong = NodeStageVolumeRequest(
            volumeID: "none", secrets: ["key": String(repeating: planted.long, count: 200_000)])
        await refused(.resourceExhausted) { try await client.unary(path, tooLong.wireBytes(), timeout: 60) }
        for number in 0..<20 {
            let call = Task { try await client.unary(path, bytes, timeout: 60) }
            try await Task.sleep(for: .microseconds(number * 50))
            call.cancel()
            _ = try? await call.value
        }
        client.close()
    }
}
