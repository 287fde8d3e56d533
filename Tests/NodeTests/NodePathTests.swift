internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// A path that must not be used, as a function of the node's folders.
struct BadPath: Sendable, CustomTestStringConvertible {
    let label: String
    /// What stage and publish answer; unstage and unpublish too, unless `undoing` says otherwise.
    let code: StatusCode
    var undoing: StatusCode?
    let words: [String]
    let path: @Sendable (NodeUnderTest) -> String

    init(
        _ label: String, _ code: StatusCode, _ words: String..., undoing: StatusCode? = nil,
        path: @escaping @Sendable (NodeUnderTest) -> String
    ) {
        self.label = label
        self.code = code
        self.words = words
        self.undoing = undoing
        self.path = path
    }

    var testDescription: String { label }

    static let all: [BadPath] = [
        BadPath("outside of the kubelet root", .invalidArgument, "outside") { $0.folder.at("elsewhere") },
        BadPath("the root of the host", .invalidArgument, "outside") { _ in "/" },
        BadPath("a folder whose name begins like the root's", .invalidArgument, "outside") { "\($0.kubeletRoot)-2/x" },
        BadPath("relative", .invalidArgument, "absolute") { _ in "target" },
        BadPath("the kubelet root itself", .invalidArgument, "root folder") { $0.kubeletRoot },
        BadPath("upwards", .invalidArgument, "'..'") { $0.path("../pool") },
        BadPath("upwards and down again", .invalidArgument, "'..'") { $0.path("a/../b") },
        BadPath("longer than a path can be", .invalidArgument, "longer") {
            $0.path(String(repeating: "a/", count: 2_100))
        },
        BadPath("a component longer than a name can be", .invalidArgument, "longer") {
            $0.path(String(repeating: "a", count: 256))
        },
        BadPath("through a symlink that leads out", .invalidArgument, "symlink") {
            symlink($0.folder.path, $0.path("out"))
            return $0.path("out/target")
        },
        BadPath("through an absolute symlink within", .invalidArgument, "symlink") {
            mkdir($0.path("inner"), 0o755)
            symlink($0.path("inner"), $0.path("absolute"))
            return $0.path("absolute/target")
        },
        BadPath("through a magic link that stands in the folder", .invalidArgument, "symlink") {
            symlink("/proc/self/root", $0.path("magic"))
            return $0.path("magic\($0.folder.path)/target")
        },
        BadPath("through a magic link to the node's own folder", .invalidArgument, "symlink") {
            symlink("/proc/\($0.daemon.processID)/cwd", $0.path("cwd"))
            return $0.path("cwd/target")
        },
        BadPath("to a magic link of the host", .invalidArgument, "outside") { "/proc/self/root\($0.path("target"))" },
        BadPath("through a symlink to itself", .invalidArgument, "symlink") {
            symlink("loop", $0.path("loop"))
            return $0.path("loop/target")
        },
        BadPath("through a device node", .invalidArgument, "not a directory") {
            mknod($0.path("null"), S_IFCHR | 0o666, 1 << 8 | 3)
            return $0.path("null/target")
        },
        BadPath("the kubelet root with a dot", .invalidArgument, "root folder") { "\($0.kubeletRoot)/./." },
        BadPath("upwards at its end", .invalidArgument, "'..'") { $0.path("target/..") },
        BadPath("through a file", .invalidArgument, "not a directory") {
            $0.folder.write("kubelet/file", "x")
            return $0.path("file/target")
        },
        BadPath("in a folder that does not exist", .failedPrecondition, "does not exist", undoing: .ok) {
            $0.path("missing/target")
        },
    ]
}

/// Something that stands where a volume is to be mounted.
struct InTheWay: Sendable, CustomTestStringConvertible {
    let label: String
    let words: [String]
    let put: @Sendable (NodeUnderTest, String) throws -> Void

    init(_ label: String, _ words: String..., put: @escaping @Sendable (NodeUnderTest, String) throws -> Void) {
        self.label = label
        self.words = words
        self.put = put
    }

    var testDescription: String { label }

