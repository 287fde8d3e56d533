internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

extension NodeUnderTest {
    /// KiB that the kernel reads ahead on a volume's device, and what a filesystem of its own says of it.
    func readAhead(_ volume: TestVolume, at name: String = "target") async throws -> Int {
        let device = try #require(loopDevice(of: image(of: volume)))
        let output = try await run("cat", "/sys/block/\(device.dropFirst(5))/queue/read_ahead_kb")
        return try #require(Int(output.prefix { $0 != "\n" }))
    }

    func filesystemReadAhead(at name: String) async throws -> Int {
        let uuid = try await run("findmnt", "-no", "UUID", path(name)).prefix { $0 != "\n" }
        let output = try await run("cat", "/sys/fs/btrfs/\(uuid)/bdi/read_ahead_kb")
        return try #require(Int(output.prefix { $0 != "\n" }))
    }
}

@Suite("Changing a volume's mutable parameters", .needsRoot)
struct ModifyTests {
    @Test("readAheadKiB: on the live device, and whenever it is staged again", arguments: Access.allCases)
    func readAhead(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            let other = try await node.create("other", access.capability, size: 128 * mebibyte)
            try await node.use(volume, as: "target")
            let standard = try await node.readAhead(volume)
            func expect(_ wanted: Int, _ what: Comment) async throws {
                #expect(try await node.readAhead(volume) == wanted, what)
                if access == .btrfs { #expect(try await node.filesystemReadAhead(at: "target") == wanted, what) }
            }
            try await node.modify(volume, ["readAheadKiB": "1024"])
            try await expect(1_024, "at once")
            try await node.modify(volume, ["readAheadKiB": "1024"])
            try await expect(1_024, "said again")
            try await node.stopUsing(volume, as: "target")
            // Whoever gets the device next gets nothing of it.
            try await node.use(other, as: "other")
            #expect(try await node.readAhead(other) == standard)
            try await node.use(volume, as: "target")
            try await expect(1_024, "staged again")
            try await node.restart()
            try await expect(1_024, "after a restart")
            try await node.stopUsing(volume, as: "target")
            try await node.modify(volume, ["readAheadKiB": "0"])
            try await node.restart()
            try await node.use(volume, as: "target")
            try await expect(0, "changed while it was not staged")
        }
    }

    @Test("ends with the volume: whoever gets its device next has the kernel's own")
    func endsWithVolume() async throws {
        try await withNode { node in
            let volume = try await node.create("v")
            try await node.use(volume, as: "v")
            let standard = try await node.readAhead(volume)
            let device = loopDevice(of: node.image(of: volume))
            try await node.modify(volume, ["readAheadKiB": "65536"])
            try await node.stopUsing(volume, as: "v")
            let other = try await node.create("other")
            try await node.use(other, as: "other")
            #expect(loopDevice(of: node.image(of: other)) == device, "it is another device, which shows nothing")
            #expect(try await node.readAhead(other) == standard)
        }
    }

    @Test("what the resizer says of the claim is no parameter")
    func claim() async throws {
        try await withNode { node in
            let volume = try await node.create()
            let claim = [
                "csi.storage.k8s.io/pvc/name": "c", "csi.storage.k8s.io/pvc/namespace": "n",
                "csi.storage.k8s.io/pv/name": "p",
            ]
            try await node.modify(volume, claim.merging(["readAheadKiB": "512"]) { $1 })
            await refused(.invalidArgument, "names no parameter") { try await node.modify(volume, claim) }
            try await node.use(volume, as: "target")
            #expect(try await node.readAhead(volume) == 512)
        }
    }

    @Test("at CreateVolume", arguments: Access.allCases)
    func atCreation(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create(
                CreateVolumeRequest(
                    name: "v", capacityRange: .init(requiredBytes: 128 * mebibyte),
                    volumeCapabilities: [access.capability], mutableParameters: ["readAheadKiB": "2048"]))
            try await node.use(volume, as: "target")
            #expect(try await node.readAhead(volume) == 2_048)
            if access == .btrfs { #expect(try await node.filesystemReadAhead(at: "target") == 2_048) }
        }
    }

    @Test("bad requests", arguments: BadModify.all)
    func badRequests(row: BadModify) async throws {
        try await withNode { node in
            let volume = try await node.create()
            let id = row.volume ?? volume.id
            await expectRefusal(row.code, row.words, row.label) {
                try await node.call(
                    CSIMethod.controllerModifyVolume,
                    ControllerModifyVolumeRequest(volumeID: id, mutableParameters: row.parameters))
            }
            if row.volume == nil && !row.parameters.isEmpty {
                await expectRefusal(row.code, row.words, row.label) {
                    try await node.create(
                        CreateVolumeRequest(
                            name: "w", volumeCapabilities: [.mount()], mutableParameters: row.parameters))
                }
            }
            // Nothing of it was noted.
            try await node.stage(volume)
            #expect(try await node.readAhead(volume) != 64)
        }
    }

