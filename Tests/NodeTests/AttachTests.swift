internal import CSI
internal import RPC
internal import Testing

@Suite("Attaching a volume", .needsRoot)
struct AttachTests {
    @Test("bad requests", arguments: BadAttach.all)
    func badRequests(row: BadAttach) async throws {
        try await withNode { node in
            let volume = try await node.create()
            var request = ControllerPublishVolumeRequest(
                volumeID: volume.id, nodeID: NodeUnderTest.nodeID, volumeCapability: .mount())
            row.change(&request)
            await expectRefusal(row.code, row.words, row.label) {
                try await node.call(CSIMethod.controllerPublishVolume, request)
            }
        }
    }

    @Test("the same again is fine, other arguments are not")
    func again() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.attach(volume)
            try await node.attach(volume)
            await refused(.alreadyExists, "writable", "read-only") { try await node.attach(volume, readonly: true) }
            try await node.detach(volume)
            try await node.attach(volume, readonly: true)
        }
    }

    @Test("an attachment outlives the process and is told by ControllerGetVolume")
    func restart() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.attach(volume)
            try await node.restart()
            let answer = try await node.call(CSIMethod.controllerGetVolume, .init(volumeID: volume.id))
            #expect(answer.status?.publishedNodeIDs == [NodeUnderTest.nodeID])
            await refused(.failedPrecondition, "attached") { try await node.delete(volume) }
        }
    }

    @Test("detaching: unknown volume, other node and no node succeed; no volume is refused")
    func detach() async throws {
        try await withNode { node in
            func detach(_ volume: String, _ name: String) async throws(RPCStatus) {
                _ = try await node.call(
                    CSIMethod.controllerUnpublishVolume,
                    ControllerUnpublishVolumeRequest(volumeID: volume, nodeID: name))
            }
            let volume = try await node.create()
            try await node.attach(volume)
            try await detach("hf-0123456789012345678901234567890123456789", NodeUnderTest.nodeID)
            try await detach("../x", NodeUnderTest.nodeID)
            try await detach(volume.id, "node-b")
            await refused(.failedPrecondition, "attached") { try await node.delete(volume) }
            // No node stands for every node.
            try await detach(volume.id, "")
            try await detach(volume.id, "")
            try await node.delete(volume)
            await refused(.invalidArgument, "volume_id") { try await detach("", NodeUnderTest.nodeID) }
        }
    }

    @Test("a volume that is attached read-only is not published for writing")
    func attachedReadOnly() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            try await node.attach(volume, readonly: true)
            await refused(.failedPrecondition, "read-only") { try await node.publish(volume) }
            try await node.publish(volume, readonly: true)
        }
    }
}

struct BadAttach: Sendable, CustomTestStringConvertible {
    let label: String
    let code: StatusCode
    let words: [String]
    let change: @Sendable (inout ControllerPublishVolumeRequest) -> Void

    init(
        _ label: String, _ code: StatusCode, _ words: String...,
        change: @escaping @Sendable (inout ControllerPublishVolumeRequest) -> Void
    ) {
        self.label = label
        self.code = code
        self.words = words
        self.change = change
    }

    var testDescription: String { label }

    static let all: [BadAttach] = [
        BadAttach("no volume", .invalidArgument, "volume_id") { $0.volumeID = "" },
        BadAttach("no node", .invalidArgument, "node_id") { $0.nodeID = "" },
        BadAttach("no capability", .invalidArgument, "volume_capability") { $0.volumeCapability = nil },
        BadAttach("unknown volume", .notFound, "hf-x") { $0.volumeID = "hf-x" },
        BadAttach("unknown node", .notFound, "node-b") { $0.nodeID = "node-b" },
        BadAttach("raw block use of a filesystem", .invalidArgument, "block") { $0.volumeCapability = .block() },
        BadAttach("another filesystem", .invalidArgument, "ext4", "xfs") { $0.volumeCapability = .mount("xfs") },
        BadAttach("a mode for many nodes", .invalidArgument, "one node") {
            $0.volumeCapability = .mount("", .multiNodeMultiWriter)
        },
    ]
}
