internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func controllerModifyVolume(
        _ request: ControllerModifyVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ControllerModifyVolumeResponse {
        let id = try require(request.volumeID, "volume_id")
        let parameters: MutableParameters
        do throws(VolumeError) {
            parameters = try MutableParameters(request.mutableParameters)
        } catch {
            throw RPCStatus(error)
        }
        if parameters.given.isEmpty { throw .invalid("mutable_parameters names no parameter") }
        try await work(storage.modify(id, parameters))
        return ControllerModifyVolumeResponse()
    }
}
