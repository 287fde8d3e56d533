internal import CSI
internal import Diagnostics
internal import Filesystems
internal import RPC
internal import Volumes

extension Plugin {
    func nodeStageVolume(
        _ request: NodeStageVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeStageVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let path = try require(request.stagingTargetPath, "staging_target_path")
        let capability = try Capability(request.volumeCapability)
        let order = StageOrder(
            volume: id, incarnation: request.volumeContext[incarnationKey], stagingPath: path,
            access: capability.access,
            mountFlags: capability.mountFlags, readOnly: !capability.mode.mayWrite)
        let outcome = try await work(storage.stage(order))
        if outcome.formatted { Log.shared.info("formatted", ["volume": id, "device": outcome.device]) }
        if case .corrected(let words) = outcome.check {
            Log.shared.warning("fsck corrected errors: \(words)", ["volume": id, "device": outcome.device])
        }
        for warning in outcome.warnings { Log.shared.warning(warning, ["volume": id, "device": outcome.device]) }
        return NodeStageVolumeResponse()
    }
}
