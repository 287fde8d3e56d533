internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func nodeGetVolumeStats(
        _ request: NodeGetVolumeStatsRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeGetVolumeStatsResponse {
        let id = try require(request.volumeID, "volume_id")
        let path = try require(request.volumePath, "volume_path")
        let stats = try await work(storage.stats(of: id, at: path))
        return NodeGetVolumeStatsResponse(
            usage: stats.usage.map(wireUsage) ?? [], volumeCondition: wireCondition(stats.condition))
    }

    private func wireUsage(_ usage: Volumes.VolumeUsage) -> [CSI.VolumeUsage] {
        switch usage {
        case .block(let size): return [CSI.VolumeUsage(total: size, unit: .bytes)]
        case .filesystem(let total, let available, let used, let inodes, let freeInodes):
            var usage = [CSI.VolumeUsage(available: available, total: total, used: used, unit: .bytes)]
            // btrfs makes inodes as it goes and counts none; zeros would read as 'no inode left'.
            if inodes > 0 {
                usage.append(
                    CSI.VolumeUsage(available: freeInodes, total: inodes, used: inodes - freeInodes, unit: .inodes))
            }
            return usage
        }
    }
}
