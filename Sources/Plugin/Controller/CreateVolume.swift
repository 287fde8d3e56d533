internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    func createVolume(
        _ request: CreateVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> CreateVolumeResponse {
        let name = try requireName(request.name, "name")
        let capabilities = try Capability.all(request.volumeCapabilities)
        let range = try readRange(request.capacityRange)
        if request.volumeContentSource != nil {
            throw .invalid("volume_content_source is set; this driver makes empty volumes only")
        }
        if let key = request.mutableParameters.keys.min() {
            throw .invalid("the mutable parameter '\(key)' is unknown; this driver has none")
        }
        let parameters: VolumeParameters
        do throws(VolumeError) {
            parameters = try VolumeParameters(request.parameters)
            if let requirement = request.accessibilityRequirements, !requirement.requisite.isEmpty,
                !requirement.requisite.contains(where: reaches)
            {
                throw .cannotReach(
                    asked: words(requirement.requisite), here: "\(Self.topologyKey)=\(storage.nodeID)")
            }
        } catch {
            throw RPCStatus(error)
        }
        let order = CreateOrder(
            name: name, required: range.required, limit: range.limit,
            access: try Capability.commonAccess(capabilities), parameters: parameters)
        let volume = try await work(storage.create(order))
        return CreateVolumeResponse(volume: wireVolume(volume.record, in: volume.pool))
    }

    private func words(_ topologies: [Topology]) -> String {
        topologies.prefix(4).map { topology in
            topology.segments.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        }.joined(separator: " or ")
    }
}
