internal import CSI
internal import Diagnostics
internal import HTTP
internal import Kubernetes
internal import Processes
internal import Reconciler
internal import Syscalls

/// The process: API client, node's client and loops, put together, and their life until the end.
struct ReconcilerProcess {
    private let client: KubernetesClient
    private let plugin: CSIClient
    private let reconciler: Reconciler
    private let server: HTTPServer?

    init(_ options: ReconcilerOptions) throws {
        // A claim takes four requests; the server is asked as fast as the work comes, and says when that is too fast.
        client = KubernetesClient(options.cluster, limits: RequestLimits(perSecond: 400, burst: 800))
        plugin = CSIClient(socket: options.socket)
        reconciler = Reconciler(client: client, plugin: plugin, settings: options.settings)
        let pages = Pages(reconciler: reconciler, plugin: CSIClient(socket: options.socket, timeout: 5))
        server = try options.http.map { place in
            try HTTPServer(address: place.address, port: place.port) { await pages.answer($0) }
        }
    }

    /// Works until a signal comes.
    func run(until signals: Signals) {
        let (reconciler, server) = (reconciler, server)
        let ended = Flag()
        let work = Task {
            await reconciler.run()
            await server?.stop(grace: 1)
            ended.raise()
        }
        let signal = signals.wait()
        // A second signal ends the process at once: whatever is under way is gone on with by the next one.
        signals.unblock()
        Log.shared.info("ending", ["signal": signal])
        work.cancel()
        ended.wait()
        client.close()
        plugin.close()
        Log.shared.info("ended")
    }
}
