internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func nodeExpandVolume(
        _ request: NodeExpandVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeExpandVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let path = try require(request.volumePath, "volume_path")
        let order = try expandOrder(id, request.capacityRange, request.volumeCapability)
        let outcome = try await work(storage.expand(order, at: path))
        return NodeExpandVolumeResponse(capacityBytes: outcome.size)
    }
}
