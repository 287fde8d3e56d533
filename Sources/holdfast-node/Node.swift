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
    private let registration: KubeletRegistration?
    private let registrationSocket: RegistrationSocket?

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
        registration = settings.registration.map { wanted in
            // The main thread waits for the signal, and finds what kubelet has said.
            KubeletRegistration(
                driver: settings.driverName, endpoint: wanted.endpoint, socket: wanted.socket,
                onRefusal: { kill(getpid(), SIGTERM) })
        }
        registrationSocket = try registration.map { try RegistrationSocket($0) }
        let plugin = Plugin(
            settings: PluginSettings(driverName: settings.driverName, maxVolumes: settings.maxVolumes),
            storage: storage, registration: registration)
        server = try RPCServer(socket: settings.socket, methods: plugin.methods)
    }

    /// Serves until a signal comes, or kubelet refuses the driver, then drains. The answer is the exit status.
    func run(until signals: Signals) -> CInt {
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
        let (storage, socket) = (storage, registrationSocket)
        Task {
            await startUp(storage, started)
            // Whoever is registered is called for volumes.
            await socket?.keep()
        }
        let name = signals.wait()
        // A second signal ends the process at once: every operation is whole again after the next start.
        signals.unblock()
        let refusal = registration?.refusal
        drain(refusal == nil ? name : "kubelet's refusal")
        return refusal == nil ? 0 : 1
    }

    private func drain(_ reason: String) {
        Log.shared.info("draining", ["signal": reason, "calls": "\(server.callsInFlight)"])
        let (server, storage, socket) = (server, storage, registrationSocket)
        let done = Flag()
        Task {
            let killer = Task {
                try await Task.sleep(for: .seconds(Self.toolSeconds))
                RunningTools.shared.stopAll()
                storage.cancelCopies("this process is shutting down")
            }
            await socket?.close()
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
