internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    /// Streams the blocks in which a snapshot differs from an earlier one of the same volume.
    func getMetadataDelta(
        _ request: GetMetadataDeltaRequest, _ context: CallContext,
        _ send: @Sendable (GetMetadataDeltaResponse) async throws(RPCStatus) -> Void
    ) async throws(RPCStatus) {
        let base = try require(request.baseSnapshotID, "base_snapshot_id")
        let target = try require(request.targetSnapshotID, "target_snapshot_id")
        let place = try MetadataPlace(request.startingOffset, request.maxResults)
        let (snapshot, reader) = try await work(storage.blocks(of: target, since: base))
        try await stream(reader, of: snapshot, from: place) { blocks throws(RPCStatus) in
            try await send(
                GetMetadataDeltaResponse(
                    blockMetadataType: .fixedLength, volumeCapacityBytes: snapshot.record.size, blockMetadata: blocks))
        }
    }
}
