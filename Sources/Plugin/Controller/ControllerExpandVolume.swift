internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    /// Makes a volume larger. As the controller is on the volume's own node, a filesystem that is mounted for writing follows
    /// at once; only one that is not waits for the node's part.
    func controllerExpandVolume(
        _ request: ControllerExpandVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerExpandVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        guard request.capacityRange != nil else { throw .invalid("capacity_range is missing") }
        let order = try expandOrder(id, request.capacityRange, request.volumeCapability)
        let outcome = try await work(storage.expand(order))
        return ControllerExpandVolumeResponse(
            capacityBytes: outcome.size, nodeExpansionRequired: outcome.isPending)
    }

    func expandOrder(
        _ id: String, _ range: CapacityRange?, _ capability: VolumeCapability?
    ) throws(RPCStatus) -> ExpandOrder {
        let range = try readRange(range)
        var access: RequestedAccess?
        if let capability { access = try Capability(capability).access }
        return ExpandOrder(volume: id, required: range.required, limit: range.limit, access: access)
    }
}
