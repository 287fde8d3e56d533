internal import CSI
internal import RPC
internal import Volumes

extension Plugin {
    /// Streams the blocks of a snapshot that hold data.
    func getMetadataAllocated(
        _ request: GetMetadataAllocatedRequest, _ context: CallContext,
        _ send: @Sendable (GetMetadataAllocatedResponse) async throws(RPCStatus) -> Void
    ) async throws(RPCStatus) {
        let id = try require(request.snapshotID, "snapshot_id")
        let place = try MetadataPlace(request.startingOffset, request.maxResults)
        let (snapshot, reader) = try await work(storage.blocks(of: id, since: nil))
        try await stream(reader, of: snapshot, from: place) { blocks throws(RPCStatus) in
            try await send(
                GetMetadataAllocatedResponse(
                    blockMetadataType: .fixedLength, volumeCapacityBytes: snapshot.record.size, blockMetadata: blocks))
        }
    }
}
