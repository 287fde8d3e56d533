internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

@Suite("Requests for copies", .needsRoot)
struct CopyRequestTests {
    /// A copy that cannot be had, of a volume of 32 MiB with an ext4.
    struct Bad: Sendable, CustomTestStringConvertible {
        let label: String
        var capability: VolumeCapability = .mount()
        var range = CapacityRange()
        var parameters: [String: String] = [:]
        let code: StatusCode
        let word: String
        var testDescription: String { label }

        static let all = [
            Bad(
                label: "smaller", range: CapacityRange(requiredBytes: 16 * mebibyte), code: .outOfRange,
                word: "\(32 * mebibyte)"),
            Bad(
                label: "at most smaller", range: CapacityRange(limitBytes: 32 * mebibyte - 1), code: .outOfRange,
                word: "\(32 * mebibyte - 1)"),
            Bad(label: "another filesystem", capability: .mount("xfs"), code: .invalidArgument, word: "ext4"),
            Bad(
                label: "another filesystem by the class", parameters: ["csi.storage.k8s.io/fstype": "btrfs"],
                code: .invalidArgument, word: "ext4"),
            Bad(label: "raw block", capability: .block(), code: .invalidArgument, word: "raw block"),
            Bad(label: "an unknown parameter", parameters: ["colour": "red"], code: .invalidArgument, word: "colour"),
            Bad(label: "an unknown pool", parameters: ["pool": "gold"], code: .invalidArgument, word: "gold"),
        ]
    }

    private func request(_ name: String, _ row: Bad, _ source: VolumeContentSource.Source?) -> CreateVolumeRequest {
        CreateVolumeRequest(
            name: name, capacityRange: row.range, volumeCapabilities: [row.capability], parameters: row.parameters,
            volumeContentSource: VolumeContentSource(source))
    }

    @Test("what a copy cannot be is refused, and nothing is left", arguments: [false, true])
    func bad(isFormatted: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create("source")
            if isFormatted {
                try await node.stage(volume)
                try await node.unstage(volume)
            }
            let snapshot = try await node.snapshot(volume)
            let files = node.poolFiles()
            for row in Bad.all {
                for source in [VolumeContentSource.Source.volume(id: volume.id), .snapshot(id: snapshot.snapshotID)] {
                    await refused(row.code, row.word, what: "\(row.label) of \(source)") {
                        try await node.create(request("copy", row, source))
                    }
                }
            }
            #expect(node.poolFiles() == files)
        }
    }

    @Test("a source that is missing, unknown or of the wrong kind is refused")
    func sources() async throws {
        try await withNode { node in
            let volume = try await node.create("source")
            let snapshot = try await node.snapshot(volume).snapshotID
            let (noVolume, noSnapshot) = (
                "hf-\(String(repeating: "0", count: 40))", "hfs-\(String(repeating: "0", count: 40))"
            )
            let rows: [(VolumeContentSource.Source?, StatusCode, String)] = [
                (nil, .invalidArgument, "volume_content_source"), (.volume(id: ""), .invalidArgument, "volume_id"),
                (.snapshot(id: ""), .invalidArgument, "snapshot_id"), (.volume(id: noVolume), .notFound, noVolume),
                (.snapshot(id: noSnapshot), .notFound, noSnapshot), (.volume(id: snapshot), .notFound, snapshot),
                (.snapshot(id: volume.id), .notFound, volume.id), (.volume(id: "../x"), .notFound, "../x"),
                (.snapshot(id: "../../volumes/\(volume.id)"), .notFound, volume.id),
            ]
            let files = node.poolFiles()
            for (source, code, word) in rows {
                await refused(code, word, what: "\(String(describing: source))") {
                    try await node.create(
                        CreateVolumeRequest(
                            name: "copy", volumeCapabilities: [.mount()],
                            volumeContentSource: VolumeContentSource(source)))
                }
            }
            #expect(node.poolFiles() == files)
        }
    }

    @Test("by name a copy is the same one again, of that source and no other")
    func sameName() async throws {
        try await withNode { node in
            let (one, two) = (try await node.create("one"), try await node.create("two"))
            let (first, second) = (try await node.snapshot(one, "1"), try await node.snapshot(two, "2"))
            let clone = try await node.clone(one)
            let restored = try await node.restore(first)
            let (cloneAgain, restoredAgain) = (try await node.clone(one), try await node.restore(first))
            #expect(cloneAgain.id == clone.id && restoredAgain.id == restored.id)
            await refused(.alreadyExists, one.id, two.id) { try await node.clone(two) }
            await refused(.alreadyExists, first.snapshotID) { try await node.restore(second) }
            await refused(.alreadyExists, "empty") { try await node.create("clone") }
            await refused(.alreadyExists, "empty") { try await node.restore(second, "one") }
            await refused(.alreadyExists) { try await node.clone(one, "one") }
            // The source need not be there any more for what was made of it.
            try await node.delete(snapshot: first)
            try await node.delete(one)
            #expect(try await node.clone(one).id == clone.id)
            #expect(try await node.restore(first).id == restored.id)
        }
    }

    @Test("what the source was made with is not what its copy is made with", arguments: PoolGround.sharing)
    func otherPool(_ ground: PoolGround) async throws {
        try await withNode(on: ground, and: .ext4) { node in
            let source = try await node.createInUse("source")
            try await write([9], to: node.path("source/file"))
            let two = ["pool": "two"]
            // From one pool into another: the source may be in use, for a snapshot of it is what is copied.
            let clone = try await node.clone(source, parameters: two)
            let restored = try await node.restore(try await node.snapshot(source), parameters: two)
            #expect(node.poolFiles(in: "two").count == 4)
            #expect(node.poolFiles(in: "one").count == 4, "the clone's snapshot is gone")
            for (volume, name) in [(clone, "clone"), (restored, "restored")] {
                try await node.use(volume, as: name)
                #expect(try await read(node.path("\(name)/file"), count: 1) == [9])
            }
        }
    }

    @Test(
        "a volume or snapshot that is being copied is not deleted beneath the copy; what is deleted stays whole elsewhere"
    )
    func sourceDeletedMeanwhile() async throws {
        try await withNode { node in
            let source = try await node.create("source", .block())
            try await write([4], to: node.image(of: source))
            let snapshot = try await node.snapshot(source)
            async let first = outcome { () async throws(RPCStatus) in try await node.restore(snapshot, "a", .block()) }
            async let second = outcome { () async throws(RPCStatus) in try await node.clone(source, "b") }
            async let third = outcome { () async throws(RPCStatus) in try await node.delete(snapshot: snapshot) }
            async let fourth = outcome { () async throws(RPCStatus) in try await node.delete(source) }
            let codes = await [first, second, third, fourth]
            #expect(Set(codes).isSubset(of: [.ok, .aborted, .notFound]), "\(codes)")
            for name in ["a", "b"] where codes[name == "a" ? 0 : 1] == .ok {
                let list = try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries
                let ids = list.compactMap { $0.volume?.volumeID }.filter { $0 != source.id }
                for id in ids {
                    #expect(try await read("\(node.pool)/volumes/\(id).image", count: 1) == [4])
                }
            }
        }
    }
}
