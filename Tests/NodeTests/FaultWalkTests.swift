internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Killed at every fault point", .needsRoot)
struct FaultWalkTests {
    /// Side by side, each with a node of its own: they wait for the disk most of the time.
    @Test("what was acknowledged is whole, and nothing is left", .tellsApart)
    func everyPoint() async {
        await sideBySide(WalkedOperation.all, atMost: 4) { try await walk($0) }
    }
}

extension WalkedOperation {
    /// All of them, or those alone whose label holds what `HOLDFAST_WALK_ONLY` says.
    static let all: [WalkedOperation] = {
        let rows = creations + stagings + publications + growths + snapshots + copies + others
        let all = rows.filter { !$0.isVariant || getenv("HOLDFAST_WALK") != nil }
        guard let words = getenv("HOLDFAST_WALK_ONLY").map({ String(cString: $0) }) else { return all }
        return all.filter { $0.label.contains(words) }
    }()
}

// Volumes are made, and deleted.
extension WalkedOperation {
    private static func creation(
        _ label: String, _ kind: VolumeKind, parameters: [String: String] = [:]
    ) -> WalkedOperation {
        WalkedOperation(
            label: "CreateVolume, \(label)", act: { try await $0.create(kind, parameters: parameters) },
            expect: { life in try await life.expectListed() })
    }

    private static func deletion(_ label: String, _ kind: VolumeKind) -> WalkedOperation {
        WalkedOperation(
            label: "DeleteVolume, \(label)",
            prepare: { life in
                try await life.use(kind)
                try await life.node.stopUsing(life.volume(), as: "v")
            },
            act: { try await $0.node.delete($0.volume()) })
    }

    static let creations = [
        creation("thin", .ext4), creation("thick", .ext4, parameters: ["provisioning": "thick"]),
        creation("raw block", .block), deletion("ext4", .ext4), deletion("raw block", .block),
    ]
}

// Staging and unstaging.
extension WalkedOperation {
    private static func firstStaging(_ kind: VolumeKind, parameters: [String: String] = [:]) -> WalkedOperation {
        WalkedOperation(
            label:
                "NodeStageVolume, the first, \(kind.name)\(parameters.isEmpty ? "" : " \(parameters.values.joined())")",
            prepare: { try await $0.create(kind, parameters: parameters) },
            act: { try await $0.node.stage($0.volume(), at: "v.staging") },
            expect: { life in
                try await life.node.publish(life.volume(), at: "v", from: "v.staging")
                try await write(WalkedLife.bytes, to: life.file("v", kind))
                try await life.node.stopUsing(life.volume(), as: "v")
                try await life.expectBytesWhenUsed(kind)
            })
    }

    private static func laterStaging(_ kind: VolumeKind, parameters: [String: String] = [:]) -> WalkedOperation {
        WalkedOperation(
            label: "NodeStageVolume, a later one, \(kind.name)",
            prepare: { life in
                try await life.use(kind, parameters: parameters)
                try await life.node.stopUsing(life.volume(), as: "v")
            },
            act: { try await $0.node.stage($0.volume(), at: "v.staging") },
            expect: { try await $0.expectBytesWhenUsed(kind) },
            keeps: { life in try await life.expectListed() })
    }

    private static func unstaging(_ kind: VolumeKind) -> WalkedOperation {
        WalkedOperation(
            label: "NodeUnstageVolume, \(kind.name)",
            prepare: { life in
                try await life.use(kind)
                try await life.node.unpublish(life.volume(), at: "v")
            },
            act: { try await $0.node.unstage($0.volume(), at: "v.staging") },
            expect: { try await $0.expectBytesWhenUsed(kind) })
    }

    private static func attachment(readonly: Bool) -> WalkedOperation {
        WalkedOperation(
            label: "ControllerPublishVolume\(readonly ? ", read-only" : "")",
            prepare: { try await $0.create(.ext4) },
            act: { try await $0.node.attach($0.volume(), readonly: readonly) },
            expect: { try await $0.expectListed() })
    }

    static let stagings =
        VolumeKind.all.map { firstStaging($0) } + [firstStaging(.ext4, parameters: ["provisioning": "thick"]).asVariant]
        + VolumeKind.all.map { laterStaging($0) } + VolumeKind.all.map { unstaging($0) }
        + [
            attachment(readonly: false), attachment(readonly: true),
            WalkedOperation(
                label: "ControllerUnpublishVolume",
                prepare: { life in
                    try await life.create(.ext4)
                    try await life.node.attach(life.volume())
                },
                act: { try await $0.node.detach($0.volume()) }),
        ]
}

