internal import CSI
internal import Diagnostics
internal import RPC
internal import Volumes

extension Plugin {
    func nodePublishVolume(
        _ request: NodePublishVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodePublishVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let target = try require(request.targetPath, "target_path")
        let capability = try Capability(request.volumeCapability)
        if request.volumeContext[EphemeralVolume.key] == "true" {
            let volume = try EphemeralVolume(request, capability)
            let outcome = try await work(storage.publish(volume.order))
            if outcome.formatted { Log.shared.info("formatted", ["volume": id, "device": outcome.device]) }
            return NodePublishVolumeResponse()
        }
        // The field is optional in general and required of a driver that stages (STAGE_UNSTAGE_VOLUME): ours does.
        guard !request.stagingTargetPath.isEmpty else {
            throw RPCStatus(
                .failedPrecondition, "staging_target_path is missing; this driver publishes staged volumes only")
        }
        let order = PublishOrder(
            volume: id, incarnation: request.volumeContext[incarnationKey], stagingPath: request.stagingTargetPath,
            targetPath: target, access: capability.access, mode: capability.mode, mountFlags: capability.mountFlags,
            readOnly: request.readonly)
        try await work(storage.publish(order))
        return NodePublishVolumeResponse()
    }
}
