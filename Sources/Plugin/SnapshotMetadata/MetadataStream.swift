internal import CSI
internal import Pools
internal import RPC
internal import Volumes

/// Where a stream of blocks begins, and how many of them one message holds.
struct MetadataPlace {
    let offset: Int64
    let limit: Int

    /// So many blocks of 24 bytes and less stay far under the 4 MiB that gRPC clients take.
    private static let mostResults = 16_384

    init(_ offset: Int64, _ maxResults: Int32) throws(RPCStatus) {
        if offset < 0 {
            throw RPCStatus(.outOfRange, "starting_offset is \(offset); a snapshot begins at 0")
        }
        if maxResults < 0 { throw .invalid("max_results is \(maxResults); it cannot be negative") }
        self.offset = offset
        limit = maxResults == 0 ? Self.mostResults : min(Int(maxResults), Self.mostResults)
    }
}

extension Plugin {
    /// Sends what a reader finds, from an offset to the end; one message without blocks when there are none.
    func stream(
        _ reader: any BlockReader, of snapshot: Volumes.Snapshot, from place: MetadataPlace,
        _ send: ([BlockMetadata]) async throws(RPCStatus) -> Void
    ) async throws(RPCStatus) {
        guard place.offset < snapshot.record.size else {
            throw RPCStatus(
                .outOfRange,
                "starting_offset is \(place.offset), and snapshot \(snapshot.id) has \(snapshot.record.size) bytes")
        }
        var position: Int64? = place.offset
        var hasSent = false
        while let offset = position {
            // Long stretches without a difference send nothing that would tell.
            if Task.isCancelled { throw RPCStatus(.cancelled, "the client has gone") }
            let stretch = try await work(storage.next(reader, from: offset, limit: place.limit))
            position = stretch.next
            if !stretch.offsets.isEmpty || (position == nil && !hasSent) {
                try await send(stretch.offsets.map { BlockMetadata(byteOffset: $0, sizeBytes: reader.blockSize) })
                hasSent = true
            }
        }
    }
}
