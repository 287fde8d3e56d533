internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Clients that are none", .needsRoot)
struct PeerTests {
    private static let nobody: uid_t = 65_534

    /// `holdfast probe` as another user, with all that the user would need but root.
    @Test("whoever is not root cannot call, whatever the socket's mode says")
    func notRoot() async throws {
        try await withNode { node in
            // The way to the socket is free, so that only the socket itself, and then only the node, is in the way.
            chmod(node.folder.path, 0o755)
            var status = stat()
            try #require(stat(node.socket, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600 && status.st_uid == 0)
            #expect(try await probe(node, as: 0) == 0)
            #expect(try await !mayConnect(node, as: Self.nobody))
            #expect(try await probe(node, as: Self.nobody) != 0)
            chmod(node.socket, 0o777)
            #expect(try await mayConnect(node, as: Self.nobody))
            #expect(try await probe(node, as: Self.nobody) != 0)
            #expect(try await probe(node, as: 0) == 0)
        }
    }

    private func probe(_ node: NodeUnderTest, as user: uid_t) async throws -> CInt? {
        // A copy, for the folder of the build may be closed to others.
        let program = "\(node.folder.path)/holdfast"
        if access(program, F_OK) != 0 { try await run("cp", "\(builtProducts)/holdfast", program) }
        return try await attempt(
            "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", program, "probe", "--endpoint",
            "unix://\(node.socket)"
        ).status
    }

    /// Whether the file system lets a user connect (connect(2): it takes the right to write).
    private func mayConnect(_ node: NodeUnderTest, as user: uid_t) async throws -> Bool {
        try await attempt(
            "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "test", "-w", node.socket
        ).status == 0
    }

    /// What a connection does that is no honest client's.
    private enum Manner: Int, CaseIterable {
        case silent, halfPreface, preface, settings, garbage, headers, halfMessage

        var bytes: [UInt8] {
            let call = HTTP2.preface + HTTP2.settings + HTTP2.headers(of: CSIMethod.nodeStageVolume.path, ends: false)
            return switch self {
            case .silent: []
            case .halfPreface: Array(HTTP2.preface.prefix(11))
            case .preface: HTTP2.preface
            case .settings: HTTP2.preface + HTTP2.settings
            case .garbage: Array("GET / HTTP/1.1\r\nHost: node\r\n\r\n".utf8)
            case .headers: call
            case .halfMessage: call + HTTP2.frame(0, flags: 0, stream: 1, HTTP2.message(length: 1 << 20) + [10, 20])
            }
        }
    }

    private static let connections = 1_000

    @Test("1,000 of them at once hold nobody up, and nothing of them is kept")
    func thousand() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await meetOnce(node)
            let before = node.figures
            var settled = before
            for round in 0..<4 {
                var open: [Connection] = []
                for number in 0..<Self.connections {
                    let connection = try Connection(node.socket)
                    connection.send(Manner.allCases[number % Manner.allCases.count].bytes)
                    open.append(connection)
                }
                // An honest client beside them, one that was there before and one that comes now.
                let late = CSIClient(socket: node.socket, timeout: 20)
                for client in [node.client, late] {
                    #expect(try await client.call(CSIMethod.probe, ProbeRequest()).ready == true)
                }
                late.close()
                try await node.use(volume, as: "volume")
                try await node.stopUsing(volume, as: "volume")
                #expect(node.figures.descriptors.count > Self.connections / 2, "the connections are not there")
                open = []
                // The first ones grow the allocator's heaps, which small things keep: what is kept of each shows as growth.
                try await expectNothingKept(node, since: settled, exceptMemory: round == 0)
                if round == 0 { settled = node.figures }
            }
        }
    }

    @Test("those that vanish in the middle of a stage leave it to end, and the next call finds it done")
    func vanish() async throws {
        try await withNode { node in
            let volume = try await node.create(size: 16 * mebibyte)
            try await meetOnce(node)
            let before = node.figures
            let staging = node.path("staging")
            mkdir(staging, 0o750)
            let request = NodeStageVolumeRequest(
                volumeID: volume.id, stagingTargetPath: staging, volumeCapability: .mount()
            ).wireBytes()
            let call =
                HTTP2.preface + HTTP2.settings + HTTP2.headers(of: CSIMethod.nodeStageVolume.path, ends: false)
                + HTTP2.frame(0, flags: 1, stream: 1, HTTP2.message(length: request.count) + request)
            for _ in 0..<8 {
                for number in 0..<50 {
                    let connection = try Connection(node.socket)
                    connection.send(call)
                    if number % 10 == 0 { try await Task.sleep(for: .milliseconds(1)) }
                }
                await eventually("the volume is not staged") {
                    await outcome { () async throws(RPCStatus) in try await node.stage(volume) } == .ok
                }
                #expect(node.folder.mounts(at: staging) == 1)
                await eventually("the volume is not unstaged") {
                    await outcome { () async throws(RPCStatus) in try await node.unstage(volume) } == .ok
                }
            }
            try await expectNothingKept(node, since: before)
        }
    }

    @Test("messages as large as they may be, and larger, leave no memory behind")
    func large() async throws {
        try await withNode { node in
            try await meetOnce(node)
            let before = node.figures
            try await sendLarge(node)
            let settled = node.figures
            #expect(settled.resident < before.resident + 5 * Self.margin, "\(before) before, \(settled) now")
            for _ in 0..<2 { try await sendLarge(node) }
            try await expectNothingKept(node, since: settled)
        }
    }

    /// 16 messages as large as they may be, and 16 that are larger, on eight connections.
    private func sendLarge(_ node: NodeUnderTest) async throws {
        for size in [4 << 20, (4 << 20) - 64] {
            let request = DeleteVolumeRequest(volumeID: String(repeating: "x", count: size)).wireBytes()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let client = RPCClient(socket: node.socket)
                        for _ in 0..<2 {
                            _ = try? await client.unary(CSIMethod.deleteVolume.path, request, timeout: 60)
                        }
                        client.close()
                    }
                }
            }
        }
    }

    /// What is made at the first use and kept is there afterwards.
    private func meetOnce(_ node: NodeUnderTest) async throws {
        let volume = try await node.create("first", size: 16 * mebibyte)
        try await node.use(volume, as: "first")
        try await node.stopUsing(volume, as: "first")
        try await node.delete(volume)
    }

    /// Bytes of memory that may stay: the allocator's, of two dozen threads.
    private static let margin = 8 << 20

    private func expectNothingKept(
        _ node: NodeUnderTest, since before: ProcessFigures, exceptMemory: Bool = false
    ) async throws {
        await eventually("descriptors are left: \(node.figures.newDescriptors(since: before))") {
            let now = node.figures
            return now.newDescriptors(since: before).isEmpty && now.children == 0
        }
        if exceptMemory { return }
        await eventually("memory is left: \(before) before, \(node.figures) now") {
            node.figures.resident < before.resident + Self.margin
        }
    }
}

/// A connection that can be kept in a list.
private final class Connection: Sendable {
    private let raw: RawConnection
    init(_ path: String) throws { raw = try RawConnection(path) }
    func send(_ bytes: [UInt8]) { raw.send(bytes) }
}
