internal import CSI
internal import RPC
internal import Testing

/// What a stream of blocks has told.
struct BlockList: Sendable, Equatable {
    var offsets: [Int64] = []
    /// Bytes of every block; 0 when there was none.
    var blockSize: Int64 = 0
    var capacity: Int64 = 0
    /// The most blocks that one message held.
    var longest = 0
    var messages = 0
}

extension NodeUnderTest {
    func allocated(_ snapshot: String, from offset: Int64 = 0, max: Int32 = 0) async throws(RPCStatus) -> BlockList {
        let request = GetMetadataAllocatedRequest(snapshotID: snapshot, startingOffset: offset, maxResults: max)
        return try await collect(CSIMethod.getMetadataAllocated, request) {
            ($0.blockMetadataType, $0.volumeCapacityBytes, $0.blockMetadata)
        }
    }

    func delta(
        from base: String, to target: String, at offset: Int64 = 0, max: Int32 = 0
    ) async throws(RPCStatus) -> BlockList {
        let request = GetMetadataDeltaRequest(
            baseSnapshotID: base, targetSnapshotID: target, startingOffset: offset, maxResults: max)
        return try await collect(CSIMethod.getMetadataDelta, request) {
            ($0.blockMetadataType, $0.volumeCapacityBytes, $0.blockMetadata)
        }
    }

    /// Reads a stream to its end, and expects it to be well formed: one block size, one capacity, offsets that ascend.
    private func collect<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.ServerStream<Request, Response>, _ request: Request,
        _ parts: (Response) -> (BlockMetadataType, Int64, [BlockMetadata])
    ) async throws(RPCStatus) -> BlockList {
        let client = RPCClient(socket: socket)
        defer { client.close() }
        var list = BlockList()
        for try await bytes in client.serverStream(method.path, request.wireBytes(), timeout: 60) {
            let response: Response
            do throws(WireError) { response = try Response(wire: bytes) } catch {
                throw RPCStatus(.internalError, "\(error)")
            }
            let (type, capacity, blocks) = parts(response)
            #expect(type == .fixedLength && capacity > 0 && [0, capacity].contains(list.capacity))
            list.capacity = capacity
            list.messages += 1
            list.longest = max(list.longest, blocks.count)
            for block in blocks {
                #expect([0, block.sizeBytes].contains(list.blockSize) && block.byteOffset % block.sizeBytes == 0)
                #expect(block.byteOffset > list.offsets.last ?? -1 && block.byteOffset + block.sizeBytes <= capacity)
                list.blockSize = block.sizeBytes
                list.offsets.append(block.byteOffset)
            }
        }
        return list
    }
}
