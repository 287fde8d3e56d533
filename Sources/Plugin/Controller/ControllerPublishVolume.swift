internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func controllerPublishVolume(
        _ request: ControllerPublishVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerPublishVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let node = try require(request.nodeID, "node_id")
        let capability = try Capability(request.volumeCapability)
        let readOnly = request.readonly
        _ = try await work(
            storage.attach(id, to: node, access: capability.access, mode: capability.mode, readOnly: readOnly))
        return ControllerPublishVolumeResponse()
    }
}