// Publishing and unpublishing.
extension WalkedOperation {
    private static func publication(_ kind: VolumeKind) -> WalkedOperation {
        WalkedOperation(
            label: "NodePublishVolume, \(kind.name)",
            prepare: { life in
                try await life.use(kind)
                try await life.node.unpublish(life.volume(), at: "v")
            },
            act: { try await $0.node.publish($0.volume(), at: "v", from: "v.staging") },
            expect: { try await $0.expectBytes(kind) })
    }

    private static func unpublication(_ kind: VolumeKind) -> WalkedOperation {
        WalkedOperation(
            label: "NodeUnpublishVolume, \(kind.name)", prepare: { try await $0.use(kind) },
            act: { try await $0.node.unpublish($0.volume(), at: "v") },
            expect: { try await $0.expectBytesWhenUsed(kind) })
    }

    static let publications =
        [VolumeKind.ext4, .btrfs, .block].flatMap { [publication($0), unpublication($0)] }
        + [
            WalkedOperation(
                label: "NodePublishVolume, ephemeral",
                act: { try await $0.node.publish(ephemeral: NodeUnderTest.handle(), at: "inline") },
                expect: { try await write([1], to: $0.node.path("inline/file")) }),
            WalkedOperation(
                label: "NodeUnpublishVolume, ephemeral",
                prepare: { try await $0.node.publish(ephemeral: NodeUnderTest.handle(), at: "inline") },
                act: { try await $0.node.unpublish(ephemeral: NodeUnderTest.handle(), at: "inline") }),
        ]
}

// Growing and changing.
extension WalkedOperation {
    private static func growth(_ growth: Growth, isMounted: Bool) -> WalkedOperation {
        let kind = VolumeKind(name: growth.type, capability: growth.capability, size: growth.before)
        return WalkedOperation(
            label: "ControllerExpandVolume, \(growth.type), \(growth.provisioning)\(isMounted ? ", mounted" : "")",
            prepare: { life in
                try await life.use(kind, parameters: growth.parameters)
                if !isMounted { try await life.node.stopUsing(life.volume(), as: "v") }
            },
            act: { life in
                _ = try await life.node.expand(life.volume(), to: growth.after)
                if isMounted {
                    _ = try await life.node.expand(life.volume(), to: growth.after, at: "v")
                } else {
                    try await life.node.use(life.volume(), as: "v")
                }
            },
            expect: { life in
                try await life.node.expectGrown(life.volume(), growth, at: "v")
                try await life.expectBytes(kind)
            },
            keeps: { life in if isMounted { try await life.expectBytes(kind) } })
    }

    static let growths = [
        growth(.ext4, isMounted: false), growth(.xfs, isMounted: false).asVariant, growth(.xfs, isMounted: true),
        growth(.btrfs, isMounted: true).asVariant,
        growth(
            Growth(type: "xfs", before: 300 * mebibyte, after: 400 * mebibyte, provisioning: "thick"), isMounted: true),
    ]
}

// Snapshots and groups.
extension WalkedOperation {
    private static func snapshot(_ ground: PoolGround, _ kind: VolumeKind, isUsed: Bool) -> WalkedOperation {
        WalkedOperation(
            label: "CreateSnapshot, \(kind.name)\(isUsed ? ", mounted" : ""), \(ground.testDescription)",
            ground: ground,
            prepare: { life in
                try await life.use(kind)
                if !isUsed { try await life.node.stopUsing(life.volume(), as: "v") }
            },
            act: { try await $0.take() },
            expect: { life in
                let copy = try await life.node.restore(life.snapshot(), "copy", kind.capability)
                life.note(copy, as: "copy")
                try await life.node.use(copy, as: "copy")
                try await life.expectBytes("copy", kind)
            },
            keeps: { life in
                guard isUsed else { return try await life.expectBytesWhenUsed(kind) }
                // Writers are not held.
                try await write(WalkedLife.bytes, to: life.file("v", kind))
            })
    }

    private static func deletedSnapshot(_ ground: PoolGround) -> WalkedOperation {
        WalkedOperation(
            label: "DeleteSnapshot, \(ground.testDescription)", ground: ground,
            prepare: { life in
                try await life.use(.ext4)
                try await life.take()
            },
            act: { try await $0.node.delete(snapshot: $0.snapshot()) },
            expect: { try await $0.expectBytes(.ext4) })
    }

    private static func useTwo(_ life: WalkedLife) async throws {
        try await life.use("v", .ext4)
        try await life.use("w", .ext4)
    }

    private static func group(_ life: WalkedLife) async throws -> VolumeGroupSnapshot {
        try await life.node.group([life.volume("v"), life.volume("w")], parameters: ["maxFreeze": "60s"])
    }