    @Test("singleWriter becomes node, then pod: from the next publication on", arguments: [Access.mounted, .rawBlock])
    func singleWriter(access: Access) async throws {
        try await withNode { node in
            let mode = VolumeCapability.AccessMode.singleNodeMultiWriter
            let shared: VolumeCapability = access == .rawBlock ? .block(mode) : .mount("", mode)
            let volume = try await node.create("v", shared)
            try await node.stage(volume)
            try await node.publish(volume, at: "first")
            await refused(.failedPrecondition, "/first") { try await node.publish(volume, at: "second") }
            try await node.modify(volume, ["singleWriter": "node"])
            try await node.publish(volume, at: "second")
            try await node.restart()
            try await node.publish(volume, at: "third")
            await refused(.failedPrecondition, "/first", "/second", "unpublish") {
                try await node.modify(volume, ["singleWriter": "pod"])
            }
            try await node.unpublish(volume, at: "third")
            try await node.unpublish(volume, at: "second")
            try await node.modify(volume, ["singleWriter": "pod"])
            await refused(.failedPrecondition, "/first") { try await node.publish(volume, at: "second") }
            // The one who writes stays.
            try await node.publish(volume, at: "first")
        }
    }

    @Test("one parameter leaves the other as it is")
    func merging() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("", .singleNodeMultiWriter))
            try await node.modify(volume, ["singleWriter": "node"])
            try await node.modify(volume, ["readAheadKiB": "512"])
            try await node.use(volume, as: "first")
            try await node.publish(volume, at: "second", from: "first.staging")
            #expect(try await node.readAhead(volume) == 512)
        }
    }

    @Test("what the class says holds until it is changed, and the change wins")
    func overClass() async throws {
        try await withNode { node in
            let volume = try await node.create(
                "v", .mount("", .singleNodeMultiWriter), parameters: ["singleWriter": "node"])
            try await node.modify(volume, ["singleWriter": "pod"])
            try await node.use(volume, as: "first")
            await refused(.failedPrecondition, "/first") {
                try await node.publish(volume, at: "second", from: "first.staging")
            }
        }
    }

    /// The node gets a /sys of its own that is read-only, as in a container that was given it so.
    @Test("what the host cannot do is refused and not noted")
    func readOnlySysfs() async throws {
        let script = "mount -o remount,bind,ro /sys && exec \"$0\" \"$@\""
        let launcher = ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script]
        try await withNode(launcher: launcher) { node in
            let volume = try await node.create()
            try await node.stage(volume)
            let before = try await node.readAhead(volume)
            await refused(.failedPrecondition, "readAheadKiB", "read_ahead_kb") {
                try await node.modify(volume, ["readAheadKiB": "1024"])
            }
            #expect(try await node.readAhead(volume) == before)
            // What it can do is done.
            try await node.modify(volume, ["singleWriter": "node"])
            try await node.unstage(volume)
            try await node.stage(volume)
            try await node.unstage(volume)

            // Not staged, nobody can tell. Its pod is not kept from it then, and the log says why.
            try await node.modify(volume, ["readAheadKiB": "1024"])
            for _ in 1...2 { try await node.stage(volume) }
            #expect(node.logText.contains("readAheadKiB cannot be enforced"))
            try await node.unstage(volume)
        }
    }

    @Test("ValidateVolumeCapabilities confirms the mutable parameters that a volume has", arguments: [true, false])
    func validate(isMet: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.modify(volume, ["readAheadKiB": "512", "singleWriter": "pod"])
            let asked = ["readAheadKiB": isMet ? "512" : "256"]
            let request = ValidateVolumeCapabilitiesRequest(
                volumeID: volume.id, volumeCapabilities: [.mount()], mutableParameters: asked)
            let answer = try await node.call(CSIMethod.validateVolumeCapabilities, request)
            #expect((answer.confirmed != nil) == isMet, "\(answer.message)")
            if isMet {
                #expect(answer.confirmed?.mutableParameters == asked)
            } else {
                #expect(answer.message.contains("readAheadKiB"))
            }
        }
    }
}

/// A request to change a volume's parameters that is refused.
struct BadModify: Sendable, CustomTestStringConvertible {
    let label: String
    let parameters: [String: String]
    let code: StatusCode
    let words: [String]
    var volume: String?

    var testDescription: String { label }

    static let all: [BadModify] = [
        bad("an unknown key", ["colour": "red"], "colour", "readAheadKiB", "singleWriter"),
        bad("an unknown key beside a good one", ["readAheadKiB": "64", "colour": "red"], "colour"),
        bad("a parameter of the class", ["provisioning": "thick"], "provisioning", "readAheadKiB"),
        bad("no number", ["readAheadKiB": "much"], "readAheadKiB", "much", "1048576"),
        bad("an empty number", ["readAheadKiB": ""], "readAheadKiB"),
        bad("a negative number", ["readAheadKiB": "-1"], "readAheadKiB"),
        bad("a number with a unit", ["readAheadKiB": "64Ki"], "readAheadKiB"),
        bad("more than the most", ["readAheadKiB": "1048577"], "readAheadKiB"),
        bad("nobody's writer", ["singleWriter": "cluster"], "singleWriter", "pod, node"),
        bad("nothing", [:], "mutable_parameters"),
        BadModify(
            label: "no volume", parameters: ["readAheadKiB": "64"], code: .invalidArgument, words: ["volume_id"],
            volume: ""),
        BadModify(
            label: "an unknown volume", parameters: ["readAheadKiB": "64"], code: .notFound, words: ["hf-x"],
            volume: "hf-x"),
    ]

    private static func bad(_ label: String, _ parameters: [String: String], _ words: String...) -> BadModify {
        BadModify(label: label, parameters: parameters, code: .invalidArgument, words: words)
    }
}
