internal import CSI
internal import RPC
internal import TestSupport
internal import Testing

/// A publication of a volume beside others.
struct Use: Sendable, CustomStringConvertible {
    let mode: VolumeCapability.AccessMode
    var readonly = false
    var isAllowed = true

    var description: String { "\(mode)\(readonly ? " read-only" : "")\(isAllowed ? "" : " refused")" }
}

/// Publications one after the other, each at a path of its own.
struct UsesRow: Sendable, CustomTestStringConvertible {
    let scope: String
    let uses: [Use]
    var block = false

    var testDescription: String { "\(block ? "raw block, " : "")singleWriter: \(scope), \(uses)" }

    private static let writer = Use(mode: .singleNodeMultiWriter)
    private static let reader = Use(mode: .singleNodeMultiWriter, readonly: true)
    private static let onlyReader = Use(mode: .singleNodeReaderOnly)
    private static let alone = Use(mode: .singleNodeSingleWriter)

    private static func no(_ use: Use) -> Use { Use(mode: use.mode, readonly: use.readonly, isAllowed: false) }

    static let all: [UsesRow] = [
        UsesRow(scope: "pod", uses: [writer, reader, onlyReader, no(writer), no(alone), reader]),
        UsesRow(scope: "pod", uses: [reader, onlyReader, writer, no(writer), reader]),
        UsesRow(scope: "pod", uses: [alone, no(alone), no(writer)]),
        UsesRow(scope: "pod", uses: [onlyReader, no(alone)]),
        UsesRow(scope: "node", uses: [writer, writer, reader, writer, no(alone)]),
        UsesRow(scope: "node", uses: [reader, writer, writer, no(Use(mode: .singleNodeWriter))]),
        UsesRow(scope: "pod", uses: [writer, no(writer), no(reader), no(onlyReader)], block: true),
        UsesRow(scope: "pod", uses: [reader, onlyReader, reader, no(writer), no(alone)], block: true),
        UsesRow(scope: "pod", uses: [alone, no(alone), no(reader)], block: true),
        UsesRow(scope: "node", uses: [writer, writer, no(reader), no(alone)], block: true),
    ]
}

@Suite("Access modes", .needsRoot)
struct AccessModeTests {
    @Test("publications beside each other, the same after a restart", arguments: UsesRow.all)
    func uses(row: UsesRow) async throws {
        try await withNode { node in
            func capability(_ mode: VolumeCapability.AccessMode) -> VolumeCapability {
                row.block ? .block(mode) : .mount("", mode)
            }
            let volume = try await node.create(
                "v", capability(.singleNodeMultiWriter), size: 8 * mebibyte, parameters: ["singleWriter": row.scope])
            try await node.stage(volume)
            func publish(_ use: Use, _ number: Int) async throws(RPCStatus) {
                try await node.publish(
                    volume, at: "target-\(number)", readonly: use.readonly, as: capability(use.mode))
            }
            for (number, use) in row.uses.enumerated() {
                guard use.isAllowed else {
                    await refused(.failedPrecondition, volume.id, what: "\(use)") { try await publish(use, number) }
                    #expect(node.folder.mounts(at: node.path("target-\(number)")) == 0)
                    continue
                }
                try await publish(use, number)
                let isWriter = !use.readonly && use.mode != .singleNodeReaderOnly
                let path = node.path("target-\(number)\(row.block ? "" : "/file-\(number)")")
                let code = await errnoOfWriting(to: path, create: !row.block)
                #expect((code == 0) == isWriter, "\(use): errno \(code)")
            }
            try await node.restart()
            for (number, use) in row.uses.enumerated() where !use.isAllowed {
                await refused(.failedPrecondition, volume.id, what: "\(use)") { try await publish(use, number) }
            }
        }
    }

    @Test("attached read-only: no writer, also after a restart, until it is attached anew", arguments: [false, true])
    func attachedReadOnly(block: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create("v", block ? .block() : .mount(), size: 8 * mebibyte)
            try await node.use(volume, as: "first")
            try await node.stopUsing(volume, as: "first")
            try await node.attach(volume, readonly: true)
            try await node.stage(volume)
            for _ in 1...2 {
                await refused(.failedPrecondition, "read-only", "ControllerPublishVolume") {
                    try await node.publish(volume)
                }
                try await node.restart()
            }
            try await node.publish(volume, readonly: true)
            try await node.unpublish(volume)
            try await node.detach(volume)
            try await node.attach(volume)
            try await node.publish(volume)
        }
    }

    @Test("staged by a reader: no writer until it is staged anew")
    func stagedReadOnly() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"), size: 8 * mebibyte)
            try await node.use(volume, as: "first")
            try await node.stopUsing(volume, as: "first")
            let reader = VolumeCapability.mount("ext4", .singleNodeReaderOnly)
            try await node.stage(volume, as: reader)
            await refused(.failedPrecondition, "mounted read-only") { try await node.publish(volume) }
            await refused(.alreadyExists, "read-only") { try await node.stage(volume) }
            try await node.publish(volume, as: reader)
            #expect(await errnoOfWriting(to: node.path("target/file"), create: true) != 0)
            try await node.unpublish(volume)
            try await node.unstage(volume)
            try await node.stage(volume)
            await refused(.alreadyExists, "writable") { try await node.stage(volume, as: reader) }
            try await node.publish(volume)
        }
    }
}
