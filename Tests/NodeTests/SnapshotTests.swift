internal import CSI
internal import Glibc
internal import RPC
internal import Testing

@Suite("Snapshots", .needsRoot)
struct SnapshotTests {
    private static let unknown = "hfs-0123456789012345678901234567890123456789"

    private func list(
        _ node: NodeUnderTest, _ request: ListSnapshotsRequest = ListSnapshotsRequest()
    ) async throws(RPCStatus) -> [String] {
        try await node.call(CSIMethod.listSnapshots, request).entries.compactMap { $0.snapshot?.snapshotID }
    }

    @Test("one that was taken is ready, is told of alike by all calls, and survives a kill")
    func life() async throws {
        try await withNode { node in
            let volume = try await node.create()
            let snapshot = try await node.snapshot(volume)
            #expect(snapshot.readyToUse && snapshot.sourceVolumeID == volume.id && snapshot.sizeBytes == volume.size)
            #expect(snapshot.groupSnapshotID.isEmpty)
            #expect((snapshot.creationTime?.seconds ?? 0) > 1_700_000_000)
            for _ in 0..<2 {
                let got = try await node.call(
                    CSIMethod.getSnapshot, GetSnapshotRequest(snapshotID: snapshot.snapshotID))
                let listed = try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest())
                let again = try await node.snapshot(volume)
                #expect(got.snapshot == snapshot && again == snapshot)
                #expect(listed.entries.map(\.snapshot) == [snapshot] && listed.nextToken.isEmpty)
                try await node.restart()
            }
            try await node.delete(snapshot: snapshot)
            try await node.delete(snapshot: snapshot)
            #expect(try await list(node).isEmpty)
            await refused(.notFound, snapshot.snapshotID) {
                try await node.call(CSIMethod.getSnapshot, GetSnapshotRequest(snapshotID: snapshot.snapshotID))
            }
            try await node.restart()
            #expect(try await list(node).isEmpty)
        }
    }

    @Test("a name stands for one snapshot of one volume")
    func sameName() async throws {
        try await withNode { node in
            let (one, two) = (try await node.create("one"), try await node.create("two"))
            let snapshot = try await node.snapshot(one, "name with\nnewline and ü")
            await refused(.alreadyExists, one.id) { try await node.snapshot(two, "name with\nnewline and ü") }
            try await node.delete(snapshot: snapshot)
            let other = try await node.snapshot(two, "name with\nnewline and ü")
            #expect(other.sourceVolumeID == two.id)
        }
    }

    @Test("the name of a snapshot in one pool is taken in another")
    func sameNameElsewhere() async throws {
        try await withNode(on: .xfs, and: .btrfs) { node in
            let one = try await node.create("a")
            let two = try await node.create("b", parameters: ["pool": "two"])
            _ = try await node.snapshot(one)
            await refused(.alreadyExists, one.id) { try await node.snapshot(two) }
        }
    }

    @Test("a volume made again under its name has no snapshots of its predecessor")
    func predecessor() async throws {
        try await withNode { node in
            let old = try await node.create("same", size: 16 * mebibyte)
            let snapshot = try await node.snapshot(old)
            try await node.delete(old)
            let new = try await node.create("same", size: 32 * mebibyte)
            #expect(new.id == old.id)
            await refused(.alreadyExists, "made again") { try await node.snapshot(new) }
            let other = try await node.snapshot(new, "other")
            #expect(other.sizeBytes == new.size)
            await refused(.invalidArgument, "made again") {
                try await node.delta(from: snapshot.snapshotID, to: other.snapshotID)
            }
        }
    }

    @Test("what is missing, unknown or wrong in a request is refused, and leaves nothing")
    func badRequests() async throws {
        try await withNode { node in
            let volume = try await node.create()
            let create = CSIMethod.createSnapshot
            await refused(.invalidArgument, "name") {
                try await node.call(create, CreateSnapshotRequest(sourceVolumeID: volume.id))
            }
            await refused(.invalidArgument, "source_volume_id") {
                try await node.call(create, CreateSnapshotRequest(name: "s"))
            }
            await refused(.invalidArgument, "129") {
                try await node.snapshot(volume, String(repeating: "n", count: 129))
            }
            for unknown in ["hf-0123456789012345678901234567890123456789", "../x", Self.unknown] {
                await refused(.notFound, unknown) {
                    try await node.call(create, CreateSnapshotRequest(sourceVolumeID: unknown, name: "s"))
                }
            }
            await refused(.invalidArgument, "snapshot_id") {
                try await node.call(CSIMethod.getSnapshot, GetSnapshotRequest())
            }
            await refused(.invalidArgument, "snapshot_id") {
                try await node.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest())
            }
            for unknown in [Self.unknown, "../../volumes/\(volume.id)", volume.id, "x"] {
                await refused(.notFound, unknown) {
                    try await node.call(CSIMethod.getSnapshot, GetSnapshotRequest(snapshotID: unknown))
                }
                _ = try await node.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: unknown))
            }
            #expect(node.poolFiles() == ["\(volume.id).image", "\(volume.id).record"])
        }
    }

    private static let badParameters = [
        ("maxFreeze", ""), ("maxFreeze", "5"), ("maxFreeze", "0ms"), ("maxFreeze", "0s"), ("maxFreeze", "61s"),
        ("maxFreeze", "60001ms"), ("maxFreeze", "-1s"), ("maxFreeze", "+1s"), ("maxFreeze", "1.5s"),
        ("maxFreeze", " 1s"), ("maxFreeze", "1m"), ("maxFreeze", "ms"), ("maxFreeze", "s"),
        ("maxFreeze", "99999999999999999999s"), ("maxFreeze", "٣s"), ("maxfreeze", "1s"), ("pool", "default"),
    ]

    @Test("a class with a parameter that is not known, or not understood, is refused")
    func badParameters() async throws {
        try await withNode { node in
            let volume = try await node.create()
            for (key, value) in Self.badParameters {
                let word = key == "maxFreeze" ? "'\(value)'" : "'\(key)'"
                await refused(.invalidArgument, word, "maxFreeze", what: "\(key): '\(value)'") {
                    try await node.snapshot(volume, parameters: [key: value])
                }
                await refused(.invalidArgument, word, "maxFreeze", what: "\(key): '\(value)', in a group") {
                    try await node.group([volume], parameters: [key: value])
                }
            }
            #expect(node.poolFiles().count == 2)
        }
    }

    @Test("a class may allow a freeze in milliseconds and seconds, and the snapshotter may add what it snapshots")
    func goodParameters() async throws {
        try await withNode { node in
            let volume = try await node.create()
            for text in ["1ms", "500ms", "60000ms", "1s", "60s", "060s"] {
                _ = try await node.snapshot(
                    volume, text,
                    parameters: ["maxFreeze": text, "csi.storage.k8s.io/volumesnapshot/name": "snapshot"])
            }
        }
    }

    @Test("a list can be of one volume, of one snapshot, of both or of neither")
    func filters() async throws {
        try await withNode { node in
            let (one, two) = (try await node.create("one"), try await node.create("two"))
            let first = try await node.snapshot(one, "1").snapshotID
            let second = try await node.snapshot(one, "2").snapshotID
            let third = try await node.snapshot(two, "3").snapshotID
            let rows: [(source: String, snapshot: String, found: [String])] = [
                ("", "", [first, second, third]), (one.id, "", [first, second]), (two.id, "", [third]),
                ("", first, [first]), (one.id, second, [second]), (two.id, first, []), ("", Self.unknown, []),
                ("hf-0123456789012345678901234567890123456789", "", []), ("../x", "", []), ("", "../x", []),
                ("", one.id, []), (first, "", []),
            ]
            for row in rows {
                let found = try await list(
                    node, ListSnapshotsRequest(sourceVolumeID: row.source, snapshotID: row.snapshot))
                #expect(found == row.found.sorted(), "source '\(row.source)', snapshot '\(row.snapshot)'")
            }
        }
    }

    @Test("a walk in pages brings each once, while others come and go")
    func pages() async throws {
        try await withNode(on: .xfs, and: .btrfs) { node in
            let one = try await node.create("one")
            let two = try await node.create("two", parameters: ["pool": "two"])
            var left: [String: Snapshot] = [:]
            for number in 1...4 {
                for volume in [one, two] {
                    let snapshot = try await node.snapshot(volume, "\(volume.id) \(number)")
                    left[snapshot.snapshotID] = snapshot
                }
            }
            let all = Set(left.keys)
            var seen: [String] = []
            var token = ""
            repeat {
                let request = ListSnapshotsRequest(maxEntries: 3, startingToken: token)
                let page = try await node.call(CSIMethod.listSnapshots, request)
                let ids = page.entries.compactMap { $0.snapshot?.snapshotID }
                #expect(ids.count <= 3 && ids == ids.sorted() && ids.first ?? "z" > seen.last ?? "")
                seen += ids
                token = page.nextToken
                // The token stands for the place after this one.
                if let last = ids.last.flatMap({ left.removeValue(forKey: $0) }) {
                    try await node.delete(snapshot: last)
                }
                try #require(seen.count < 20)
            } while !token.isEmpty
            #expect(Set(seen) == all && seen.count == all.count)
            let filtered = try await node.call(
                CSIMethod.listSnapshots, ListSnapshotsRequest(maxEntries: 1, sourceVolumeID: two.id))
            let more = !filtered.nextToken.isEmpty
            #expect(more == (left.values.count(where: { $0.sourceVolumeID == two.id }) > 1))
        }
    }

    @Test("a token that was never given is ABORTED, and a negative length refused")
    func madeUpTokens() async throws {
        try await withNode { node in
            for token in [
                "x", "0", Self.unknown, "\(Self.unknown).0123456789abcdef", "\(Self.unknown).", ".", "../x.y",
            ] {
                await refused(.aborted, "starting_token", what: token) {
                    try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest(startingToken: token))
                }
            }
            await refused(.invalidArgument, "max_entries") {
                try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest(maxEntries: -1))
            }
        }
    }

    @Test("a token of the volumes' list is none of the snapshots'")
    func otherToken() async throws {
        try await withNode { node in
            for number in 1...2 { _ = try await node.create("\(number)", size: 8 * mebibyte) }
            let page = try await node.call(CSIMethod.listVolumes, ListVolumesRequest(maxEntries: 1))
            await refused(.aborted) {
                try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest(startingToken: page.nextToken))
            }
        }
    }

    @Test("a snapshot with a damaged record is left alone, and blocks nothing but itself")
    func damagedRecord() async throws {
        try await withNode { node in
            let volume = try await node.create()
            let (bad, good) = (try await node.snapshot(volume, "bad"), try await node.snapshot(volume, "good"))
            let record = try await read(node.record(of: bad), count: fileSize(node.record(of: bad)))
            await node.kill()
            try await write(Array(record.dropLast(20)), to: node.record(of: bad))
            truncate(node.record(of: bad), off_t(record.count - 20))
            try await node.start()
            #expect(node.logText.contains(node.record(of: bad)))
            #expect(try await list(node) == [good.snapshotID])
            for attempt in [
                { _ = try await node.call(CSIMethod.getSnapshot, GetSnapshotRequest(snapshotID: bad.snapshotID)) },
                {
                    _ = try await node.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: bad.snapshotID))
                },
                { _ = try await node.snapshot(volume, "bad") }, { _ = try await node.restore(bad) },
            ] as [() async throws -> Void] {
                await refused(.dataLoss, node.record(of: bad)) { try await attempt() }
            }
            _ = try await node.restore(good)
            #expect(access(node.image(of: bad), F_OK) == 0)
            await node.kill()
            try await write(record, to: node.record(of: bad))
            try await node.start()
            _ = try await node.restore(bad, "brought back")
        }
    }
}
