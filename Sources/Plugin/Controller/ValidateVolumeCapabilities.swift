internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    /// Confirms what a volume can do. What it cannot is told in the message, and is no error.
    func validateVolumeCapabilities(
        _ request: ValidateVolumeCapabilitiesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> ValidateVolumeCapabilitiesResponse {
        let id = try require(request.volumeID, "volume_id")
        if request.volumeCapabilities.isEmpty { throw .invalid("volume_capabilities is missing") }
        let volume = try await work(storage.find(id))
        do throws(RPCStatus) {
            for capability in try Capability.all(request.volumeCapabilities) {
                try check(volume, capability, request)
            }
        } catch {
            return ValidateVolumeCapabilitiesResponse(message: error.message)
        }
        return ValidateVolumeCapabilitiesResponse(
            confirmed: .init(
                volumeContext: request.volumeContext, volumeCapabilities: request.volumeCapabilities,
                parameters: request.parameters, mutableParameters: request.mutableParameters))
    }

    private func check(
        _ volume: Volumes.Volume, _ capability: Capability, _ request: ValidateVolumeCapabilitiesRequest
    ) throws(RPCStatus) {
        do throws(VolumeError) {
            try volume.requireAccess(capability.access)
            try volume.requireIncarnation(request.volumeContext[incarnationKey])
            let parameters = try VolumeParameters(request.parameters)
            if !request.parameters.isEmpty && parameters.given != volume.record.parameters {
                throw .invalid("the volume was made with other parameters")
            }
            let asked = try MutableParameters(request.mutableParameters).given
            if let other = asked.first(where: { volume.record.mutableParameters[$0.key] != $0.value }) {
                throw .invalid("the volume's mutable parameter '\(other.key)' is not '\(other.value)'")
            }
        } catch {
            throw RPCStatus(error)
        }
    }
}
