internal import CSI
internal import RPC
internal import Testing

/// One call with one thing wrong. The volume is ext4 and staged at `staging`.
struct BadCall: Sendable, CustomTestStringConvertible {
    let label: String
    let code: StatusCode
    let words: [String]
    let call: @Sendable (NodeUnderTest, TestVolume) async throws(RPCStatus) -> Void

    private init(
        _ label: String, _ code: StatusCode, _ words: [String],
        call: @escaping @Sendable (NodeUnderTest, TestVolume) async throws(RPCStatus) -> Void
    ) {
        self.label = label
        self.code = code
        self.words = words
        self.call = call
    }

    var testDescription: String { label }

    private static func stage(
        _ label: String, _ code: StatusCode, _ words: String...,
        change: @escaping @Sendable (inout NodeStageVolumeRequest) -> Void
    ) -> BadCall {
        BadCall("stage: \(label)", code, words) { (node, volume) async throws(RPCStatus) in
            var request = NodeStageVolumeRequest(
                volumeID: volume.id, stagingTargetPath: node.path("second"), volumeCapability: .mount(),
                volumeContext: volume.context)
            change(&request)
            _ = try await node.call(CSIMethod.nodeStageVolume, request)
        }
    }

    private static func publish(
        _ label: String, _ code: StatusCode, _ words: String...,
        change: @escaping @Sendable (inout NodePublishVolumeRequest, NodeUnderTest) -> Void
    ) -> BadCall {
        BadCall("publish: \(label)", code, words) { (node, volume) async throws(RPCStatus) in
            var request = NodePublishVolumeRequest(
                volumeID: volume.id, stagingTargetPath: node.path("staging"), targetPath: node.path("target"),
                volumeCapability: .mount(), volumeContext: volume.context)
            change(&request, node)
            _ = try await node.call(CSIMethod.nodePublishVolume, request)
        }
    }

    private static let unknown = "hf-0123456789012345678901234567890123456789"

    static let staging: [BadCall] = [
        stage("no volume", .invalidArgument, "volume_id") { $0.volumeID = "" },
        stage("no path", .invalidArgument, "staging_target_path") { $0.stagingTargetPath = "" },
        stage("no capability", .invalidArgument, "volume_capability") { $0.volumeCapability = nil },
        stage("no access type", .invalidArgument, "access type") {
            $0.volumeCapability = VolumeCapability(accessMode: .singleNodeWriter)
        },
        stage("no access mode", .invalidArgument, "access_mode") {
            $0.volumeCapability = VolumeCapability(access: .block)
        },
        stage("a mode for many nodes", .invalidArgument, "one node") {
            $0.volumeCapability = .mount("", .multiNodeMultiWriter)
        },
        stage("unknown volume", .notFound, unknown) { $0.volumeID = unknown },
        stage("hostile volume", .notFound) { $0.volumeID = "../../etc" },
        stage("another filesystem", .invalidArgument, "ext4", "xfs") { $0.volumeCapability = .mount("xfs") },
        stage("unknown filesystem", .invalidArgument, "zfs") { $0.volumeCapability = .mount("zfs") },
        stage("raw block", .invalidArgument, "block") { $0.volumeCapability = .block() },
        stage("journal_path", .invalidArgument, "journal_path") {
            $0.volumeCapability = .mount(flags: ["journal_path=/dev/sda"])
        },
        stage("errors=panic", .invalidArgument, "errors=panic") {
            $0.volumeCapability = .mount(flags: ["errors=panic"])
        },
        stage("a refused flag behind a comma", .invalidArgument, "errors=panic") {
            $0.volumeCapability = .mount(flags: ["noatime,errors=panic"])
        },
        stage("bind", .invalidArgument, "bind") { $0.volumeCapability = .mount(flags: ["bind"]) },
        stage("remount", .invalidArgument, "remount") { $0.volumeCapability = .mount(flags: ["remount"]) },
        stage("another source", .invalidArgument, "source") {
            $0.volumeCapability = .mount(flags: ["source=/dev/sda"])
        },
        stage("a control character", .invalidArgument, "control") {
            $0.volumeCapability = .mount(flags: ["noatime\n"])
        },
        stage("staged elsewhere already", .failedPrecondition, "/staging") { _ in },
    ]

