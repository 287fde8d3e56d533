internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func controllerModifyVolume(
        _ request: ControllerModifyVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerModifyVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        if request.mutableParameters.isEmpty { throw .invalid("mutable_parameters is missing") }
        let parameters: MutableParameters
        do throws(VolumeError) {
            parameters = try MutableParameters(request.mutableParameters)
        } catch {
            throw RPCStatus(error)
        }
        try await work(storage.modify(id, parameters))
        return ControllerModifyVolumeResponse()
    }
}
