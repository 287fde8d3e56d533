internal import Diagnostics
internal import Glibc
internal import Mounts
internal import Plugin
internal import Pools
internal import Processes
internal import RPC
internal import Syscalls
internal import Volumes

/// The process: pools, storage, plugin and server, put together, and their life from start to drain.
struct Node {
    private let storage: Storage
    private let server: RPCServer
    private let settings: NodeSettings

    /// Seconds that calls may go on after the signal to end. Kubernetes kills after 30 by default.
    private static let drainSeconds = 25.0
    /// Seconds after which tools that still run are killed, so that their calls end within the drain.
    private static let toolSeconds = 20.0

    /// Takes every lock and the socket, or refuses.
    init(_ settings: NodeSettings) throws {
        self.settings = settings
        let root = try HostRoot(settings.kubeletRoot)
        let pools = try settings.pools.map { try $0.kind.open($0.settings) }
        for (position, pool) in pools.enumerated() {
            if let other = pools[..<position].first(where: { $0.identity == pool.identity }) {
                throw PoolError.sameIdentity(pool: pool.name, other: other.name)
            }
        }
        storage = Storage(nodeID: settings.nodeID, pools: pools, root: root, maxVolumes: settings.maxVolumes)
        let plugin = Plugin(
            settings: PluginSettings(driverName: settings.driverName, maxVolumes: settings.maxVolumes), storage: storage
        )
        server = try RPCServer(socket: settings.socket, methods: plugin.methods)
    }

    /// Serves until a signal comes, then drains.
    func run(until signals: Signals) {
        if FaultPoints.isOn {
            Log.shared.warning(
                "HOLDFAST_FAULTS is set: whoever writes that file may end or hold this process at any step")
        }
        server.start()
        Log.shared.info(
            "serving",
            [
                "version": Version.current, "driver": settings.driverName, "node": settings.nodeID,
                "endpoint": settings.socket, "pools": storage.pools.map(\.name).joined(separator: ","),
            ])
        let started = Moment.now
        let storage = storage
        Task { await startUp(storage, started) }
        let name = signals.wait()
        // A second signal ends the process at once: every operation is whole again after the next start.
        signals.unblock()
        drain(name)
    }

    private func drain(_ signal: String) {
        Log.shared.info("draining", ["signal": signal, "calls": "\(server.callsInFlight)"])
        let (server, storage) = (server, storage)
        let done = Flag()
        Task {
            let killer = Task {
                try await Task.sleep(for: .seconds(Self.toolSeconds))
                RunningTools.shared.stopAll()
                storage.cancelCopies("this process is shutting down")
            }
            await server.shutdown(grace: Self.drainSeconds)
            killer.cancel()
            done.raise()
        }
        done.wait()
        Log.shared.info("ended")
    }
}

/// The start-up pass. A node that cannot finish it is of no use, so the process ends with the reason.
private func startUp(_ storage: Storage, _ started: Moment) async {
    do throws(VolumeError) {
        try await HostThread.run { () throws(VolumeError) in
            try storage.startUp { report in
                for trouble in report.troubles { Log.shared.warning(trouble) }
                Log.shared.info(
                    "ready",
                    [
                        "volumes": "\(report.volumes)", "mounts": "\(report.mounts)",
                        "thawed": "\(report.thawed)",
                        "ms": "\(Int(started.age * 1_000))",
                    ])
            }
        }
    } catch {
        Log.shared.error("the start-up pass failed: \(error)")
        exit(1)
    }
}