    static let publishing: [BadCall] = [
        publish("no volume", .invalidArgument, "volume_id") { request, _ in request.volumeID = "" },
        publish("no target", .invalidArgument, "target_path") { request, _ in request.targetPath = "" },
        publish("no staging path", .failedPrecondition, "staging_target_path") { request, _ in
            request.stagingTargetPath = ""
        },
        publish("no capability", .invalidArgument, "volume_capability") { request, _ in request.volumeCapability = nil
        },
        publish("unknown volume", .notFound, unknown) { request, _ in request.volumeID = unknown },
        publish("raw block", .invalidArgument, "block") { request, _ in request.volumeCapability = .block() },
        publish("another filesystem", .invalidArgument, "btrfs") { request, _ in
            request.volumeCapability = .mount("btrfs")
        },
        publish("a mode for many nodes", .invalidArgument, "one node") { request, _ in
            request.volumeCapability = .mount("", .multiNodeReaderOnly)
        },
        publish("not staged there", .failedPrecondition, "not staged", "nothing") { request, node in
            request.stagingTargetPath = node.path("nowhere")
        },
        publish("target and staging path the same", .invalidArgument, "both") { request, _ in
            request.targetPath = request.stagingTargetPath
        },
        publish("a refused flag", .invalidArgument, "errors=panic") { request, _ in
            request.volumeCapability = .mount(flags: ["errors=panic"])
        },
    ]

    static let others: [BadCall] = [
        BadCall("unstage: no volume", .invalidArgument, ["volume_id"]) { (node, _) async throws(RPCStatus) in
            _ = try await node.call(CSIMethod.nodeUnstageVolume, .init(stagingTargetPath: node.path("staging")))
        },
        BadCall("unstage: no path", .invalidArgument, ["staging_target_path"]) {
            (node, volume) async throws(RPCStatus) in
            _ = try await node.call(CSIMethod.nodeUnstageVolume, .init(volumeID: volume.id))
        },
        BadCall("unpublish: no volume", .invalidArgument, ["volume_id"]) { (node, _) async throws(RPCStatus) in
            _ = try await node.call(CSIMethod.nodeUnpublishVolume, .init(targetPath: node.path("target")))
        },
        BadCall("unpublish: no path", .invalidArgument, ["target_path"]) { (node, volume) async throws(RPCStatus) in
            _ = try await node.call(CSIMethod.nodeUnpublishVolume, .init(volumeID: volume.id))
        },
        BadCall("stats: no volume", .invalidArgument, ["volume_id"]) { (node, _) async throws(RPCStatus) in
            _ = try await node.call(CSIMethod.nodeGetVolumeStats, .init(volumePath: node.path("staging")))
        },
        BadCall("stats: no path", .invalidArgument, ["volume_path"]) { (node, volume) async throws(RPCStatus) in
            _ = try await node.call(CSIMethod.nodeGetVolumeStats, .init(volumeID: volume.id))
        },
        BadCall("stats: unknown volume", .notFound, [unknown]) { (node, _) async throws(RPCStatus) in
            _ = try await node.call(
                CSIMethod.nodeGetVolumeStats, .init(volumeID: unknown, volumePath: node.path("staging")))
        },
        BadCall("stats: a path where it is not", .notFound, ["nothing"]) { (node, volume) async throws(RPCStatus) in
            _ = try await node.stats(volume, at: "target")
        },
    ]
}

