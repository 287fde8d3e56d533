internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// What came over the record of a volume while no node ran.
@Suite("Damaged records", .needsRoot)
struct DamagedRecordTests {
    @Test(
        "one blocks its volume in every call, is not written to, and is the trouble of that volume alone",
        arguments: FileDamage.all)
    func record(damage: FileDamage) async throws {
        try await withNode { node in
            let (volume, other) = try await node.makeTwo()
            await node.kill()
            let (record, aside) = (node.record(of: volume), node.folder.at("aside"))
            let whole = try await read(record, count: fileSize(record))
            try await damage.make(record, aside)
            let before = try await node.files(of: volume)
            try await node.start()
            #expect(node.logText.contains(record) && node.logText.contains(damage.word), "\(node.logText)")
            try await node.expectBlocked(volume, .dataLoss, record, damage.word, "backup")
            try await node.expectUntroubled(other)
            #expect(try await node.files(of: volume) == before)

            await node.kill()
            try await run("rm", "-rf", record)
            try await write(whole, to: record)
            try await node.start()
            try await node.stage(volume)
            #expect(try await read(node.path("staging/file"), count: 3) == [1, 2, 3])
            try await node.unstage(volume)
        }
    }

    @Test(
        "one of a volume that is in use keeps nobody from unpublishing and unstaging it",
        arguments: FileDamage.all.filter { ["truncated", "pipe in its place"].contains($0.label) }, Access.allCases)
    func inUse(damage: FileDamage, access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.use(volume, as: "target")
            await node.kill()
            let (record, aside) = (node.record(of: volume), node.folder.at("aside"))
            let whole = try await read(record, count: fileSize(record))
            try await damage.make(record, aside)
            try await node.start()
            await refused(.dataLoss, record) { try await node.stats(volume, at: "target") }
            await refused(.dataLoss, record) { try await node.publish(volume, at: "second", from: "target.staging") }
            try await node.stopUsing(volume, as: "target")
            await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
            await node.kill()
            try await run("rm", "-rf", record)
            try await write(whole, to: record)
            try await node.start()
            try await node.use(volume, as: "target")
        }
    }

    @Test("while a node runs it knows its records: what is done to the file is mended by the next change")
    func whileRunning() async throws {
        for damage in FileDamage.all where damage.label != "directory in its place" {
            try await withNode { node in
                let volume = try await node.create("v", size: 16 * mebibyte)
                try await damage.make(node.record(of: volume), node.folder.at("aside"))
                // The first staging writes the record twice.
                try await node.stage(volume)
                try await write([1, 2, 3], to: node.path("staging/file"))
                try await node.restart()
                try await node.unstage(volume)
                try await node.stage(volume)
                #expect(try await read(node.path("staging/file"), count: 3) == [1, 2, 3])
            }
        }
    }

    @Test(
        "a copy of a record, under another volume's name or in another pool, takes nothing from the volume",
        arguments: [
            "another volume's name", "the other pool, which is asked first", "the other pool, which is asked last",
        ])
    func duplicate(place: String) async throws {
        try await withNode(on: .xfs, and: .btrfs) { node in
            let home = place.hasSuffix("first") ? "two" : "one"
            let away = home == "one" ? "two" : "one"
            let parameters = ["pool": home]
            let volume = try await node.create("v", parameters: parameters)
            let snapshot = try await node.snapshot(volume)
            let group = try await node.group([volume])
            let stray = "hf-0123456789012345678901234567890123456789"
            let isNamesake = place.hasPrefix("another")
            let (pool, name) = isNamesake ? (home, stray) : (away, volume.id)
            await node.kill()
            let copy = "\(node.pool)/\(pool)/volumes/\(name).record"
            try await run("cp", "\(node.pool)/\(home)/volumes/\(volume.id).record", copy)
            if !isNamesake {
                for file in [
                    "snapshots/\(snapshot.snapshotID)", "snapshots/\(group.snapshots[0].snapshotID)",
                    "groups/\(group.groupSnapshotID)",
                ] {
                    try await run("cp", "\(node.pool)/\(home)/\(file).record", "\(node.pool)/\(away)/\(file).record")
                }
            }
            try await node.start()
            #expect(
                node.logText.contains(copy) && node.logText.contains("belongs to volume \(volume.id)"),
                "\(node.logText)")
            try await node.use(volume, as: "target")
            #expect(
                try await node.call(CSIMethod.listVolumes, .init()).entries.map { $0.volume?.volumeID } == [volume.id])
            try await node.expectWell(volume, at: "target")
            _ = try await node.call(CSIMethod.getSnapshot, GetSnapshotRequest(snapshotID: snapshot.snapshotID))
            if isNamesake {
                let impostor = TestVolume(id: stray, context: [:], size: volume.size, capability: volume.capability)
                await refused(.dataLoss, copy, volume.id) { try await node.stage(impostor, at: "stray") }
                await refused(.dataLoss, copy, volume.id) { try await node.delete(impostor) }
            }
            try await node.stopUsing(volume, as: "target")
            try await node.delete(snapshot: snapshot)
            try await node.delete(group: group)
            try await node.delete(volume)
            #expect(access(copy, F_OK) == 0)
            try await run("find", node.pool, "-name", "*.record", "-path", "*s/hf*", "-delete")
        }
    }

    @Test("a record of another pool is not served, and its volume's name is not given to another")
    func otherPool() async throws {
        try await withNode { node in
            let (volume, other) = try await node.makeTwo()
            await node.kill()
            let record = node.record(of: volume)
            let whole = try await read(record, count: fileSize(record))
            let poolRecord = try await read(
                "\(node.pool)/holdfast-pool.record", count: fileSize("\(node.pool)/holdfast-pool.record"))
            let uuid = try #require(
                String(decoding: poolRecord, as: UTF8.self).firstMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/)
            ).output.0
            let elsewhere = "01234567-89ab-4cde-8f01-23456789abcd"
            let foreign = try await rewritten(whole, String(uuid), elsewhere, in: node.folder.path)
            try await write(foreign, to: record)
            let before = try await node.files(of: volume)
            try await node.start()
            try await node.expectBlocked(volume, .dataLoss, record, elsewhere, String(uuid))
            try await node.expectUntroubled(other)
            #expect(try await node.files(of: volume) == before)
            await node.kill()
            try await write(whole, to: record)
            try await node.start()
        }
    }
}

