internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// A start that has to be refused. `FOLDER` stands for the test's own folder.
struct BadStart: Sendable, CustomTestStringConvertible {
    let label: String
    let status: Int32
    let words: [String]
    let arguments: [String]
    var configuration: String?

    init(
        _ label: String, _ status: Int32, _ words: String..., without missing: String? = nil,
        change: [String: String] = [:],
        extra: [String] = [],
        configuration: String? = nil
    ) {
        self.label = label
        self.status = status
        self.words = words
        self.configuration = configuration
        var options = ["--endpoint": "unix://FOLDER/csi.sock", "--node-id": "n", "--kubelet-root": "FOLDER"]
        if configuration == nil {
            options["--pool-dir"] = "FOLDER/pool"
        } else {
            options["--config"] = "FOLDER/node.yaml"
        }
        options.merge(change) { $1 }
        arguments = options.filter { $0.key != missing }.flatMap { [$0.key, $0.value] } + extra
    }

    var testDescription: String { label }

    static let commandLines: [BadStart] = [
        BadStart("no node id", 2, "--node-id", without: "--node-id"),
        BadStart("a node id that no label can be", 2, "--node-id", change: ["--node-id": "a/b"]),
        BadStart("no endpoint", 2, "--endpoint", without: "--endpoint"),
        BadStart("an endpoint that is no unix socket", 2, "--endpoint", change: ["--endpoint": "tcp://1.2.3.4:5"]),
        BadStart("a relative endpoint", 2, "--endpoint", change: ["--endpoint": "unix://csi.sock"]),
        BadStart(
            "a socket path longer than 107 bytes", 2, "107",
            change: ["--endpoint": "unix:///\(String(repeating: "s", count: 108))"]),
        BadStart("neither pool nor configuration", 2, "--pool-dir", "--config", without: "--pool-dir"),
        BadStart("both", 2, "--pool-dir", "--config", change: ["--config": "FOLDER/node.yaml"]),
        BadStart("a relative pool", 2, "--pool-dir", "absolute", change: ["--pool-dir": "pool"]),
        BadStart("a relative kubelet root", 2, "--kubelet-root", "absolute", change: ["--kubelet-root": "kubelet"]),
        BadStart("an unknown option", 2, "--colour", extra: ["--colour", "red"]),
        BadStart("a log level that does not exist", 2, "--log-level", "debug", extra: ["--log-level", "loud"]),
        BadStart("a negative number of volumes", 2, "--max-volumes", extra: ["--max-volumes", "-1"]),
        BadStart("a missing kubelet root", 1, "FOLDER/none", change: ["--kubelet-root": "FOLDER/none"]),
        BadStart("a missing pool", 1, "FOLDER/none", "does not exist", change: ["--pool-dir": "FOLDER/none"]),
        BadStart("a pool that is a file", 1, "FOLDER/file", "not a folder", change: ["--pool-dir": "FOLDER/file"]),
        BadStart(
            "a missing folder for the socket", 1, "FOLDER/none", change: ["--endpoint": "unix://FOLDER/none/csi.sock"]),
    ]

    static let configurations: [BadStart] = [
        BadStart(
            "a missing file", 2, "FOLDER/missing.yaml", without: "--pool-dir",
            change: ["--config": "FOLDER/missing.yaml"]),
        BadStart("an empty file", 2, "FOLDER/node.yaml", configuration: ""),
        BadStart("no YAML", 2, "FOLDER/node.yaml", configuration: "pools: [\n"),
        BadStart("no list of pools", 2, "FOLDER/node.yaml", "pools", configuration: "colour: red\n"),
        BadStart("an empty list", 2, "FOLDER/node.yaml", "pools", configuration: "pools: []\n"),
        BadStart("pools is a text", 2, "FOLDER/node.yaml", "1", "pools", "list", configuration: "pools: fast\n"),
        BadStart(
            "an unknown key", 2, "FOLDER/node.yaml", "4", "pools[0].colour", "path",
            configuration: "pools:\n  - name: a\n    path: FOLDER/pool\n    colour: red\n"),
        BadStart(
            "an unknown key at the top", 2, "FOLDER/node.yaml", "4", "logs",
            configuration: "pools:\n  - name: a\n    path: FOLDER/pool\nlogs: {}\n"),
        BadStart(
            "a name of the wrong kind", 2, "FOLDER/node.yaml", "2", "pools[0].name",
            configuration: "pools:\n  - name: [a]\n    path: FOLDER/pool\n"),
        BadStart(
            "no path", 2, "FOLDER/node.yaml", "pools[0].path", "absolute", configuration: "pools:\n  - name: a\n"),
        BadStart(
            "a relative path", 2, "FOLDER/node.yaml", "3", "pools[0].path", "absolute",
            configuration: "pools:\n  - name: a\n    path: pool\n"),
        BadStart(
            "an unknown kind of pool", 2, "FOLDER/node.yaml", "3", "pools[0].kind", "file",
            configuration: "pools:\n  - name: a\n    kind: tape\n    path: FOLDER/pool\n"),
        BadStart(
            "an overcommit below 1", 2, "FOLDER/node.yaml", "4", "pools[0].overcommit",
            configuration: "pools:\n  - name: a\n    path: FOLDER/pool\n    overcommit: 0.5\n"),
        BadStart(
            "the same name twice", 2, "FOLDER/node.yaml", "4", "pools[1].name", "a",
            configuration: "pools:\n  - name: a\n    path: FOLDER/pool\n  - name: a\n    path: FOLDER/pool2\n"),
        BadStart(
            "the same folder twice", 1, "FOLDER/pool",
            configuration: "pools:\n  - name: a\n    path: FOLDER/pool\n  - name: b\n    path: FOLDER/pool\n"),
    ]
}

