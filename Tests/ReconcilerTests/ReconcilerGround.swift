internal import APIDouble
internal import CSI
internal import Glibc
internal import JSON
internal import Kubernetes
internal import Processes
internal import RPC
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

/// Which server a test asks: the double always, and a real one where `HOLDFAST_TEST_KUBECONFIG` names its file.
enum APIServer: CaseIterable, CustomTestStringConvertible {
    case double, real

    static var allCases: [APIServer] { realKubeconfig == nil ? [.double] : [.double, .real] }

    var testDescription: String { self == .double ? "double" : "real server" }
}

private let realKubeconfig = getenv("HOLDFAST_TEST_KUBECONFIG").map { String(cString: $0) }.flatMap {
    $0.isEmpty ? nil : $0
}

/// A cluster of one node for a test: an API server with the controllers that bind and protect, a real `holdfast-node`, and a
/// real `holdfast-reconciler`. Driver and names are the test's own, so that many can share a real server.
final class ReconcilerGround: Sendable {
    let double: APIDouble?
    let client: KubernetesClient
    let plugin: CSIClient
    let folder = TemporaryFolder("reconciler")
    let faults: FaultControl
    let prefix: String
    let driver: String
    let node: String
    let pool: String
    /// The reconciler's own: what it asks of the double can be told from what the test asks.
    private let kubeconfig: String
    private let socket: String
    private let daemons = Mutex<(node: Daemon?, reconciler: Daemon?)>((nil, nil))

    /// As whom the reconciler asks the double.
    static let user = "reconciler"

    init(_ server: APIServer = .double) async throws {
        let word = randomBytes(4).hexadecimal
        (prefix, driver, node) = ("t-\(word)", "t-\(word).holdfast.dev", "node-\(word)")
        let own: String
        switch server {
        case .double:
            var options = APIDoubleOptions()
            options.controllers = [.binder, .protection]
            let made = try await APIDouble(options)
            double = made
            own = try made.kubeconfig
            kubeconfig = try made.kubeconfig(user: Self.user)
        case .real:
            double = nil
            own = try #require(realKubeconfig)
            kubeconfig = own
        }
        client = KubernetesClient(try .kubeconfig(path: own), limits: RequestLimits(perSecond: 2_000, burst: 2_000))
        socket = folder.at("csi.sock")
        pool = folder.makeFolder("pool")
        plugin = CSIClient(socket: socket, waitsForServer: true)
        faults = FaultControl(folder)
        _ = folder.makeFolder("kubelet")
        try startNode()
    }

    /// Another node of the same cluster, with the same driver.
    init(beside other: ReconcilerGround, node: String) throws {
        (double, client, kubeconfig, self.node) = (other.double, other.client, other.kubeconfig, node)
        (prefix, driver) = (other.prefix, other.driver)
        socket = folder.at("csi.sock")
        pool = folder.makeFolder("pool")
        plugin = CSIClient(socket: socket, waitsForServer: true)
        faults = FaultControl(folder)
        _ = folder.makeFolder("kubelet")
        try startNode()
    }

    // MARK: Processes

    func startNode() throws {
        let daemon = try Daemon(
            "\(builtProducts)/holdfast-node",
            [
                "--endpoint", "unix://\(socket)", "--node-id", node, "--pool-dir", pool, "--driver-name", driver,
                "--kubelet-root", folder.at("kubelet"),
            ], log: folder.at("node.log"))
        daemons.withLock { $0.node = daemon }
    }

    /// Makes the node hang, until it goes on. All its threads stand still afterwards: a signal that was merely sent leaves them
    /// time to answer.
    func stopNode() throws {
        let node = try #require(daemons.withLock { $0.node })
        node.signal(SIGSTOP)
        var found = siginfo_t()
        try #require(waitid(P_PID, id_t(node.processID), &found, WSTOPPED | WEXITED | WNOWAIT) == 0)
        try #require(found.si_code == CLD_STOPPED)
    }

