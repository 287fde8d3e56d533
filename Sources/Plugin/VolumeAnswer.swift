internal import CSI
internal import Pools
internal import Volumes

extension Plugin {
    /// Where a volume of this node can be reached from.
    var topology: Topology { Topology(segments: [Self.topologyKey: storage.nodeID]) }

    /// A volume as CSI tells of it. The context is what an operator wants to read on a PersistentVolume.
    func wireVolume(_ record: VolumeRecord, in pool: any Pool) -> CSI.Volume {
        var context = [
            incarnationKey: record.incarnation, "holdfast.dev/name": record.name, "holdfast.dev/pool": pool.name,
            "holdfast.dev/provisioning": record.provisioning.rawValue,
        ]
        switch record.access {
        case .block: context["holdfast.dev/access"] = "block"
        case .mount(let filesystem): context["holdfast.dev/filesystem"] = filesystem
        }
        var source: VolumeContentSource?
        switch record.source {
        case nil: break
        case .snapshot(let id): source = VolumeContentSource(.snapshot(id: id.text))
        case .volume(let id): source = VolumeContentSource(.volume(id: id.text))
        }
        return CSI.Volume(
            capacityBytes: record.size, volumeID: record.id.text, volumeContext: context, contentSource: source,
            accessibleTopology: [topology])
    }

    /// Whether volumes of this node can be reached from a topology.
    func reaches(_ topology: Topology) -> Bool {
        topology.segments.allSatisfy { $0.key == Self.topologyKey && $0.value == storage.nodeID }
    }
}
