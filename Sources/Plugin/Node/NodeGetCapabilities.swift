internal import CSI
internal import RPC

extension Plugin {
    func nodeGetCapabilities(
        _ request: NodeGetCapabilitiesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> NodeGetCapabilitiesResponse {
        let offered: [NodeServiceCapability.RPC] = [
            .stageUnstageVolume, .getVolumeStats, .volumeCondition, .expandVolume, .singleNodeMultiWriter,
        ]
        return NodeGetCapabilitiesResponse(capabilities: offered.map { NodeServiceCapability($0) })
    }
}
