internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Growing a volume", .needsRoot)
struct ExpandTests {
    @Test("a copy that is larger than its source is recorded as what it is", arguments: Growth.filesystems)
    func largerCopy(growth: Growth) async throws {
        try await withNode(on: .xfs) { node in
            let volume = try await node.createInUse("v", growth.capability, size: growth.before)
            let snapshot = try await node.snapshot(volume)
            let copy = try await node.restore(snapshot, "copy", growth.capability, size: growth.after)
            try await node.use(copy, as: "copy")
            let bytes = try Files.read(node.record(of: copy), limit: 1 << 20)
            let record = String(decoding: bytes, as: UTF8.self)
            #expect(record.contains("\"formatted\"") && !record.contains("\"renewing\""), "\(record)")
        }
    }

    @Test("a published volume grows at once, under a file that is held open", arguments: Growth.allButExt4)
    func online(growth: Growth) async throws {
        try await withNode { node in
            let volume = try await node.create(
                "v", growth.capability, size: growth.before, parameters: growth.parameters)
            let target = try await node.use(volume, as: "target")
            try await write([1, 2, 3], to: "\(target)/file")
            let held = OpenFile(try Files.open("\(target)/file", O_RDWR))
            let grown = try await node.expand(volume, to: growth.after)
            #expect(grown.size == growth.after)
            #expect(!grown.isPending)
            try await node.expectGrown(volume, growth, at: "target")
            try await node.expectGrown(volume, growth, at: "target.staging")
            try Files.write([4], to: held.descriptor, "file")
            try Files.sync(held.descriptor, "file")
            #expect(try await read("\(target)/file", count: 3) == [4, 2, 3])
            let told = try await node.call(CSIMethod.controllerGetVolume, .init(volumeID: volume.id))
            #expect(told.volume?.capacityBytes == growth.after)
            #expect(try await node.expand(volume, at: "target") == growth.after)
        }
    }

    @Test("a volume that is not mounted grows when it is next staged", arguments: Growth.all)
    func offline(growth: Growth) async throws {
        try await withNode { node in
            let volume = try await node.create(
                "v", growth.capability, size: growth.before, parameters: growth.parameters)
            try await node.use(volume, as: "target")
            try await write([1, 2, 3], to: node.path("target/file"))
            try await node.stopUsing(volume, as: "target")
            let grown = try await node.expand(volume, to: growth.after)
            #expect(grown.size == growth.after)
            #expect(grown.isPending)
            // The filesystem is pending until it is mounted, however often and by whomever it is asked about.
            #expect(try await node.expand(volume, to: growth.after).isPending)
            try await node.restart()
            #expect(try await node.expand(volume, to: growth.after).isPending)
            try await node.use(volume, as: "target")
            try await node.expectGrown(volume, growth, at: "target")
            #expect(try await read(node.path("target/file"), count: 3) == [1, 2, 3])
            #expect(try await node.expand(volume, at: "target.staging") == growth.after)
            #expect(try await !node.expand(volume, to: growth.after).isPending)
        }
    }

    @Test(
        "so does a published ext4", .enabled(if: mayGrowExt4, "needs CAP_SYS_RESOURCE: the kernel asks for it"),
        arguments: Growth.allExt4)
    func onlineExt4(growth: Growth) async throws { try await online(growth: growth) }

    @Test("an ext4 that the kernel does not let grow while it is mounted says so, and has grown at the next stage")
    func ext4WithoutCapability() async throws {
        let withoutIt = ["/usr/bin/setpriv", "--inh-caps=-sys_resource", "--bounding-set=-sys_resource"]
        try await withNode(launcher: withoutIt) { node in
            let growth = Growth.ext4
            let volume = try await node.create("v", growth.capability, size: growth.before)
            try await node.use(volume, as: "target")
            try await write([1], to: node.path("target/file"))
            let grown = try await node.expand(volume, to: growth.after)
            #expect(grown.size == growth.after && grown.isPending)
            await refused(.failedPrecondition, "CAP_SYS_RESOURCE") { try await node.expand(volume, at: "target") }
            let condition = try #require(try await node.condition(volume))
            #expect(condition.abnormal && condition.message.contains("\(growth.after)"), "\(condition.message)")
            // Again at the same path: it is no error there either, and the log says why it has not grown.
            try await node.stage(volume, at: "target.staging")
            #expect(node.logText.contains("CAP_SYS_RESOURCE"))
            #expect(try await node.isGrowing(volume))
            try await node.stopUsing(volume, as: "target")
            try await node.use(volume, as: "target")
            try await node.expectGrown(volume, growth, at: "target")
            #expect(try await read(node.path("target/file"), count: 1) == [1])
            #expect(try await node.condition(volume)?.abnormal == false)
            #expect(try await node.expand(volume, at: "target") == growth.after)
        }
    }

