internal import CSI
internal import RPC
internal import Testing

/// A request that CreateVolume has to refuse.
struct BadCreate: Sendable, CustomTestStringConvertible {
    let label: String
    let code: StatusCode
    let words: [String]
    let request: CreateVolumeRequest

    init(
        _ label: String, _ code: StatusCode, _ words: String..., name: String = "volume",
        range: (required: Int64, limit: Int64)? = nil,
        asking capabilities: [VolumeCapability] = [.mount()], parameters: [String: String] = [:],
        change: (inout CreateVolumeRequest) -> Void = { _ in }
    ) {
        self.label = label
        self.code = code
        self.words = words
        var request = CreateVolumeRequest(
            name: name, capacityRange: range.map { CapacityRange(requiredBytes: $0.required, limitBytes: $0.limit) },
            volumeCapabilities: capabilities, parameters: parameters)
        change(&request)
        self.request = request
    }

    var testDescription: String { label }

    private static let fstype = "csi.storage.k8s.io/fstype"

    static let fields: [BadCreate] = [
        BadCreate("no name", .invalidArgument, "name", name: ""),
        BadCreate("no capabilities", .invalidArgument, "volume_capabilities", asking: []),
        BadCreate(
            "no access type", .invalidArgument, "access type", asking: [VolumeCapability(accessMode: .singleNodeWriter)]
        ),
        BadCreate("no access mode", .invalidArgument, "access_mode", asking: [VolumeCapability(access: .block)]),
        BadCreate("unknown access mode", .invalidArgument, "access_mode", asking: [.mount("", .unknown)]),
        BadCreate("access mode of a later version", .invalidArgument, "99", asking: [.mount("", .unrecognized(99))]),
        BadCreate("readers on many nodes", .invalidArgument, "one node", asking: [.mount("", .multiNodeReaderOnly)]),
        BadCreate("one writer, many nodes", .invalidArgument, "one node", asking: [.mount("", .multiNodeSingleWriter)]),
        BadCreate("writers on many nodes", .invalidArgument, "one node", asking: [.block(.multiNodeMultiWriter)]),
        BadCreate(
            "the second capability is bad", .invalidArgument, "one node",
            asking: [.mount(), .mount("", .multiNodeMultiWriter)]),
        BadCreate("block and mount", .invalidArgument, "block", "mount", asking: [.mount(), .block()]),
        BadCreate("two filesystem types", .invalidArgument, "ext4", "xfs", asking: [.mount("ext4"), .mount("xfs")]),
        BadCreate("unknown filesystem type", .invalidArgument, "zfs", "ext4", "xfs", "btrfs", asking: [.mount("zfs")]),
        BadCreate("volume_mount_group", .invalidArgument, "fsGroup") {
            $0.volumeCapabilities = [
                VolumeCapability(access: .mount(.init(volumeMountGroup: "1000")), accessMode: .singleNodeWriter)
            ]
        },
        BadCreate(
            "refused mount flag", .invalidArgument, "journal_path",
            asking: [.mount(flags: ["journal_path=/etc/passwd"])]),
        BadCreate("an unknown snapshot as source", .notFound, "snapshot 'x'") {
            $0.volumeContentSource = VolumeContentSource(.snapshot(id: "x"))
        },
        BadCreate("an empty source", .invalidArgument, "volume_content_source") {
            $0.volumeContentSource = VolumeContentSource()
        },
        BadCreate("an unknown volume as source", .notFound, "volume 'x'") {
            $0.volumeContentSource = VolumeContentSource(.volume(id: "x"))
        },
        BadCreate("unknown mutable parameter", .invalidArgument, "iops", "readAheadKiB") {
            $0.mutableParameters = ["iops": "1"]
        },
        BadCreate("mutable parameter out of its range", .invalidArgument, "readAheadKiB", "-1") {
            $0.mutableParameters = ["readAheadKiB": "-1"]
        },
        BadCreate("topology of another node", .resourceExhausted, "node-b", NodeUnderTest.nodeID) {
            $0.accessibilityRequirements = TopologyRequirement(
                requisite: [Topology(segments: ["topology.holdfast.dev/node": "node-b"])])
        },
        BadCreate("topology of another driver", .resourceExhausted, "zone") {
            $0.accessibilityRequirements = TopologyRequirement(requisite: [Topology(segments: ["zone": "1"])])
        },
    ]