    static let all: [InTheWay] = [
        InTheWay("a file with content", "file") { node, name in node.folder.write("kubelet/\(name)", "precious") },
        InTheWay("a folder with files", "files") { node, name in
            mkdir(node.path(name), 0o755)
            node.folder.write("kubelet/\(name)/precious", "precious")
        },
        InTheWay("a socket", "socket") { node, name in try makeSocket(node.path(name)) },
        InTheWay("a pipe", "pipe") { node, name in try #require(mkfifo(node.path(name), 0o600) == 0) },
        InTheWay("a device node", "character device") { node, name in
            try #require(mknod(node.path(name), S_IFCHR | 0o666, 1 << 8 | 3) == 0)
        },
        InTheWay("a symlink to nothing", "symlink") { node, name in symlink("nothing", node.path(name)) },
        InTheWay("a symlink", "symlink") { node, name in
            mkdir(node.folder.at("precious"), 0o755)
            symlink(node.folder.at("precious"), node.path(name))
        },
    ]

    private static func makeSocket(_ path: String) throws {
        try #require(mknod(path, S_IFSOCK | 0o600, 0) == 0)
    }
}

@Suite("Paths", .needsRoot)
struct NodePathTests {
    @Test("paths that must not be used", arguments: BadPath.all)
    func badPath(row: BadPath) async throws {
        try await withNode { node in
            let volume = try await node.create()
            let path = row.path(node)
            try await node.stage(volume)
            await expectRefusal(row.code, row.words, "publish") {
                try await node.call(
                    CSIMethod.nodePublishVolume,
                    .init(
                        volumeID: volume.id, stagingTargetPath: node.path("staging"), targetPath: path,
                        volumeCapability: .mount()))
            }
            let undoing = row.undoing ?? row.code
            let unpublish = NodeUnpublishVolumeRequest(volumeID: volume.id, targetPath: path)
            let unpublished = await outcome { () async throws(RPCStatus) in
                try await node.call(CSIMethod.nodeUnpublishVolume, unpublish)
            }
            #expect(unpublished == undoing)
            try await node.unstage(volume)
            await expectRefusal(row.code, row.words, "stage") {
                try await node.call(
                    CSIMethod.nodeStageVolume,
                    .init(volumeID: volume.id, stagingTargetPath: path, volumeCapability: .mount()))
            }
            let unstage = NodeUnstageVolumeRequest(volumeID: volume.id, stagingTargetPath: path)
            let unstaged = await outcome { () async throws(RPCStatus) in
                try await node.call(CSIMethod.nodeUnstageVolume, unstage)
            }
            #expect(unstaged == undoing)
            // Existence comes before shape: such a path is not this volume's.
            await refused(.notFound) {
                try await node.call(CSIMethod.nodeGetVolumeStats, .init(volumeID: volume.id, volumePath: path))
            }
            await refused(.notFound) {
                try await node.call(CSIMethod.nodeExpandVolume, .init(volumeID: volume.id, volumePath: path))
            }
            #expect(node.folder.mountPoints.isEmpty)
        }
    }

