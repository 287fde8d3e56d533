internal import CSI
internal import RPC

extension Plugin {
    /// Ready when the start-up pass is through. It touches no device and no lock, so it answers while volumes hang.
    func probe(_ request: ProbeRequest, _ context: CallContext) async throws(RPCStatus) -> ProbeResponse {
        ProbeResponse(ready: storage.isReady)
    }
}