@Suite("Starts that are refused", .needsRoot)
struct StartRefusalTests {
    @Test("a wrong command line is 2, a wrong place is 1", arguments: BadStart.commandLines + BadStart.configurations)
    func refusal(row: BadStart) async throws {
        let folder = TemporaryFolder("start")
        _ = folder.makeFolder("pool")
        folder.write("file", "")
        func resolve(_ text: String) -> String { text.replacing("FOLDER", with: folder.path) }
        if let configuration = row.configuration { folder.write("node.yaml", resolve(configuration)) }
        let ending = try await NodeRun(row.arguments.map(resolve)).ending()
        #expect(ending.status == row.status, "\(ending.output)")
        for word in row.words { #expect(ending.output.contains(resolve(word)), "\(ending.output)") }
        #expect(access(folder.at("csi.sock"), F_OK) != 0)
    }

    /// The arguments of a second node beside one that runs.
    private func arguments(_ folder: TemporaryFolder, socket: String, pool: String) -> [String] {
        [
            "--endpoint", "unix://\(folder.at(socket))", "--node-id", "n", "--kubelet-root", folder.path, "--pool-dir",
            pool,
        ]
    }

    @Test("a pool and a socket that another node has are refused, and that node goes on")
    func inUse() async throws {
        try await withNode { node in
            let samePool = try await NodeRun(arguments(node.folder, socket: "other.sock", pool: node.pool)).ending()
            #expect(samePool.status == 1)
            #expect(samePool.output.contains(node.pool) && samePool.output.contains("served"), "\(samePool.output)")
            let pool = node.folder.makeFolder("pool2")
            let sameSocket = try await NodeRun(arguments(node.folder, socket: "csi.sock", pool: pool)).ending()
            #expect(sameSocket.status == 1)
            #expect(sameSocket.output.contains(node.socket), "\(sameSocket.output)")
            let answer = try await node.call(CSIMethod.probe, ProbeRequest())
            #expect(answer.ready == true)
            _ = try await node.create()
        }
    }

    @Test("a pool that moved away and came back as another one is not taken for new")
    func lostIdentity() async throws {
        let folder = TemporaryFolder("start")
        let pool = folder.makeFolder("pool")
        _ = folder.makeFolder("pool/volumes")
        let ending = try await NodeRun(arguments(folder, socket: "s", pool: pool)).ending()
        #expect(ending.status == 1)
        #expect(ending.output.contains("holdfast-pool.record"), "\(ending.output)")
    }

    @Test("a pool on a read-only mount is refused")
    func readOnly() async throws {
        let folder = TemporaryFolder("start")
        let pool = folder.makeFolder("pool")
        try #require(mount("holdfast", pool, "tmpfs", UInt(MS_RDONLY), "size=16m") == 0)
        let ending = try await NodeRun(arguments(folder, socket: "s", pool: pool)).ending()
        #expect(ending.status == 1)
        #expect(ending.output.contains(pool) && ending.output.contains("read-only"), "\(ending.output)")
    }

    @Test("a new pool on a full filesystem is refused and leaves nothing")
    func fullAndNew() async throws {
        let folder = TemporaryFolder("start")
        let pool = folder.makeFolder("pool")
        try #require(mount("holdfast", pool, "tmpfs", 0, "size=4m") == 0)
        fill(folder, "pool/filler")
        let ending = try await NodeRun(arguments(folder, socket: "s", pool: pool)).ending()
        #expect(ending.status == 1)
        #expect(ending.output.contains(pool) && ending.output.contains("room"), "\(ending.output)")
        #expect(!names(in: pool).contains("holdfast-pool.record"))
    }
}