    @Test(
        "names that only look dangerous are names",
        arguments: [
            "with space", "new\nline", "tab\tbed", "back\\slash", "\"quotes\"", "'quotes'", "$(reboot)", "-rf", "*",
            "ünïcödé",
            "\u{202e}reversed", "%s%n", "..hidden", "...", "deleted (deleted)", String(repeating: "x", count: 255),
            "\\040",
        ])
    func oddNames(name: String) async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume, at: "\(name.prefix(200)).staging")
            try await node.publish(volume, at: name, from: "\(name.prefix(200)).staging")
            #expect(node.folder.mounts(at: node.path(name)) == 1)
            #expect(try await node.stats(volume, at: name).isEmpty == false)
            // The paths are found again in the kernel's table, which escapes some of them.
            try await node.restart()
            await refused(.failedPrecondition, what: "unstage below the target") {
                try await node.unstage(volume, at: "\(name.prefix(200)).staging")
            }
            try await node.unpublish(volume, at: name)
            try await node.unstage(volume, at: "\(name.prefix(200)).staging")
            #expect(access(node.path(name), F_OK) != 0)
        }
    }

    @Test("bytes that are no text and NUL are refused in every path")
    func notText() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            let client = RPCClient(socket: node.socket)
            defer { client.close() }
            for odd in [[UInt8(ascii: "a"), 0xff], [UInt8(ascii: "a"), 0, UInt8(ascii: "b")]] {
                for seed in PathFields.requests(volume.id, path: node.path("PLACE")) {
                    let path = Array(node.path("PLACE").utf8)
                    let bytes = seed.bytes.replacing(path, with: path.dropLast(odd.count) + odd)
                    await refused(.invalidArgument, what: seed.path) {
                        try await client.unary(seed.path, bytes, timeout: 60)
                    }
                }
            }
            #expect(names(in: node.kubeletRoot) == ["staging"])
        }
    }

    @Test("a relative symlink within the kubelet root is followed to its folder")
    func symlinkWithin() async throws {
        try await withNode { node in
            mkdir(node.path("inner"), 0o755)
            symlink("inner", node.path("link"))
            let volume = try await node.create()
            try await node.stage(volume)
            try await node.publish(volume, at: "link/target")
            #expect(node.folder.mounts(at: node.path("inner/target")) == 1)
            try await node.unpublish(volume, at: "link/target")
            #expect(node.folder.mounts(at: node.path("inner/target")) == 0)
        }
    }

    @Test("within another volume nothing is mounted", arguments: Access.allCases.filter { $0 != .rawBlock })
    func withinVolume(outer: Access) async throws {
        try await withNode { node in
            let one = try await node.create("outer", outer.capability, size: 128 * mebibyte)
            try await node.use(one, as: "outer")
            mkdir(node.path("outer/folder"), 0o755)
            let other = try await node.create("inner")
            try await node.stage(other, at: "inner")
            for name in ["outer/target", "outer/folder/target", "outer.staging/target"] {
                await refused(.invalidArgument, one.id, what: "publish") {
                    try await node.publish(other, at: name, from: "inner")
                }
                await refused(.invalidArgument, one.id, what: "publish an ephemeral volume") {
                    try await node.call(
                        CSIMethod.nodePublishVolume,
                        .init(
                            volumeID: "csi-pod", targetPath: node.path(name), volumeCapability: .mount(),
                            volumeContext: ["csi.storage.k8s.io/ephemeral": "true", "size": "16Mi"]))
                }
            }
            try await node.unstage(other, at: "inner")
            await refused(.invalidArgument, one.id, what: "stage") { try await node.stage(other, at: "outer/staging") }
            rmdir(node.path("outer/staging"))
            #expect(names(in: node.path("outer")).filter { $0 != "lost+found" } == ["folder"])
        }
    }

    @Test("what stands in the way is refused and stays", arguments: InTheWay.all)
    func inTheWay(row: InTheWay) async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            try row.put(node, "target")
            let before = try await run("stat", "-c", "%F %i %s", node.path("target"))
            await expectRefusal(.failedPrecondition, [node.path("target")] + row.words, "publish") {
                try await node.publish(volume)
            }
            await expectRefusal(.failedPrecondition, [node.path("target")] + row.words, "unpublish") {
                try await node.unpublish(volume)
            }
            try await node.unstage(volume)
            try row.put(node, "other")
            await expectRefusal(.failedPrecondition, [node.path("other")] + row.words, "stage") {
                try await node.stage(volume, at: "other")
            }
            let after = try await run("stat", "-c", "%F %i %s", node.path("target"))
            #expect(after == before)
            #expect(node.folder.mountPoints.isEmpty)
        }
    }

    @Test("somebody else's mount is named by every refusal, and stays", arguments: [Access.mounted, .rawBlock])
    func foreignMount(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability)
            let stranger = node.path("stranger")
            mkdir(stranger, 0o755)
            try #require(mount("stranger", stranger, "tmpfs", 0, "size=64k") == 0)
            defer { umount2(stranger, CInt(MNT_DETACH)) }
            try await node.stage(volume)
            await refused(.failedPrecondition, stranger, "tmpfs", what: "publish") {
                try await node.publish(volume, at: "stranger")
            }
            await refused(.failedPrecondition, stranger, "tmpfs", what: "unpublish") {
                try await node.unpublish(volume, at: "stranger")
            }
            await refused(.failedPrecondition, stranger, "tmpfs", what: "unpublish of an unknown volume") {
                try await node.call(
                    CSIMethod.nodeUnpublishVolume, .init(volumeID: "unknown", targetPath: stranger))
            }
            await refused(.failedPrecondition, stranger, "tmpfs", what: "unstage of an unknown volume") {
                try await node.call(
                    CSIMethod.nodeUnstageVolume, .init(volumeID: "unknown", stagingTargetPath: stranger))
            }
            #expect(node.folder.mounts(at: stranger) == 1)
            try await node.unstage(volume)
            await refused(.failedPrecondition, stranger, "tmpfs", what: "unstage") {
                try await node.unstage(volume, at: "stranger")
            }
            await refused(.failedPrecondition, stranger, "tmpfs", what: "stage") {
                try await node.stage(volume, at: "stranger")
            }
            #expect(node.folder.mounts(at: stranger) == 1)
        }
    }

    @Test("another volume's mount is not a volume's own")
    func otherVolume() async throws {
        try await withNode { node in
            let one = try await node.create("one")
            let other = try await node.create("other")
            try await node.stage(one, at: "one")
            try await node.stage(other, at: "other")
            try await node.publish(one, from: "one")
            await refused(.failedPrecondition, one.id) { try await node.unpublish(other) }
            await refused(.failedPrecondition) { try await node.publish(other, from: "other") }
            await refused(.failedPrecondition) { try await node.publish(other, at: "target2", from: "one") }
            await refused(.failedPrecondition) { try await node.unstage(other, at: "one") }
            await refused(.failedPrecondition) { try await node.stage(other, at: "one") }
            await refused(.notFound) { try await node.stats(other, at: "one") }
            #expect(node.folder.mounts(at: node.path("target")) == 1)
            #expect(node.folder.mounts(at: node.path("one")) == 1)
        }
    }
}