    static let snapshots = [
        snapshot(.xfs, .ext4, isUsed: true), snapshot(.xfs, .xfs, isUsed: true).asVariant,
        snapshot(.btrfs, .block, isUsed: true).asVariant,
        snapshot(.ext4, .ext4, isUsed: true), snapshot(.xfs, .ext4, isUsed: false).asVariant,
        snapshot(.ext4, .ext4, isUsed: false).asVariant,
        deletedSnapshot(.xfs), deletedSnapshot(.ext4).asVariant,
        WalkedOperation(
            label: "CreateVolumeGroupSnapshot", ground: .xfs, prepare: useTwo,
            act: { _ = try await group($0) },
            keeps: { life in
                for name in ["v", "w"] { try await write(WalkedLife.bytes, to: life.file(name, .ext4)) }
                try await life.expectWholeGroups(of: 2)
            }),
        WalkedOperation(
            label: "DeleteVolumeGroupSnapshot", ground: .xfs,
            prepare: { life in
                try await useTwo(life)
                _ = try await group(life)
            },
            act: { life in
                // What is left of it, as the snapshotter knows it.
                try await life.node.delete(group: try await group(life))
            }),
    ]
}

// Copies: made by CreateVolume, given a UUID of their own by their first stage.
extension WalkedOperation {
    private static func clone(_ ground: PoolGround, _ kind: VolumeKind, parameters: [String: String] = [:])
        -> WalkedOperation
    {
        WalkedOperation(
            label:
                "CreateVolume, a clone, \(kind.name)\(parameters.isEmpty ? "" : ", thick"), \(ground.testDescription)",
            ground: ground,
            prepare: { life in
                try await life.use(kind, parameters: parameters)
                try await life.node.stopUsing(life.volume(), as: "v")
            },
            act: { life in
                life.note(try await life.node.clone(life.volume(), "copy", parameters: parameters), as: "copy")
            },
            expect: { life in
                try await life.expectBytesWhenUsed("copy", kind)
                try await life.expectBytesWhenUsed(kind)
            },
            keeps: { try await $0.expectListed() })
    }

    private static func stagedClone(_ kind: VolumeKind) -> WalkedOperation {
        WalkedOperation(
            label: "NodeStageVolume, a copy of a mounted \(kind.name)", ground: .xfs,
            prepare: { life in
                try await life.use(kind)
                life.note(try await life.node.clone(life.volume(), "copy"), as: "copy")
            },
            act: { try await $0.node.stage($0.volume("copy"), at: "copy.staging") },
            expect: { life in
                try await life.node.publish(life.volume("copy"), at: "copy", from: "copy.staging")
                try await life.expectBytes("copy", kind)
                try await life.expectBytes(kind)
            },
            keeps: { try await $0.expectBytes(kind) })
    }

    static let copies = [
        clone(.xfs, .ext4), clone(.ext4, .ext4), clone(.ext4, .block).asVariant,
        clone(.xfs, .ext4, parameters: ["provisioning": "thick"]).asVariant,
        stagedClone(.ext4), stagedClone(.xfs), stagedClone(.btrfs).asVariant,
    ]

    static let others = [
        WalkedOperation(
            label: "ControllerModifyVolume", prepare: { try await $0.use(.ext4) },
            act: { try await $0.node.modify($0.volume(), ["readAheadKiB": "512"]) },
            expect: { life in
                let kibibytes = try await life.node.readAhead(life.volume(), at: "v")
                #expect(kibibytes == 512)
            },
            keeps: { try await $0.expectBytes(.ext4) })
    ]
}

extension WalkedLife {
    /// Short for a volume `v`.
    func create(_ kind: VolumeKind, parameters: [String: String] = [:]) async throws {
        try await create("v", kind, parameters: parameters)
    }
    func use(_ kind: VolumeKind, parameters: [String: String] = [:]) async throws {
        try await use("v", kind, parameters: parameters)
    }
    func expectBytes(_ kind: VolumeKind) async throws { try await expectBytes("v", kind) }
    func expectBytesWhenUsed(_ kind: VolumeKind) async throws { try await expectBytesWhenUsed("v", kind) }

    /// The volume `v` exists.
    func expectListed(location: SourceLocation = #_sourceLocation) async throws {
        let listed = try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries.map {
            $0.volume?.volumeID
        }
        #expect(listed.contains(volume().id), sourceLocation: location)
    }

    /// A group exists with all of its snapshots, or none of them does.
    func expectWholeGroups(of count: Int, location: SourceLocation = #_sourceLocation) async throws {
        let found = try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries.count
        #expect(found == 0 || found == count, "\(found) of \(count) snapshots exist", sourceLocation: location)
    }
}
