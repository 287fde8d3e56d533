internal import CSI
internal import Diagnostics
internal import Pools
internal import RPC
internal import Syscalls
internal import Volumes

extension Plugin {
    /// Gives the metrics in Prometheus' text format.
    func hostGetMetrics(
        _ request: Host.GetMetricsRequest, _ context: CallContext
    ) async throws(RPCStatus) -> Host.GetMetricsResponse {
        let (pools, uses) = (try await look(storage.poolSights()), try await look(storage.uses()))
        var text = MetricsText()
        addNode(to: &text)
        addCalls(to: &text, operations(besides: CallNumber.current))
        addPools(to: &text, pools)
        text.family("holdfast_attached_devices", .gauge, "Devices of volumes that are attached now.") { family in
            for (pool, devices) in uses.attached { family.add(Int64(devices), ["pool": pool]) }
        }
        text.gauge("holdfast_mounts", "Mounts of volumes, staging paths and targets alike.", Int64(uses.mounts))
        addTools(to: &text)
        if let process = ProcessFigures.now { add(process, to: &text) }
        return Host.GetMetricsResponse(text: text.text)
    }

    private func addNode(to text: inout MetricsText) {
        text.family("holdfast_build_info", .gauge, "1, with the version and the driver's name.") {
            $0.add(1 as Int64, ["version": Version.current, "driver": settings.driverName])
        }
        text.gauge("holdfast_ready", "1 when the start-up pass is through.", storage.isReady ? 1 as Int64 : 0)
        text.family("holdfast_start_up_seconds", .gauge, "How long the start-up pass took; absent while it runs.") {
            if let findings = storage.startUpFindings { $0.add(findings.seconds) }
        }
        text.family(
            "holdfast_kubelet_registered", .gauge,
            "1 when kubelet has taken the driver; absent for a node that does not register itself."
        ) {
            if let view = registration?.view { $0.add(view.registered ? 1 as Int64 : 0) }
        }
    }

    private func addCalls(to text: inout MetricsText, _ running: [RunningOperation]) {
        let figures = calls.figures
        text.family("holdfast_rpc_calls_total", .counter, "Calls that were answered, by method and gRPC code.") {
            family in
            for method in figures {
                for (code, calls) in method.codes {
                    let name = StatusCode(rawValue: Int32(code))?.name ?? "\(code)"
                    family.add(calls, ["method": method.method, "code": name])
                }
            }
        }
        text.family("holdfast_rpc_seconds", .histogram, "How long calls took until they were answered.") { family in
            for method in figures where !method.codes.isEmpty {
                family.add(method.durations, ["method": method.method])
            }
        }
        text.gauge("holdfast_operations_in_flight", "Operations that run now.", Int64(running.count))
        text.gauge(
            "holdfast_operations_stuck", "Operations that are at a step for longer than it should take.",
            Int64(running.count(where: \.isStuck)))
    }

    private func addPools(to text: inout MetricsText, _ pools: [PoolSight]) {
        text.family("holdfast_volumes", .gauge, "Volumes by pool and by the state of their records.") { family in
            for sight in pools {
                let counts = sight.volumes
                for (state, count) in [
                    ("ready", counts.ready), ("deleting", counts.ending), ("damaged", counts.damaged),
                ] {
                    family.add(Int64(count), ["pool": sight.pool.name, "state": state])
                }
            }
        }
        func add(_ name: StaticString, _ help: StaticString, _ value: (PoolSight) -> Int64?) {
            text.family(name, .gauge, help) { family in
                for sight in pools {
                    if let value = value(sight) { family.add(value, ["pool": sight.pool.name]) }
                }
            }
        }
        add("holdfast_snapshots", "Snapshots by pool.") { Int64($0.snapshots) }
        add("holdfast_pool_answers", "1 for a pool that answers; its bytes are absent otherwise.") {
            $0.room == nil ? 0 : 1
        }
        add("holdfast_pool_capacity_bytes", "Bytes of what the pool lies on.") { $0.room?.total }
        add("holdfast_pool_free_bytes", "Bytes that can still be written there.") { $0.room?.free }
        add("holdfast_pool_allocated_bytes", "Bytes that are in use there, by whomever.") {
            $0.room.map { $0.total - $0.free }
        }
        add("holdfast_pool_committed_bytes", "Bytes promised to volumes and snapshots.") { $0.committed }
    }

    private func addTools(to text: inout MetricsText) {
        let runs = ToolRuns.shared.all
        text.family(
            "holdfast_tool_runs_total", .counter,
            "Runs of mkfs, fsck and other tools, by how they ended: ok, nonzero or killed."
        ) { family in
            for figures in runs {
                family.add(figures.runs, ["tool": figures.tool, "ending": figures.ending.rawValue])
            }
        }
        text.family("holdfast_tool_seconds_total", .counter, "How long those runs took together.") { family in
            for figures in runs {
                family.add(figures.seconds, ["tool": figures.tool, "ending": figures.ending.rawValue])
            }
        }
    }

    private func add(_ process: ProcessFigures, to text: inout MetricsText) {
        text.gauge(
            "holdfast_process_resident_memory_bytes", "Memory in use, shared libraries included.", process.residentBytes
        )
        text.gauge(
            "holdfast_process_anonymous_memory_bytes", "The same without what is backed by files.",
            process.anonymousBytes)
        text.gauge("holdfast_process_open_fds", "Open descriptors.", process.openDescriptors)
        text.gauge("holdfast_process_threads", "Threads.", process.threads)
        text.counter("holdfast_process_cpu_seconds_total", "Processor time used.", process.processorSeconds)
        text.gauge(
            "holdfast_process_start_time_seconds", "When the process began to serve, in seconds since 1970.",
            Double(started) / 1_000_000_000)
    }
}
