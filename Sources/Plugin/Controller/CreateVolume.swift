internal import CSI
internal import Pools
internal import RPC
internal import Volumes

extension Plugin {
    func createVolume(
        _ request: CreateVolumeRequest, _ context: CallContext
    ) async throws(RPCStatus) -> CreateVolumeResponse {
        let name = try requireName(request.name, "name")
        let capabilities = try Capability.all(request.volumeCapabilities)
        let range = try readRange(request.capacityRange)
        let source = try readSource(request.volumeContentSource)
        let parameters: VolumeParameters
        let mutableParameters: MutableParameters
        do throws(VolumeError) {
            parameters = try VolumeParameters(request.parameters)
            mutableParameters = try MutableParameters(request.mutableParameters)
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
            access: try Capability.commonAccess(capabilities), parameters: parameters,
            mutableParameters: mutableParameters, source: source)
        let control = copyControl(context)
        let volume = try await work(storage.create(order, control))
        return CreateVolumeResponse(volume: wireVolume(volume.record, in: volume.pool))
    }

    /// The content source; an id that cannot be one of ours is an unknown source like any other.
    private func readSource(_ source: VolumeContentSource?) throws(RPCStatus) -> ContentSource? {
        guard let source else { return nil }
        switch source.source {
        case nil: throw .invalid("volume_content_source names neither a snapshot nor a volume")
        case .snapshot(let text):
            _ = try require(text, "volume_content_source.snapshot.snapshot_id")
            guard let id = SnapshotID(text) else { throw RPCStatus(VolumeError.noSuchSnapshot(text)) }
            return .snapshot(id)
        case .volume(let text):
            _ = try require(text, "volume_content_source.volume.volume_id")
            guard let id = VolumeID(text) else { throw RPCStatus(VolumeError.noSuchVolume(text)) }
            return .volume(id)
        }
    }

    private func words(_ topologies: [Topology]) -> String {
        topologies.prefix(4).map { topology in
            topology.segments.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        }.joined(separator: " or ")
    }
}
