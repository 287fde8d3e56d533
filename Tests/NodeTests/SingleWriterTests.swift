internal import CSI
internal import RPC
internal import Testing

/// Two publications of one volume at two paths.
struct WriterRow: Sendable, CustomTestStringConvertible {
    enum Use: String { case writing, reading }

    let mode: VolumeCapability.AccessMode
    let scope: String
    let first: Use
    let second: Use
    let isAllowed: Bool
    var block = false

    var testDescription: String {
        "\(block ? "raw block, " : "")\(mode), singleWriter: \(scope), \(first.rawValue), then \(second.rawValue)"
    }

    /// Law 2: one writer; readers share; ReadWriteOncePod shares with nobody; the opt-in is ReadWriteOnce's alone.
    static let mounted: [WriterRow] = [
        row(.singleNodeWriter, "pod", .writing, .writing, false),
        row(.singleNodeWriter, "pod", .writing, .reading, true),
        row(.singleNodeWriter, "pod", .reading, .writing, true),
        row(.singleNodeWriter, "pod", .reading, .reading, true),
        row(.singleNodeWriter, "node", .writing, .writing, false),
        row(.singleNodeWriter, "node", .writing, .reading, true),
        row(.singleNodeMultiWriter, "pod", .writing, .writing, false),
        row(.singleNodeMultiWriter, "pod", .writing, .reading, true),
        row(.singleNodeMultiWriter, "pod", .reading, .writing, true),
        row(.singleNodeMultiWriter, "node", .writing, .writing, true),
        row(.singleNodeMultiWriter, "node", .writing, .reading, true),
        row(.singleNodeSingleWriter, "pod", .writing, .writing, false),
        row(.singleNodeSingleWriter, "pod", .writing, .reading, false),
        row(.singleNodeSingleWriter, "pod", .reading, .writing, false),
        row(.singleNodeSingleWriter, "node", .writing, .writing, false),
        row(.singleNodeSingleWriter, "node", .writing, .reading, false),
        row(.singleNodeReaderOnly, "pod", .reading, .reading, true),
    ]

    /// A device is writable or not for all who open it, so readers and a writer cannot share one.
    static let rawBlock: [WriterRow] = [
        row(.singleNodeWriter, "pod", .writing, .writing, false, block: true),
        row(.singleNodeWriter, "pod", .writing, .reading, false, block: true),
        row(.singleNodeWriter, "pod", .reading, .writing, false, block: true),
        row(.singleNodeWriter, "pod", .reading, .reading, true, block: true),
        row(.singleNodeMultiWriter, "node", .writing, .writing, true, block: true),
        row(.singleNodeSingleWriter, "pod", .writing, .writing, false, block: true),
    ]

    private static func row(
        _ mode: VolumeCapability.AccessMode, _ scope: String, _ first: Use, _ second: Use, _ isAllowed: Bool,
        block: Bool = false
    ) -> WriterRow {
        WriterRow(mode: mode, scope: scope, first: first, second: second, isAllowed: isAllowed, block: block)
    }

    var capability: VolumeCapability { block ? .block(mode) : .mount("", mode) }
    var isWriterRefusal: Bool { first == .writing && second == .writing }
}

@Suite("One writer", .needsRoot)
struct SingleWriterTests {
    @Test("a second publication at another path", arguments: WriterRow.mounted + WriterRow.rawBlock)
    func secondPublication(row: WriterRow) async throws {
        try await withNode { node in
            // A volume that is only ever read has to hold a filesystem already.
            let writable = row.block ? VolumeCapability.block() : .mount()
            let volume = try await node.create("v", writable, parameters: ["singleWriter": row.scope])
            try await node.stage(volume)
            func publish(_ name: String, _ use: WriterRow.Use) async throws(RPCStatus) {
                try await node.publish(volume, at: name, readonly: use == .reading, as: row.capability)
            }
            try await publish("first", row.first)
            guard !row.isAllowed else {
                try await publish("second", row.second)
                #expect(node.folder.mounts(at: node.path("second")) == 1)
                return
            }
            let message = await refused(.failedPrecondition, node.path("first")) {
                try await publish("second", row.second)
            }
            if row.isWriterRefusal {
                #expect(message.contains("strategy: Recreate"), "\(message)")
                // Nobody can opt out of ReadWriteOncePod.
                if row.mode != .singleNodeSingleWriter { #expect(message.contains("singleWriter: node"), "\(message)") }
            }
            #expect(node.folder.mounts(at: node.path("second")) == 0)
            try await node.unpublish(volume, at: "first")
            try await publish("second", row.second)
        }
    }

    @Test(
        "the same path again: the same arguments are fine, another use is not", arguments: [Access.mounted, .rawBlock])
    func samePath(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability)
            try await node.stage(volume)
            try await node.publish(volume)
            try await node.publish(volume)
            await refused(.alreadyExists, node.path("target"), "writable") {
                try await node.publish(volume, readonly: true)
            }
            try await node.unpublish(volume)
            try await node.publish(volume, readonly: true)
            try await node.publish(volume, readonly: true)
            await refused(.alreadyExists, node.path("target"), "read-only") { try await node.publish(volume) }
            #expect(node.folder.mounts(at: node.path("target")) == 1)
        }
    }

    @Test(
        "the holder is the kernel's mount, not a memory: after SIGKILL the second writer is still refused",
        arguments: Access.allCases)
    func afterRestart(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.stage(volume)
            try await node.publish(volume, at: "first")
            try await node.restart()
            await refused(.failedPrecondition, node.path("first"), "strategy: Recreate") {
                try await node.publish(volume, at: "second")
            }
            try await node.publish(volume, at: "first")
        }
    }

    @Test("a holder whose mount is gone holds nothing")
    func holderIsGone() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            try await node.publish(volume, at: "first")
            try await run("umount", node.path("first"))
            try await node.publish(volume, at: "second")
        }
    }

    @Test("a volume is not staged for writing at two paths")
    func secondStaging() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume, at: "one")
            await refused(.failedPrecondition, node.path("one")) { try await node.stage(volume, at: "two") }
            try await node.restart()
            await refused(.failedPrecondition, node.path("one")) { try await node.stage(volume, at: "two") }
        }
    }

    @Test("of many who publish at once, one becomes the writer")
    func race() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            let codes = await withTaskGroup(of: StatusCode.self) { group in
                for number in 1...16 {
                    group.addTask {
                        await outcome { () async throws(RPCStatus) in
                            try await node.publish(volume, at: "target-\(number)")
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count(where: { $0 == .ok }) == 1)
            #expect(Set(codes).isSubset(of: [.ok, .aborted, .failedPrecondition]))
            #expect(node.folder.mountPoints.count == 2)
        }
    }
}
