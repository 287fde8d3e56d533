internal import HTTP
internal import JSON
internal import Synchronization
public import TestSupport

/// A double of the Kubernetes API server: real HTTPS, and what clients can see of the real server's semantics, with faults on
/// demand. It lives in this process; stopping and starting it keeps what it holds.
public final class APIDouble: Sendable {
    private struct Running: ~Copyable {
        var server: HTTPServer?
        var port: UInt16 = 0
    }

    /// Holds certificates, keys and kubeconfig files.
    public let folder: TemporaryFolder
    let options: APIDoubleOptions
    let store: Mutex<StoreState>
    let traffic = Traffic()
    let watches = Mutex<[Int: OpenWatch]>([:])
    let controllers = ControllerSwitches()
    let certificates: Certificates
    private let running = Mutex(Running())

    /// Starts serving on a free port of 127.0.0.1.
    public init(_ options: APIDoubleOptions = APIDoubleOptions()) async throws {
        self.options = options
        folder = TemporaryFolder("api")
        certificates = try await Certificates.make(in: folder, server: options.serverCertificate)
        var state = StoreState()
        for resource in Catalog.resources { state.resources[resource.qualifiedName] = resource }
        store = Mutex(state)
        try start()
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            try create(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
        }
        for controller in options.controllers { start(controller) }
    }

    deinit { controllers.stopAll() }

    public var port: UInt16 { running.withLock { $0.port } }

    public var url: String { "https://127.0.0.1:\(port)" }

    /// Serves again, on the same port and with the same objects, after `stop`.
    public func start() throws {
        var limits = HTTPLimits()
        limits.connections = 1_024
        limits.bodyBytes = 4 << 20
        limits.streamBytes = 16 << 20
        limits.idleSeconds = 120
        let server = try HTTPServer(
            address: "127.0.0.1", port: running.withLock { $0.port }, tls: certificates.identity, limits: limits
        ) { [weak self] request in
            await self?.answer(request) ?? .hangUp
        }
        running.withLock { running in
            running.port = server.port
            running.server = server
        }
    }

    /// Stops serving and frees the port. Without `grace` it is a crash: every connection is cut.
    public func stop(grace: Double = 0) async {
        let server = running.withLock { $0.server.take() }
        await server?.stop(grace: grace)
    }
}
