internal import CSI
internal import RPC
internal import TestSupport
internal import Testing

@Suite("Asking about volumes", .needsRoot)
struct ControllerQueryTests {
    @Test("ControllerGetVolume: a volume as it was made; unknown and missing ids")
    func getVolume() async throws {
        try await withNode { node in
            let volume = try await node.create()
            let answer = try await node.call(CSIMethod.controllerGetVolume, .init(volumeID: volume.id))
            #expect(answer.volume?.volumeID == volume.id)
            #expect(answer.volume?.capacityBytes == volume.size)
            #expect(answer.volume?.volumeContext == volume.context)
            #expect(answer.status?.publishedNodeIDs == [])
            await refused(.notFound, "hf-x") {
                try await node.call(CSIMethod.controllerGetVolume, .init(volumeID: "hf-x"))
            }
            await refused(.invalidArgument, "volume_id") { try await node.call(CSIMethod.controllerGetVolume, .init()) }
        }
    }

    @Test("ValidateVolumeCapabilities refuses what cannot be asked")
    func validateRefusals() async throws {
        try await withNode { node in
            let volume = try await node.create()
            let method = CSIMethod.validateVolumeCapabilities
            await refused(.invalidArgument, "volume_id") {
                try await node.call(method, .init(volumeCapabilities: [.mount()]))
            }
            await refused(.invalidArgument, "volume_capabilities") {
                try await node.call(method, .init(volumeID: volume.id))
            }
            await refused(.notFound, "hf-x") {
                try await node.call(method, .init(volumeID: "hf-x", volumeCapabilities: [.mount()]))
            }
        }
    }

    @Test("ValidateVolumeCapabilities confirms what a volume can do", arguments: Validation.all)
    func validate(row: Validation) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"), parameters: ["singleWriter": "pod"])
            let request = ValidateVolumeCapabilitiesRequest(
                volumeID: volume.id, volumeContext: row.keepsContext ? volume.context : [:],
                volumeCapabilities: row.capabilities, parameters: row.parameters)
            let answer = try await node.call(CSIMethod.validateVolumeCapabilities, request)
            #expect((answer.confirmed != nil) == row.isConfirmed, "\(answer.message)")
            if let confirmed = answer.confirmed {
                #expect(confirmed.volumeCapabilities == row.capabilities)
                #expect(confirmed.volumeContext == request.volumeContext)
                #expect(confirmed.parameters == row.parameters)
            } else {
                #expect(!answer.message.isEmpty)
            }
        }
    }

    @Test("GetCapacity gives the least size of a volume for its access", arguments: MinimumRow.all)
    func minimum(row: MinimumRow) async throws {
        try await withNode { node in
            let request = GetCapacityRequest(volumeCapabilities: row.capabilities, parameters: row.parameters)
            let answer = try await node.call(CSIMethod.getCapacity, request)
            #expect(answer.minimumVolumeSize == row.minimum)
            #expect(answer.availableCapacity > 0)
        }
    }

    @Test("GetCapacity: a thick volume fits into what is free, a thin one may be larger")
    func thinAndThick() async throws {
        try await withNode { node in
            let thin = try await node.call(CSIMethod.getCapacity, .init())
            let thick = try await node.call(CSIMethod.getCapacity, .init(parameters: ["provisioning": "thick"]))
            let maximum = try #require(thick.maximumVolumeSize)
            #expect(maximum > 0 && maximum <= thick.availableCapacity)
            #expect(try #require(thin.maximumVolumeSize) > maximum)
        }
    }

    @Test("GetCapacity: what cannot be made here has no room; what is wrong is refused")
    func noRoom() async throws {
        try await withNode { node in
            let method = CSIMethod.getCapacity
            let here = Topology(segments: ["topology.holdfast.dev/node": NodeUnderTest.nodeID])
            let there = Topology(segments: ["topology.holdfast.dev/node": "node-b"])
            let here1 = try await node.call(method, .init(accessibleTopology: here))
            #expect(here1.availableCapacity > 0)
            let none: [GetCapacityRequest] = [
                .init(accessibleTopology: there),
                .init(parameters: ["pool": "fast"]),
                .init(volumeCapabilities: [.mount("", .multiNodeMultiWriter)]),
                .init(volumeCapabilities: [.mount("zfs")]),
            ]
            for request in none {
                let answer = try await node.call(method, request)
                #expect(answer.availableCapacity == 0, "\(request)")
            }
            await refused(.invalidArgument, "colour") {
                try await node.call(method, .init(parameters: ["colour": "red"]))
            }
        }
    }

    @Test("a pool with an overcommit ratio promises so much and no more")
    func overcommit() async throws {
        let folder = TemporaryFolder("node")
        let pool = folder.makeFolder("pool")
        let configuration = "pools:\n  - name: default\n    path: \(pool)\n    overcommit: 2\n"
        try await withNode(in: folder, pool: pool, configuration: configuration) { node in
            let answer = try await node.call(CSIMethod.getCapacity, .init())
            let most = try #require(answer.maximumVolumeSize)
            #expect(most == answer.availableCapacity)
            await refused(.resourceExhausted, "overcommit") {
                try await node.create(size: answer.availableCapacity + (1 << 30))
            }
            let half = try await node.create(size: answer.availableCapacity / 2 / 4_096 * 4_096)
            let rest = try await node.call(CSIMethod.getCapacity, .init())
            #expect(rest.availableCapacity == answer.availableCapacity - half.size)
        }
    }
}

