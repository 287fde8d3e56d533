internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// How far a growth had come when the process was killed.
enum GrowthState: String, CaseIterable, Sendable {
    case noted = "it was noted"
    case imageGrown = "the image had grown"
    case filesystemGrown = "the filesystem had grown"
}

/// A growth that was cut off, and what comes next.
struct CutOffGrowth: Sendable, CustomTestStringConvertible {
    enum Finish: String, CaseIterable {
        case retry = "a retry"
        case stage = "the next stage"
    }

    let growth: Growth
    let state: GrowthState
    let isMounted: Bool
    let finish: Finish

    var testDescription: String {
        "\(growth), \(state.rawValue), \(isMounted ? "mounted" : "not mounted"), \(finish.rawValue)"
    }

    static let all = [Growth.ext4, .xfs, .btrfs].flatMap { growth in
        GrowthState.allCases.flatMap { state in
            [true, false].flatMap { isMounted in
                Finish.allCases.map { CutOffGrowth(growth: growth, state: state, isMounted: isMounted, finish: $0) }
            }
        }
    }.filter { $0.growth.type != "ext4" || !$0.isMounted || mayGrowExt4 }
}

@Suite("A growth that was cut off", .needsRoot)
struct CutOffGrowthTests {
    @Test("is finished, and nothing is lost", arguments: CutOffGrowth.all)
    func finished(row: CutOffGrowth) async throws {
        try await withNode { node in
            let growth = row.growth
            let volume = try await node.create("v", growth.capability, size: growth.before)
            try await node.use(volume, as: "target")
            try await write([1, 2, 3], to: node.path("target/file"))
            if !row.isMounted { try await node.stopUsing(volume, as: "target") }
            await node.kill()
            try await leave(row, of: volume, node)
            try await node.start()

            switch row.finish {
            case .retry:
                let grown = try await node.expand(volume, to: growth.after)
                #expect(grown.size == growth.after)
                #expect(grown.isPending == !row.isMounted)
            case .stage: break
            }
            if !(row.finish == .retry && row.isMounted) { try await node.stage(volume, at: "target.staging") }
            try await node.publish(volume, at: "target", from: "target.staging")
            try await node.expectGrown(volume, growth, at: "target")
            #expect(try await read(node.path("target/file"), count: 3) == [1, 2, 3])
        }
    }

    /// Does by hand what the process had done.
    private func leave(_ row: CutOffGrowth, of volume: TestVolume, _ node: NodeUnderTest) async throws {
        let growth = row.growth
        try await node.note(growthOf: volume, to: growth.after)
        if row.state == .noted { return }
        let image = node.image(of: volume)
        try await resize(image, to: growth.after)
        if row.state == .imageGrown { return }
        if row.isMounted {
            let device = try #require(loopDevice(of: image))
            try await run("losetup", "--set-capacity", device)
            try await grow(growth.type, at: node.path("target"))
        } else {
            if growth.type == "ext4" {
                try await run("e2fsck", "-f", "-p", image)
                try await run("resize2fs", image)
                return
            }
            let point = node.folder.makeFolder("by-hand")
            try await run("mount", "-o", "loop", image, point)
            try await grow(growth.type, at: point)
            try await run("umount", point)
            await eventually("the image is still attached") { loopDevice(of: image) == nil }
        }
    }

    private func grow(_ type: String, at path: String) async throws {
        switch type {
        case "ext4": try await run("sh", "-c", "resize2fs $(findmnt -no SOURCE '\(path)')")
        case "xfs": try await run("xfs_growfs", path)
        default: try await run("btrfs", "filesystem", "resize", "max", path)
        }
    }

    @Test("is finished for a raw block volume", arguments: [GrowthState.noted, .imageGrown], ["thin", "thick"])
    func rawBlock(state: GrowthState, provisioning: String) async throws {
        try await withNode { node in
            let parameters = ["provisioning": provisioning]
            let retried = try await node.create("retried", .block(), size: mebibyte, parameters: parameters)
            let staged = try await node.create("staged", .block(), size: mebibyte, parameters: parameters)
            try await node.use(retried, as: "retried")
            await node.kill()
            for volume in [retried, staged] {
                try await node.note(growthOf: volume, to: 2 * mebibyte)
                if state == .imageGrown { try await resize(node.image(of: volume), to: 2 * mebibyte) }
            }
            try await node.start()
            #expect(try await node.expand(retried, to: 2 * mebibyte).size == 2 * mebibyte)
            try await node.use(staged, as: "staged")
            for (volume, name) in [(retried, "retried"), (staged, "staged")] {
                #expect(try await deviceSize(node.path(name)) == 2 * mebibyte)
                #expect(try fileSize(node.image(of: volume)) == 2 * mebibyte)
                if state == .noted && provisioning == "thick" {
                    #expect(try allocated(node.image(of: volume)) >= 2 * mebibyte)
                }
            }
            #expect(try await !node.isGrowing(retried))
        }
    }

    @Test("is not cut off by a limit or a size that the record already has")
    func toldSize() async throws {
        try await withNode { node in
            let volume = try await node.create("v", .block(), size: mebibyte)
            await node.kill()
            try await node.note(growthOf: volume, to: 2 * mebibyte)
            try await node.start()
            // What was promised to a client stays: it may have read the answer of a call that did end.
            let told = try await node.call(CSIMethod.controllerGetVolume, .init(volumeID: volume.id))
            #expect(told.volume?.capacityBytes == 2 * mebibyte)
            await refused(.outOfRange, "\(2 * mebibyte)") {
                try await node.expand(volume, to: 0, limit: mebibyte)
            }
            #expect(try await node.expand(volume, to: 3 * mebibyte).size == 3 * mebibyte)
            #expect(try fileSize(node.image(of: volume)) == 3 * mebibyte)
        }
    }

    @Test("by SIGKILL at any moment: a retry, or the next stage, finishes it")
    func killed() async throws {
        try await withNode { node in
            let growth = Growth.xfs
            var volumes: [TestVolume] = []
            for number in 1...4 {
                let volume = try await node.create("v\(number)", growth.capability, size: growth.before)
                try await node.use(volume, as: "target-\(number)")
                try await write([UInt8(number)], to: node.path("target-\(number)/file"))
                volumes.append(volume)
            }
            let all = volumes
            for round in 1...5 {
                let size = growth.before + Int64(round) * 100 * mebibyte
                let before = expansions(node)
                async let growing: Void = withTaskGroup(of: Void.self) { group in
                    for volume in all { group.addTask { _ = try? await node.expand(volume, to: size) } }
                }
                // Each round another one of the calls has ended; the others are anywhere.
                await eventually("no volume grows") { expansions(node) - before >= round - 1 }
                await node.kill()
                await growing
                try await node.start()
                for (number, volume) in zip(1..., all) {
                    if number % 2 == 0 {
                        try await node.stage(volume, at: "target-\(number).staging")
                    }
                    #expect(try await node.expand(volume, to: size).size == size)
                    try await node.expectGrown(
                        volume, Growth(type: growth.type, before: growth.before, after: size), at: "target-\(number)")
                    #expect(try await read(node.path("target-\(number)/file"), count: 1) == [UInt8(number)])
                }
            }
        }
    }

    private func expansions(_ node: NodeUnderTest) -> Int {
        node.logText.split(separator: "\n").count { $0.contains("operation=ControllerExpandVolume") }
    }
}
