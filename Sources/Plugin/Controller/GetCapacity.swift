internal import CSI
internal import Pools
internal import RPC
internal import Volumes

extension Plugin {
    /// Room for volumes of a class. What cannot be made here at all has no room, and is no error: a scheduler asks every
    /// node for every class.
    func getCapacity(
        _ request: GetCapacityRequest, _ context: CallContext
    ) async throws(RPCStatus) -> GetCapacityResponse {
        let parameters: VolumeParameters
        let pool: any Pool
        do throws(VolumeError) {
            parameters = try VolumeParameters(request.parameters)
            pool = try storage.pool(named: parameters.pool)
        } catch {
            if case .noSuchPool = error { return GetCapacityResponse(availableCapacity: 0) }
            throw RPCStatus(error)
        }
        if let topology = request.accessibleTopology, !reaches(topology) {
            return GetCapacityResponse(availableCapacity: 0)
        }
        var access = RequestedAccess.mount(filesystem: nil)
        if !request.volumeCapabilities.isEmpty {
            guard let capabilities = try? Capability.all(request.volumeCapabilities),
                let common = try? Capability.commonAccess(capabilities)
            else { return GetCapacityResponse(availableCapacity: 0) }
            access = common
        }
        let order = CreateOrder(name: "", required: 0, limit: 0, access: access, parameters: parameters)
        let capacity = try await work(storage.capacity(for: order, in: pool))
        return GetCapacityResponse(
            availableCapacity: capacity.available, maximumVolumeSize: capacity.maximumVolume,
            minimumVolumeSize: capacity.minimumVolume)
    }
}
