internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

/// A `holdfast-node` process on a folder of the test's own: socket, pool, kubelet root and log.
///
/// Tests get one from `withNode`, which ends it and looks for what it left behind.
final class NodeUnderTest: Sendable {
    static let nodeID = "node-a"
    /// The node of this build, or the one that `HOLDFAST_TEST_NODE` names: one with a sanitizer, or a release.
    static let executable =
        getenv("HOLDFAST_TEST_NODE").map { String(cString: $0) } ?? "\(builtProducts)/holdfast-node"

    let folder: TemporaryFolder
    let socket: String
    /// The folder of the pool `default`.
    let pool: String
    let kubeletRoot: String
    let log: String
    let ledger = Mutex(Ledger())
    /// The words that start the process.
    private let command: [String]
    private let state: Mutex<State>

    private struct State {
        var daemon: Daemon
        var client: CSIClient
    }

    /// Starts the process. With `configuration` it gets `--config` with that text instead of `--pool-dir`.
    /// With `linkedRoot` the kubelet folder is a symlink, as on hosts that moved it to another disk. `options` stand behind
    /// its own, and `launcher` before all of its words: a program that becomes the node.
    init(
        in folder: TemporaryFolder, pool: String? = nil, configuration: String? = nil, linkedRoot: Bool = false,
        hasKubeletRoot: Bool = false, options: [String] = [], launcher: [String] = []
    ) throws {
        self.folder = folder
        socket = folder.at("csi.sock")
        log = folder.at("node.log")
        self.pool = pool ?? folder.makeFolder("pool")
        if linkedRoot {
            symlink(folder.makeFolder("moved"), folder.at("kubelet"))
            kubeletRoot = folder.at("kubelet")
        } else {
            kubeletRoot = hasKubeletRoot ? folder.at("kubelet") : folder.makeFolder("kubelet")
        }
        let pools = configuration.map { ["--config", folder.write("node.yaml", $0)] } ?? ["--pool-dir", self.pool]
        command =
            launcher + [Self.executable, "--endpoint", "unix://\(socket)", "--node-id", Self.nodeID]
            + ["--kubelet-root", kubeletRoot] + pools + options
        state = Mutex(
            State(
                daemon: try Daemon(command[0], Array(command.dropFirst()), log: log),
                client: CSIClient(socket: socket, waitsForServer: true)))
    }

    /// The same process as a client sees it that gives up after so many seconds.
    private init(_ other: NodeUnderTest, seconds: Double) {
        (folder, socket, pool, kubeletRoot) = (other.folder, other.socket, other.pool, other.kubeletRoot)
        (log, command) = (other.log, other.command)
        state = Mutex(
            State(daemon: other.daemon, client: CSIClient(socket: other.socket, timeout: seconds, waitsForServer: true))
        )
    }

    func impatient(seconds: Double) -> NodeUnderTest { NodeUnderTest(self, seconds: seconds) }

    var client: CSIClient { state.withLock { $0.client } }
    var daemon: Daemon { state.withLock { $0.daemon } }

    /// Everything that the process has said so far.
    var logText: String { (try? Files.read(log, limit: 1 << 24)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    func call<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.Unary<Request, Response>, _ request: Request
    ) async throws(RPCStatus) -> Response {
        try await client.call(method, request)
    }

    /// Probes until the start-up pass is through.
    func waitUntilReady() async throws {
        let limit = Moment.after(seconds: 30)
        // A call that finds nobody there waits at least 100 ms before gRPC tries again.
        while (try? RawConnection(socket)) == nil, Moment.now < limit { try await Task.sleep(for: .milliseconds(1)) }
        let client = client
        while try await client.call(CSIMethod.probe, ProbeRequest()).ready != true {
            try #require(Moment.now < limit, "the node did not become ready: \(logText)")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Ends the process by SIGKILL, as a crash would, and reaps it.
    func kill() async {
        let daemon = daemon
        _ = await HostThread.run { daemon.end(within: 0) }
        client.close()
    }

    /// Starts the process again with the same arguments.
    func start() async throws {
        try launch()
        try await waitUntilReady()
    }

    /// As `start`, without waiting for anything.
    func launch() throws {
        let daemon = try Daemon(command[0], Array(command.dropFirst()), log: log)
        let client = CSIClient(socket: socket, waitsForServer: true)
        state.withLock { $0 = State(daemon: daemon, client: client) }
    }

    /// SIGKILL and a new start, with every mount alive in between.
    func restart() async throws {
        await kill()
        try await start()
    }

    /// Sends SIGTERM and expects a drain: exit status 0 and no socket.
    func drain(_ location: SourceLocation) async {
        let daemon = daemon
        let status = await HostThread.run { daemon.end(within: 30) }
        client.close()
        #expect(status == 0, "the node ended with wait status \(status): \(logText)", sourceLocation: location)
        #expect(access(socket, F_OK) != 0, "the socket is still there", sourceLocation: location)
    }
}

/// Runs a test on a node of its own, then undoes what the test did, ends the node, and expects nothing to be left.
///
/// `folder` may be one that the test has prepared, with `hasKubeletRoot` with a folder `kubelet` in it, `pool` a folder in
/// it, and `configuration` a text for `--config`;
/// `options` are more of the node's own, and `launcher` is a program that becomes the node.
func withNode(
    in folder: TemporaryFolder = TemporaryFolder("node"), pool: String? = nil, configuration: String? = nil,
    linkedRoot: Bool = false, hasKubeletRoot: Bool = false, options: [String] = [], launcher: [String] = [],
    location: SourceLocation = #_sourceLocation, _ body: (NodeUnderTest) async throws -> Void
) async throws {
    await NodeSlots.shared.take()
    do {
        let node = try NodeUnderTest(
            in: folder, pool: pool, configuration: configuration, linkedRoot: linkedRoot,
            hasKubeletRoot: hasKubeletRoot, options: options, launcher: launcher)
        do {
            try await node.waitUntilReady()
            try await body(node)
            await node.undoEverything(location)
        } catch {
            await node.kill()
            await removeLeftovers(in: folder)
            throw error
        }
        await node.drain(location)
        await expectNothingLeft(in: folder, beneath: node.kubeletRoot, location)
    } catch {
        await NodeSlots.shared.giveBack()
        throw error
    }
    await NodeSlots.shared.giveBack()
}

/// Few nodes at a time: hundreds of them, each with its mkfs, would only wait for one another's disk.
private actor NodeSlots {
    static let shared = NodeSlots()

    private var free = 6
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

extension Trait where Self == ConditionTrait {
    /// Loop devices and mounts are root's.
    static var needsRoot: Self { .enabled(if: isRoot, "needs root, for loop devices and mounts") }
}
