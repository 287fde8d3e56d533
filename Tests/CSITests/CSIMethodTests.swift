internal import CSI
internal import Testing

@Suite("A call")
struct CSIMethodTests {
    /// What a typed client or a registration is: one function for all calls.
    private func answer<Request, Response>(
        _ call: CSIMethod.Unary<Request, Response>, _ bytes: [UInt8], _ handle: (Request) -> Response
    ) throws -> [UInt8] {
        handle(try Request(wire: bytes)).wireBytes()
    }

    @Test("carries its path")
    func paths() {
        #expect(CSIMethod.probe.path == "/csi.v1.Identity/Probe")
        #expect(CSIMethod.nodeStageVolume.path == "/csi.v1.Node/NodeStageVolume")
        #expect(CSIMethod.getMetadataDelta.path == "/csi.v1.SnapshotMetadata/GetMetadataDelta")
    }

    @Test("carries its messages' types")
    func types() throws {
        let answered = try answer(CSIMethod.nodeUnpublishVolume, NodeUnpublishVolumeRequest().wireBytes()) { request in
            #expect(request.targetPath == "")
            return NodeUnpublishVolumeResponse()
        }
        #expect(answered == [])
    }
}
