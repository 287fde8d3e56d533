internal import CSI
internal import Diagnostics
internal import Pools
internal import RPC
internal import Syscalls
internal import Volumes

extension Plugin {
    /// Tells what the node is and how it fares.
    func hostGetHealth(
        _ request: Host.GetHealthRequest, _ context: CallContext
    ) async throws(RPCStatus) -> Host.GetHealthResponse {
        let pools = try await look(storage.poolSights())
        let running = operations(besides: CallNumber.current)
        let findings = storage.startUpFindings
        let age = Int((wallClockNanoseconds() - started) / 1_000_000_000)
        return Host.GetHealthResponse(
            ready: storage.isReady,
            reasons: storage.isReady
                ? []
                : ["the start-up pass is not through: it has been running for \(age) s"]
                    + pools.filter { $0.room == nil }.flatMap(\.troubles),
            version: Version.current, driverName: settings.driverName, nodeID: storage.nodeID,
            topology: topology.segments, pools: pools.map(Host.Pool.init), started: wireTime(started),
            startUpMilliseconds: findings.map { max(1, Int64($0.seconds * 1_000)) } ?? 0,
            registration: registration?.view, operations: Int32(clamping: running.count),
            stuckOperations: Int32(clamping: running.count(where: \.isStuck)),
            startUpTroubles: findings?.troubles ?? [])
    }
}

extension Host.Pool {
    fileprivate init(_ sight: PoolSight) {
        self.init(
            name: sight.pool.name, kind: sight.pool.kind, uuid: "\(sight.pool.identity)", path: sight.pool.path,
            answers: sight.room != nil, troubles: sight.troubles, totalBytes: sight.room?.total ?? 0,
            freeBytes: sight.room?.free ?? 0, committedBytes: sight.committed,
            overcommit: sight.pool.overcommitRatio.map { "\($0)" } ?? "", volumes: Int64(sight.volumes.ready),
            snapshots: Int64(sight.snapshots), damaged: Int64(sight.volumes.damaged),
            availableThinBytes: sight.available?.thin ?? 0, availableThickBytes: sight.available?.thick ?? 0)
    }
}