    func letNodeGoOn() throws { try #require(daemons.withLock { $0.node }).signal(SIGCONT) }

    func endNode() async {
        let daemon = daemons.withLock { $0.node.take() }
        _ = await HostThread.run { daemon?.end(within: 20) ?? 0 }
    }

    /// Starts the reconciler; `grace` 0 has it delete at once what nobody was told of. It asks by the ground's own file, unless
    /// another one is named.
    func start(
        loops: String = "provision,delete,expand,capacity", grace: Int = 0, kubeconfig other: String? = nil
    ) throws {
        let words =
            faults.launcher + [
                "\(builtProducts)/holdfast-reconciler", "--csi-endpoint", "unix://\(socket)", "--node-id", node,
                "--kubeconfig", other ?? kubeconfig, "--loops", loops, "--namespace", "default", "--orphan-grace",
                "\(grace)",
            ]
        let daemon = try Daemon(words[0], Array(words.dropFirst()), log: folder.at("reconciler.log"))
        daemons.withLock { $0.reconciler = daemon }
    }

    /// Where in the reconciler's memory the text stands.
    func memory(holding text: String) throws -> [ProcessMemory.Finding] {
        let process = try #require(daemons.withLock { $0.reconciler?.processID })
        return try ProcessMemory.find(text, in: process)
    }

    /// Whether the reconciler has ended by itself.
    var hasEnded: Bool { daemons.withLock { $0.reconciler?.exitStatus } != nil }

    /// Ends the reconciler: by SIGKILL, or as Kubernetes would.
    @discardableResult
    func end(gently: Bool = false) async -> Int32 {
        let daemon = daemons.withLock { $0.reconciler.take() }
        return await HostThread.run { daemon?.end(within: gently ? 20 : 0) ?? 0 }
    }

    var log: String {
        (try? Files.read(folder.at("reconciler.log"), limit: 1 << 24)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    // MARK: Faults

    /// The requests of the reconciler alone.
    static func its(_ verb: String, _ resource: String, name: String? = nil) -> RequestMatch {
        RequestMatch(verb, resource, name: name, user: user)
    }

    // MARK: Objects

    func name(_ suffix: String) -> String { "\(prefix)-\(suffix)" }

    @discardableResult
    func makeClass(
        _ suffix: String = "class", binding: String = "Immediate", policy: String = "Delete",
        parameters: [String: String] = [:]
    ) async throws -> StorageClass {
        var made = StorageClass(name: name(suffix))
        made.provisioner = driver
        made.parameters = parameters
        made.reclaimPolicy = policy
        made.allowVolumeExpansion = true
        made.json["volumeBindingMode"] = .string(binding)
        return try await client.create(made)
    }

    @discardableResult
    func makeClaim(
        _ suffix: String = "claim", of storageClass: String = "class", size: String = "32Mi",
        _ change: (inout PersistentVolumeClaim) -> Void = { _ in }
    ) async throws -> PersistentVolumeClaim {
        var claim = PersistentVolumeClaim(name: name(suffix), namespace: "default")
        claim.accessModes = ["ReadWriteOnce"]
        claim.requestedStorage = Quantity(size)
        claim.storageClassName = name(storageClass)
        change(&claim)
        return try await client.create(claim)
    }

    func claim(named suffix: String = "claim") async throws -> PersistentVolumeClaim {
        try await client.get(PersistentVolumeClaim.self, name(suffix), namespace: "default")
    }

    func deleteClaim(_ suffix: String = "claim") async throws {
        try await client.delete(PersistentVolumeClaim.self, name(suffix), namespace: "default")
    }

    /// The PersistentVolumes of this test's driver.
    func persistentVolumes() async throws -> [PersistentVolume] {
        try await client.list(PersistentVolume.self).items.filter { $0.csi?.driver == driver }
    }

    /// The ids of the volumes that the node has.
    func heldVolumes() async throws -> [String] {
        try await plugin.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.compactMap { $0.volume?.volumeID }
    }

    /// What the claim's owner is told, as `kubectl describe` would show it.
    func events(of uid: String) async throws -> [Event] {
        try await client.list(Event.self, namespace: "default").items.filter { $0.regarding.uid == uid }
    }

    // MARK: Waiting

    /// Waits for what has to come, however loaded the machine is; with a failure go the claims as the server has them, and the
    /// reconciler's last words.
    func wait(_ what: String, location: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool)
        async throws
    {
        let limit = Moment.after(seconds: 60)
        while try await !holds() {
            if Moment.now >= limit {
                let claims = await claimsInWords()
                Issue.record("\(what) did not come\n\(claims)\n\(log.suffix(3_000))", sourceLocation: location)
                throw NeverCame()
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private struct NeverCame: Error {}

    private func claimsInWords() async -> String {
        let claims = (try? await client.list(PersistentVolumeClaim.self, namespace: "default").items) ?? []
        return claims.filter { $0.name.hasPrefix(prefix) }.map { claim in
            "\(claim.name) \(claim.phase) volume=\(claim.volumeName ?? "-") labels=\(claim.labels) "
                + "annotations=\(claim.annotations)"
        }.joined(separator: "\n")
    }

    func waitUntilBound(_ suffix: String = "claim", location: SourceLocation = #_sourceLocation) async throws {
        try await wait("the claim's volume", location: location) { try await claim(named: suffix).phase == "Bound" }
    }

    /// Nothing of the test is left on the server or on the node.
    func waitUntilClean(_ what: String = "", location: SourceLocation = #_sourceLocation) async throws {
        try await wait("\(what): the end of all volumes", location: location) {
            let (objects, volumes) = (try await persistentVolumes(), try await heldVolumes())
            return objects.isEmpty && volumes.isEmpty
        }
    }
}

/// Runs a test on a ground of its own, ends the processes, and removes from a real server what the test has made.
func withGround(
    _ server: APIServer = .double, _ body: (ReconcilerGround) async throws -> Void
) async throws {
    let ground = try await ReconcilerGround(server)
    var failure: (any Error)?
    do { try await body(ground) } catch { failure = error }
    let status = await ground.end(gently: true)
    if failure == nil { #expect(status == 0, "the reconciler ended with wait status \(status)\n\(ground.log)") }
    await ground.endNode()
    await ground.tidy()
    if let failure { throw failure }
}

extension ReconcilerGround {
    /// What is left on a real server would be somebody else's puzzle.
    fileprivate func tidy() async {
        guard double == nil else { return }
        for claim in (try? await client.list(PersistentVolumeClaim.self, namespace: "default").items) ?? []
        where claim.name.hasPrefix(prefix) {
            _ = try? await client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: "default", ["metadata": ["finalizers": .null]])
            try? await client.delete(PersistentVolumeClaim.self, claim.name, namespace: "default")
        }
        for volume in (try? await persistentVolumes()) ?? [] {
            _ = try? await client.mergePatch(
                PersistentVolume.self, volume.name, ["metadata": ["finalizers": .null]])
            try? await client.delete(PersistentVolume.self, volume.name)
        }
        for storageClass in (try? await client.list(StorageClass.self).items) ?? []
        where storageClass.name.hasPrefix(prefix) {
            try? await client.delete(StorageClass.self, storageClass.name)
        }
        for each in [node, name("gone"), name("second"), name("third")] {
            try? await client.delete(Node.self, each)
            try? await client.delete(CSINode.self, each)
        }
        for capacity in (try? await client.list(CSIStorageCapacity.self, namespace: "default").items) ?? []
        where capacity.storageClassName.hasPrefix(prefix) {
            try? await client.delete(CSIStorageCapacity.self, capacity.name, namespace: "default")
        }
        try? await client.delete(Lease.self, "holdfast-\(driver.replacing(".", with: "-"))", namespace: "default")
    }
}
