internal import CSI
internal import RPC

extension Plugin {
    func nodeGetInfo(
        _ request: NodeGetInfoRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeGetInfoResponse {
        NodeGetInfoResponse(
            nodeID: storage.nodeID, maxVolumesPerNode: settings.maxVolumes, accessibleTopology: topology)
    }
}