    @Test("a volume that was never formatted is formatted at its new size", arguments: [Growth.ext4, .xfs, .btrfs])
    func blank(growth: Growth) async throws {
        try await withNode { node in
            let volume = try await node.create("v", growth.capability, size: growth.before)
            let grown = try await node.expand(volume, to: growth.after)
            #expect(grown.size == growth.after && !grown.isPending)
            try await node.use(volume, as: "target")
            try await node.expectGrown(volume, growth, at: "target")
        }
    }

    @Test("a raw block volume grows at once, published or not", arguments: ["thin", "thick"])
    func rawBlock(provisioning: String) async throws {
        try await withNode { node in
            let volume = try await node.create(
                "v", .block(), size: mebibyte, parameters: ["provisioning": provisioning])
            let first = try await node.expand(volume, to: 2 * mebibyte)
            #expect(first.size == 2 * mebibyte && !first.isPending)
            let target = try await node.use(volume, as: "target")
            #expect(try await deviceSize(target) == 2 * mebibyte)
            try await write([1, 2, 3], to: target, at: 2 * mebibyte - 3, create: false)
            let second = try await node.expand(volume, to: 4 * mebibyte)
            #expect(second.size == 4 * mebibyte && !second.isPending)
            #expect(try await deviceSize(target) == 4 * mebibyte)
            #expect(try await node.expand(volume, at: "target") == 4 * mebibyte)
            #expect(try await node.expand(volume, at: "target.staging") == 4 * mebibyte)
            try await write([4], to: target, at: 4 * mebibyte - 1, create: false)
            #expect(try await read(target, at: 2 * mebibyte - 3, count: 4) == [1, 2, 3, 0])
            #expect(try await node.stats(volume, at: "target").first?.total == 4 * mebibyte)
            if provisioning == "thick" { #expect(try allocated(node.image(of: volume)) >= 4 * mebibyte) }
        }
    }

    @Test("a read-only raw block volume grows and stays read-only")
    func readOnlyBlock() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .block(), size: mebibyte)
            try await node.stage(volume)
            try await node.publish(volume, readonly: true)
            #expect(try await node.expand(volume, to: 2 * mebibyte).size == 2 * mebibyte)
            #expect(try await deviceSize(node.path("target")) == 2 * mebibyte)
            #expect(await errnoOfWriting(to: node.path("target"), create: false) != 0)
        }
    }

    @Test("a volume that is staged read-only waits for a writer", arguments: Growth.filesystems)
    func stagedReadOnly(growth: Growth) async throws {
        try await withNode { node in
            let volume = try await node.create("v", growth.capability, size: growth.before)
            try await node.use(volume, as: "target")
            try await node.stopUsing(volume, as: "target")
            try await node.stage(volume, as: .mount(growth.type, .singleNodeReaderOnly))
            let grown = try await node.expand(volume, to: growth.after)
            #expect(grown.size == growth.after && grown.isPending)
            await refused(.failedPrecondition, "read-only") { try await node.expand(volume, at: "staging") }
            try await node.unstage(volume)
            try await node.use(volume, as: "target")
            try await node.expectGrown(volume, growth, at: "target")
        }
    }

    @Test("a writer and a reader: the reader's path grows it too")
    func throughReader() async throws {
        try await withNode { node in
            let growth = Growth.xfs
            let volume = try await node.create("v", growth.capability, size: growth.before)
            try await node.use(volume, as: "target")
            try await node.publish(volume, at: "reader", from: "target.staging", readonly: true)
            #expect(try await node.expand(volume, to: growth.after, at: "reader") == growth.after)
            try await node.expectGrown(volume, growth, at: "reader")
        }
    }

    @Test("a btrfs that holds data grows to 256 MiB at the least, as the kernel has it")
    func smallBtrfs() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("btrfs"), size: 128 * mebibyte)
            // What was never formatted may have any size.
            #expect(try await node.expand(volume, to: 132 * mebibyte).size == 132 * mebibyte)
            try await node.use(volume, as: "target")
            await refused(.outOfRange, "btrfs", "\(256 * mebibyte)") {
                try await node.expand(volume, to: 140 * mebibyte, limit: 200 * mebibyte)
            }
            #expect(try fileSize(node.image(of: volume)) == 132 * mebibyte)
            try await node.stopUsing(volume, as: "target")
            let clone = try await node.clone(volume, size: 140 * mebibyte)
            #expect(clone.size == 256 * mebibyte)
            try await node.use(clone, as: "clone")
            try await node.use(volume, as: "target")
            #expect(try await node.expand(volume, to: 140 * mebibyte).size == 256 * mebibyte)
            try await node.expectGrown(
                volume, Growth(type: "btrfs", before: 128 * mebibyte, after: 256 * mebibyte), at: "target")
        }
    }

    @Test("sizes", arguments: ExpandRow.all)
    func sizes(row: ExpandRow) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .block(), size: 4 * mebibyte)
            let request = ControllerExpandVolumeRequest(
                volumeID: volume.id, capacityRange: row.range, volumeCapability: .block())
            guard let size = row.size else {
                await expectRefusal(row.code, row.words, row.label) {
                    try await node.call(CSIMethod.controllerExpandVolume, request)
                }
                #expect(try fileSize(node.image(of: volume)) == 4 * mebibyte)
                #expect(try await !node.isGrowing(volume))
                // It works as before, also after a restart.
                try await node.restart()
                try await node.use(volume, as: "target")
                #expect(try await deviceSize(node.path("target")) == 4 * mebibyte)
                return
            }
            let answer = try await node.call(CSIMethod.controllerExpandVolume, request)
            #expect(answer.capacityBytes == size)
            #expect(!answer.nodeExpansionRequired)
            #expect(try fileSize(node.image(of: volume)) == size)
        }
    }

    @Test("bad requests", arguments: BadExpand.all)
    func badRequests(row: BadExpand) async throws {
        try await withNode { node in
            let volume = try await node.create("v", .mount("ext4"), size: 16 * mebibyte)
            try await node.use(volume, as: "target")
            var controller = ControllerExpandVolumeRequest(
                volumeID: volume.id, capacityRange: .init(requiredBytes: 20 * mebibyte))
            var onNode = NodeExpandVolumeRequest(
                volumeID: volume.id, volumePath: node.path("target"), capacityRange: .init(requiredBytes: 20 * mebibyte)
            )
            row.change(&controller, &onNode)
            if row.isForController {
                await expectRefusal(row.code, row.words, row.label) {
                    try await node.call(CSIMethod.controllerExpandVolume, controller)
                }
            }
            await expectRefusal(row.code, row.words, row.label) {
                try await node.call(CSIMethod.nodeExpandVolume, onNode)
            }
            #expect(try fileSize(node.image(of: volume)) == 16 * mebibyte)
        }
    }

    @Test("NodeExpandVolume without a size lets the filesystem follow what the controller has done")
    func withoutSize() async throws {
        try await withNode { node in
            let growth = Growth.xfs
            let volume = try await node.create("v", growth.capability, size: growth.before)
            try await node.use(volume, as: "target")
            let request = NodeExpandVolumeRequest(volumeID: volume.id, volumePath: node.path("target"))
            let before = try await node.call(CSIMethod.nodeExpandVolume, request)
            #expect(before.capacityBytes == growth.before)
            _ = try await node.expand(volume, to: growth.after)
            let after = try await node.call(CSIMethod.nodeExpandVolume, request)
            #expect(after.capacityBytes == growth.after)
            try await node.expectGrown(volume, growth, at: "target")
        }
    }

    @Test("a thick volume in a full pool does not grow, keeps its size and works")
    func fullPool() async throws {
        let folder = TemporaryFolder("node")
        let pool = try await PoolFilesystem.ext4.mount(in: folder)
        try await withNode(in: folder, pool: pool) { node in
            let volume = try await node.create(
                "v", .block(), size: 16 * mebibyte, parameters: ["provisioning": "thick"])
            let target = try await node.use(volume, as: "target")
            await refused(.resourceExhausted, "default") { try await node.expand(volume, to: 512 * mebibyte) }
            fill(folder, "pool/filler")
            await refused(.resourceExhausted, "default") { try await node.expand(volume, to: 32 * mebibyte) }
            #expect(try fileSize(node.image(of: volume)) == 16 * mebibyte)
            #expect(try await node.expand(volume, to: 16 * mebibyte).size == 16 * mebibyte)
            try await write([1], to: target, at: 16 * mebibyte - 1, create: false)
            try await node.restart()
            #expect(try await read(target, at: 16 * mebibyte - 1, count: 1) == [1])
            unlink(folder.at("pool/filler"))
            #expect(try await node.expand(volume, to: 32 * mebibyte).size == 32 * mebibyte)
            #expect(try await deviceSize(target) == 32 * mebibyte)
            #expect(try allocated(node.image(of: volume)) >= 32 * mebibyte)
        }
        await removeLeftovers(in: folder)
    }

    @Test("growth counts against the overcommit ratio, and GetCapacity follows")
    func overcommit() async throws {
        let folder = TemporaryFolder("node")
        let pool = folder.makeFolder("pool")
        // tmpfs: its size changes for nobody else's files.
        try #require(mount("holdfast", pool, "tmpfs", 0, "size=64m") == 0)
        let configuration = "pools:\n  - name: default\n    path: \(pool)\n    overcommit: 2\n"
        try await withNode(in: folder, pool: pool, configuration: configuration) { node in
            let volume = try await node.create("v", .block(), size: 32 * mebibyte)
            let room = try await node.call(CSIMethod.getCapacity, .init()).availableCapacity
            #expect(room == 96 * mebibyte)
            await refused(.resourceExhausted, "overcommit") { try await node.expand(volume, to: 129 * mebibyte) }
            #expect(try await node.call(CSIMethod.getCapacity, .init()).availableCapacity == room)
            #expect(try await node.expand(volume, to: 64 * mebibyte).size == 64 * mebibyte)
            #expect(try await node.call(CSIMethod.getCapacity, .init()).availableCapacity == 64 * mebibyte)
            try await node.restart()
            #expect(try await node.call(CSIMethod.getCapacity, .init()).availableCapacity == 64 * mebibyte)
            #expect(try await node.expand(volume, to: 128 * mebibyte).size == 128 * mebibyte)
            await refused(.resourceExhausted, "overcommit") {
                try await node.create("other", .block(), size: mebibyte)
            }
            try await node.delete(volume)
            #expect(try await node.call(CSIMethod.getCapacity, .init()).availableCapacity == 128 * mebibyte)
        }
        await removeLeftovers(in: folder)
    }

    @Test("of several who grow it at once, each ends OK or ABORTED, and the largest of them counts")
    func concurrently() async throws {
        try await withNode { node in
            let growth = Growth.xfs
            let volume = try await node.create("v", growth.capability, size: growth.before)
            try await node.use(volume, as: "target")
            let codes = await withTaskGroup(of: StatusCode.self) { group in
                for number in 1...8 {
                    group.addTask {
                        await outcome { () async throws(RPCStatus) in
                            try await node.expand(volume, to: growth.before + Int64(number) * mebibyte)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.contains(.ok) && Set(codes).isSubset(of: [.ok, .aborted]), "\(codes.map(\.name))")
            #expect(try await node.expand(volume, to: growth.after).size == growth.after)
            try await node.expectGrown(volume, growth, at: "target")
        }
    }
}