@Suite("Requests to the node", .needsRoot)
struct NodeRequestTests {
    @Test("bad requests", arguments: BadCall.staging + BadCall.publishing + BadCall.others)
    func badCall(row: BadCall) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"))
            try await node.stage(volume)
            await expectRefusal(row.code, row.words, row.label) { try await row.call(node, volume) }
            #expect(node.folder.mountPoints == [node.path("staging")])
        }
    }

    @Test("an unknown mount flag is refused in the kernel's words", arguments: ["ext4", "xfs", "btrfs"])
    func unknownFlag(type: String) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount(type), size: 300 * mebibyte)
            // Before the kernel is asked, the volume is formatted: it has to be mountable afterwards all the same.
            let message = await refused(.invalidArgument, "colour") {
                try await node.stage(volume, as: .mount(type, flags: ["colour=red"]))
            }
            #expect(message.lowercased().contains("unknown parameter"), "\(message)")
            #expect(node.folder.mountPoints.isEmpty)
            await eventually("the device of a failed mount is still attached") { loopDevices(in: node.pool).isEmpty }
            try await node.stage(volume)
        }
    }

    @Test("mount flags reach the mount", arguments: ["ext4", "xfs", "btrfs"])
    func flags(type: String) async throws {
        try await withNode { node in
            let capability = VolumeCapability.mount(type, flags: ["noatime", "nodev,nosuid", "noexec"])
            let volume = try await node.create("v", capability, size: 300 * mebibyte)
            try await node.stage(volume)
            try await node.publish(volume)
            for name in ["staging", "target"] {
                let options = try await run("findmnt", "-n", "-o", "VFS-OPTIONS", node.path(name))
                for option in ["noatime", "nodev", "nosuid", "noexec"] {
                    #expect(options.contains(option), "\(name): \(options)")
                }
            }
        }
    }

    @Test("a staging path that the orchestrator has not made is made")
    func missingStagingFolder() async throws {
        try await withNode { node in
            let volume = try await node.create()
            _ = try await node.call(
                CSIMethod.nodeStageVolume,
                .init(volumeID: volume.id, stagingTargetPath: node.path("new"), volumeCapability: .mount()))
            #expect(node.folder.mounts(at: node.path("new")) == 1)
            try await node.unstage(volume, at: "new")
        }
    }

    @Test("what is unknown, and what is not there, is unstaged and unpublished already")
    func undoingTheUnknown() async throws {
        try await withNode { node in
            let volume = try await node.create()
            for id in [volume.id, "hf-0123456789012345678901234567890123456789", "../x", "a\nb"] {
                _ = try await node.call(
                    CSIMethod.nodeUnpublishVolume, .init(volumeID: id, targetPath: node.path("nothing")))
                _ = try await node.call(
                    CSIMethod.nodeUnstageVolume, .init(volumeID: id, stagingTargetPath: node.path("nothing")))
            }
        }
    }

    @Test("a volume that is staged elsewhere is unstaged at this path already", arguments: [Access.mounted, .btrfs])
    func stagedElsewhere(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.stage(volume)
            // "If the volume … is not staged to the staging_target_path, the Plugin MUST reply 0 OK" (CSI).
            try await node.unstage(volume, at: "other")
            #expect(node.folder.mounts(at: node.path("staging")) == 1)
        }
    }

    @Test("a published volume is not unstaged, and a raw block volume is not published before it is staged")
    func order() async throws {
        try await withNode { node in
            let mounted = try await node.create("mounted")
            try await node.stage(mounted)
            try await node.publish(mounted)
            await refused(.failedPrecondition, node.path("target")) { try await node.unstage(mounted) }
            let block = try await node.create("block", .block())
            await refused(.failedPrecondition, "not staged") { try await node.publish(block, at: "device") }
            try await node.stage(block, at: "block")
            try await node.publish(block, at: "device", from: "block")
            await refused(.failedPrecondition, node.path("device")) { try await node.unstage(block, at: "block") }
        }
    }
}