    static let parameters: [BadCreate] = [
        BadCreate(
            "unknown parameter", .invalidArgument, "colour", "singleWriter", "provisioning", fstype,
            parameters: ["colour": "red"]),
        BadCreate("provisioning", .invalidArgument, "fat", "thin", "thick", parameters: ["provisioning": "fat"]),
        BadCreate("singleWriter", .invalidArgument, "cluster", "pod", "node", parameters: ["singleWriter": "cluster"]),
        BadCreate("fsck", .invalidArgument, "never", "auto", "force", "off", parameters: ["fsck": "never"]),
        BadCreate("pool", .invalidArgument, "fast", "default", parameters: ["pool": "fast"]),
        BadCreate("fstype", .invalidArgument, "zfs", "ext4", parameters: [fstype: "zfs"]),
        BadCreate(
            "fstype against the capability", .invalidArgument, "xfs", "ext4", asking: [.mount("ext4")],
            parameters: [fstype: "xfs"]),
        BadCreate("encryption that is not there", .invalidArgument, "luks2", parameters: ["encryption": "luks2"]),
        BadCreate("empty value", .invalidArgument, "provisioning", parameters: ["provisioning": ""]),
    ]

    static let sizes: [BadCreate] = [
        BadCreate("negative requirement", .invalidArgument, "required_bytes", range: (-1, 0)),
        BadCreate("negative limit", .invalidArgument, "limit_bytes", range: (0, -1)),
        BadCreate("limit below the requirement", .outOfRange, "64", "32", range: (64, 32)),
        BadCreate("limit below ext4's minimum", .outOfRange, "8388608", range: (0, 8_388_607)),
        BadCreate(
            "limit below xfs's minimum", .outOfRange, "314572800", range: (mebibyte, 299 * mebibyte),
            asking: [.mount("xfs")]),
        BadCreate(
            "limit below btrfs's minimum", .outOfRange, "114294784", range: (0, 114_294_783), asking: [.mount("btrfs")]),
        BadCreate(
            "limit below the least raw block volume", .outOfRange, "1048576", range: (1, 4_096), asking: [.block()]),
        BadCreate("more than any volume can have", .outOfRange, range: (.max, 0)),
    ]
}

@Suite("Creating a volume", .needsRoot)
struct CreateVolumeTests {
    @Test(
        "bad requests are refused and leave nothing",
        arguments: BadCreate.fields + BadCreate.parameters + BadCreate.sizes)
    func badRequests(row: BadCreate) async throws {
        try await withNode { node in
            await expectRefusal(row.code, row.words, row.label) { try await node.create(row.request) }
            #expect(node.poolFiles() == [])
        }
    }

    @Test("what the provisioner says of the claim is no parameter")
    func claim() async throws {
        try await withNode { node in
            let claim = [
                "csi.storage.k8s.io/pvc/name": "a", "csi.storage.k8s.io/pvc/namespace": "b",
                "csi.storage.k8s.io/pv/name": "c",
            ]
            let volume = try await node.create(parameters: claim)
            let again = try await node.create()
            #expect(again.id == volume.id)
        }
    }

    @Test("a volume tells its node, pool and filesystem")
    func answer() async throws {
        try await withNode { node in
            let request = CreateVolumeRequest(
                name: "v", volumeCapabilities: [.mount("xfs")],
                accessibilityRequirements: TopologyRequirement(
                    requisite: [
                        Topology(segments: ["topology.holdfast.dev/node": "node-b"]),
                        Topology(segments: ["topology.holdfast.dev/node": NodeUnderTest.nodeID]),
                    ]))
            _ = try await node.create(request)
            let volume = try #require(try await node.call(CSIMethod.createVolume, request).volume)
            #expect(volume.accessibleTopology.map(\.segments) == [["topology.holdfast.dev/node": NodeUnderTest.nodeID]])
            #expect(volume.volumeContext["holdfast.dev/filesystem"] == "xfs")
            #expect(volume.volumeContext["holdfast.dev/pool"] == "default")
            #expect(volume.contentSource == nil)
            #expect(volume.volumeID.utf8.count <= 128)
        }
    }

    @Test("a thick volume larger than the pool is refused and leaves nothing")
    func thickLargerThanPool() async throws {
        try await withNode { node in
            await refused(.resourceExhausted, "default") {
                try await node.create(size: 1 << 50, parameters: ["provisioning": "thick"])
            }
            #expect(node.poolFiles() == [])
            _ = try await node.create(size: mebibyte * 8, parameters: ["provisioning": "thick"])
        }
    }
}