extension NodeUnderTest {
    /// A volume that holds data and is not in use, with a snapshot, and another one that is in use.
    func makeTwo() async throws -> (TestVolume, TestVolume) {
        let volume = try await create("v", .mount("ext4"), size: 32 * mebibyte)
        try await stage(volume)
        try await write([1, 2, 3], to: path("staging/file"))
        try await unstage(volume)
        await eventually("the device is still attached") { loopDevices(in: pool).isEmpty }
        let other = try await create("other", size: 16 * mebibyte)
        try await use(other, as: "other")
        return (volume, other)
    }

    /// What the pool has of one volume, byte for byte.
    func files(of volume: TestVolume) async throws -> String {
        try await inventory("\(pool)/volumes", of: volume.id)
    }

    /// Expects every call that would use a volume to be refused, in a sentence with all of the words.
    func expectBlocked(
        _ volume: TestVolume, _ code: StatusCode, _ words: String..., location: SourceLocation = #_sourceLocation
    ) async throws {
        let get = ControllerGetVolumeRequest(volumeID: volume.id)
        let calls: [(String, () async throws -> Void)] = [
            ("attach", { try await self.attach(volume) }), ("stage", { try await self.stage(volume) }),
            ("publish", { try await self.publish(volume) }),
            ("get", { _ = try await self.call(CSIMethod.controllerGetVolume, get) }),
            ("expand", { _ = try await self.expand(volume, to: 2 * volume.size) }),
            ("modify", { try await self.modify(volume, ["readAheadKiB": "64"]) }),
            ("snapshot", { _ = try await self.snapshot(volume, "of the damaged") }),
            ("group", { _ = try await self.group([volume], "of the damaged") }),
            ("clone", { _ = try await self.clone(volume, "of the damaged") }),
            ("create", { _ = try await self.create("v", .mount("ext4"), size: volume.size) }),
            ("delete", { try await self.delete(volume) }),
        ]
        for (what, call) in calls { await expectRefusal(code, words, what, location, call) }
        // What is not there is undone already.
        try await unpublish(volume)
        try await unstage(volume)
        #expect(folder.mounts(at: path("staging")) == 0, sourceLocation: location)
    }

    /// Expects a volume that is in use to go on with its life, and the node to be ready.
    func expectUntroubled(_ other: TestVolume, location: SourceLocation = #_sourceLocation) async throws {
        #expect(try await call(CSIMethod.probe, ProbeRequest()).ready == true, sourceLocation: location)
        let listed = try await call(CSIMethod.listVolumes, ListVolumesRequest()).entries
        #expect(listed.contains { $0.volume?.volumeID == other.id }, sourceLocation: location)
        try await expectWell(other, at: "other", location: location)
        try await stopUsing(other, as: "other")
        try await use(other, as: "other")
        try await write([5], to: path("other/file"))
    }
}