struct Validation: Sendable, CustomTestStringConvertible {
    let label: String
    let capabilities: [VolumeCapability]
    var parameters: [String: String] = [:]
    var keepsContext = true
    let isConfirmed: Bool

    var testDescription: String { label }

    static let all: [Validation] = [
        Validation(label: "its own", capabilities: [.mount("ext4")], isConfirmed: true),
        Validation(label: "any filesystem", capabilities: [.mount()], isConfirmed: true),
        Validation(
            label: "every mode of one node",
            capabilities: [
                .mount("", .singleNodeWriter), .mount("", .singleNodeReaderOnly), .mount("", .singleNodeSingleWriter),
                .mount("", .singleNodeMultiWriter),
            ], isConfirmed: true),
        Validation(label: "no context", capabilities: [.mount()], keepsContext: false, isConfirmed: true),
        Validation(
            label: "its parameters", capabilities: [.mount()], parameters: ["singleWriter": "pod"], isConfirmed: true),
        Validation(
            label: "other parameters", capabilities: [.mount()], parameters: ["singleWriter": "node"],
            isConfirmed: false),
        Validation(label: "raw block", capabilities: [.block()], isConfirmed: false),
        Validation(label: "one of two", capabilities: [.mount(), .block()], isConfirmed: false),
        Validation(label: "another filesystem", capabilities: [.mount("xfs")], isConfirmed: false),
        Validation(label: "many nodes", capabilities: [.mount("", .multiNodeMultiWriter)], isConfirmed: false),
    ]
}

struct MinimumRow: Sendable, CustomTestStringConvertible {
    let label: String
    var capabilities: [VolumeCapability] = []
    var parameters: [String: String] = [:]
    let minimum: Int64

    var testDescription: String { label }

    static let all: [MinimumRow] = [
        MinimumRow(label: "nothing stated", minimum: 8 * mebibyte),
        MinimumRow(label: "ext4", capabilities: [.mount("ext4")], minimum: 8 * mebibyte),
        MinimumRow(label: "xfs", capabilities: [.mount("xfs")], minimum: 300 * mebibyte),
        MinimumRow(
            label: "btrfs, thick", capabilities: [.mount("btrfs")], parameters: ["provisioning": "thick"],
            minimum: 114_294_784),
        MinimumRow(label: "raw block", capabilities: [.block()], minimum: mebibyte),
        MinimumRow(
            label: "xfs by parameter", parameters: ["csi.storage.k8s.io/fstype": "xfs"], minimum: 300 * mebibyte),
    ]
}
