internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func nodeStageVolume(
        _ request: NodeStageVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeStageVolumeResponse {
        let capability: Capability
        let id = try require(request.volumeID, "volume_id")
        let path = try require(request.stagingTargetPath, "staging_target_path")
        capability = try Capability(request.volumeCapability)
        let order = StageOrder(
            volume: id, incarnation: request.volumeContext[incarnationKey], stagingPath: path, access: capability.access,
            mountFlags: capability.mountFlags, readOnly: !capability.mode.mayWrite)
        _ = try await work(storage.stage(order))
        return NodeStageVolumeResponse()
    }
}
