internal import CSI
internal import Devices
internal import Pools
internal import RPC
internal import Volumes

extension Plugin {
    /// Lists volumes in the order of their ids, with what the kernel has of each.
    func hostListVolumes(
        _ request: Host.ListVolumesRequest, _ context: CallContext
    ) async throws(RPCStatus) -> Host.ListVolumesResponse {
        if request.maxEntries < 0 {
            throw .invalid("max_entries is \(request.maxEntries); it cannot be negative")
        }
        let tokens = PageToken<VolumeKind>(pools: storage.pools)
        var query = InventoryQuery(
            after: try tokens.id(request.startingToken),
            limit: request.maxEntries == 0 ? Self.longestPage : min(Int(request.maxEntries), Self.longestPage),
            pool: request.pool.isEmpty ? nil : request.pool, inUse: request.inUse)
        if !request.volumeID.isEmpty {
            // Text that cannot be an id of ours is a volume that does not exist.
            guard let id = VolumeID(request.volumeID) else { return Host.ListVolumesResponse() }
            query.only = id
        }
        let asked = query
        let (volumes, hasMore) = try await look(storage.inventory(asked))
        return Host.ListVolumesResponse(
            volumes: volumes.map(Host.Volume.init),
            nextToken: hasMore ? volumes.last.map { tokens.text(after: $0.id) } ?? "" : "")
    }

    /// With parameters of 4 KiB each, which is CSI's limit, a page stays under the 4 MiB that gRPC clients take.
    private static let longestPage = 200
}

extension Host.Volume {
    fileprivate init(_ seen: SeenVolume) {
        self.init(
            volumeID: seen.id.text, pool: seen.pool.name, state: .damaged, device: seen.device.map(Host.Device.init),
            mounts: seen.mounts.map(Host.Mount.init), troubles: seen.troubles, notObserved: seen.notObserved ?? "")
        guard let record = seen.record else { return }
        state = record.intent == .ready ? .ready : .deleting
        name = record.name
        sizeBytes = record.size
        growsFromBytes = record.growsFrom ?? 0
        switch record.access {
        case .block: block = true
        case .mount(let filesystem): fsType = filesystem
        }
        (format, fsUUID) = record.format.wire
        incarnation = record.incarnation
        isUntouched = record.isUntouched
        provisioning = record.provisioning.rawValue
        parameters = record.parameters
        mutableParameters = record.mutableParameters
        claim = record.claim
        created = Timestamp(seconds: record.created)
        switch record.source {
        case nil: break
        case .snapshot(let id): sourceSnapshotID = id.text
        case .volume(let id): sourceVolumeID = id.text
        }
        ephemeralTarget = record.ephemeralTarget ?? ""
        attachments = record.attachments.map {
            Host.Attachment(node: $0.node, readonly: $0.isReadOnly, accessMode: $0.mode)
        }
    }
}

extension FormatState {
    fileprivate var wire: (Host.Volume.Format, String) {
        switch self {
        case .never: (.never, "")
        case .formatting(let uuid, _): (.formatting, "\(uuid)")
        case .formatted(let uuid, _): (.formatted, "\(uuid)")
        case .renewing(_, let to, _): (.renewing, "\(to)")
        }
    }
}

extension Host.Device {
    fileprivate init(_ seen: SeenDevice) {
        self.init(
            path: seen.path, major: Int32(seen.number.major), minor: Int32(seen.number.minor), backing: seen.backing,
            sizeBytes: seen.size, readonly: seen.isReadOnly, holders: seen.holders)
    }
}

extension Host.Mount {
    fileprivate init(_ seen: SeenMount) {
        let role: Role =
            switch seen.role {
            case nil: .unknown
            case .staging: .staging
            case .target: .target
            }
        self.init(path: seen.path, readonly: seen.isReadOnly, role: role, mountID: Int64(clamping: seen.id))
    }
}
