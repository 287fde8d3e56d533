internal import Diagnostics
internal import Kubernetes

extension Reconciler {
    /// The reconciler's own metrics, in Prometheus' text format 0.0.4.
    public var metrics: String {
        let (cluster, loops, election) = state.withLock { ($0.cluster, $0.loops, $0.election) }
        var text = MetricsText()
        text.gauge(
            "holdfast_reconciler_ready", "1 when the loops run and what they know is up to date.",
            troubles.isEmpty ? 1 as Int64 : 0)
        text.gauge(
            "holdfast_reconciler_leader", "1 when this process holds the Lease of the cluster.",
            election?.isLeader == true ? 1 as Int64 : 0)
        if let cluster { add(cluster, to: &text) }
        add(loops, to: &text)
        if let process = ProcessFigures.now {
            text.gauge("holdfast_reconciler_resident_bytes", "Memory that the process has.", process.residentBytes)
            text.gauge("holdfast_reconciler_anonymous_bytes", "Memory that no file backs.", process.anonymousBytes)
            text.counter("holdfast_reconciler_cpu_seconds_total", "Processor time used.", process.processorSeconds)
        }
        return text.text
    }

    private func add(_ cluster: Cluster, to text: inout MetricsText) {
        text.family("holdfast_reconciler_objects", .gauge, "Objects of the API that are known.") { family in
            family.add(Int64(cluster.claims.count), ["resource": "persistentvolumeclaims"])
            family.add(Int64(cluster.volumes.count), ["resource": "persistentvolumes"])
            family.add(Int64(cluster.classes.count), ["resource": "storageclasses"])
        }
        text.family("holdfast_reconciler_lists_total", .counter, "How often all objects were listed.") { family in
            family.add(Int64(cluster.claims.status.lists), ["resource": "persistentvolumeclaims"])
            family.add(Int64(cluster.volumes.status.lists), ["resource": "persistentvolumes"])
            family.add(Int64(cluster.classes.status.lists), ["resource": "storageclasses"])
        }
        text.family(
            "holdfast_reconciler_events_dropped_total", .counter,
            "Events that were not told, because they came too fast."
        ) { $0.add(Int64(cluster.events.recorder.dropped)) }
    }

    private func add(_ loops: [Loop], to text: inout MetricsText) {
        text.family("holdfast_reconciler_turns_total", .counter, "Turns of the loops, by how they ended.") { family in
            for loop in loops {
                for ending in LoopFigures.Ending.allCases {
                    family.add(loop.figures.count(ending), ["loop": loop.name, "ending": ending.rawValue])
                }
            }
        }
        text.family("holdfast_reconciler_turn_seconds", .histogram, "How long turns took.") { family in
            for loop in loops { family.add(loop.figures.durations, ["loop": loop.name]) }
        }
        text.family("holdfast_reconciler_queue", .gauge, "Objects that wait for a worker, or for their time.") {
            family in
            for loop in loops {
                family.add(Int64(loop.queue.waiting), ["loop": loop.name, "state": "ready"])
                family.add(Int64(loop.queue.delayed), ["loop": loop.name, "state": "delayed"])
            }
        }
    }
}
