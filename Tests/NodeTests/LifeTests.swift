internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// A kind of volume, at the smallest size that it can have.
struct Kind: Sendable, CustomTestStringConvertible {
    let label: String
    let capability: VolumeCapability
    let size: Int64
    let thick: Bool

    var isBlock: Bool { capability.access == .block }
    var isBtrfs: Bool { capability == .mount("btrfs") }
    var parameters: [String: String] { thick ? ["provisioning": "thick"] : [:] }
    var testDescription: String { "\(label), \(thick ? "thick" : "thin")" }

    static let all: [Kind] = [false, true].flatMap { thick in
        [
            Kind(label: "ext4", capability: .mount("ext4"), size: 8 * mebibyte, thick: thick),
            Kind(label: "xfs", capability: .mount("xfs"), size: 300 * mebibyte, thick: thick),
            Kind(label: "btrfs", capability: .mount("btrfs"), size: 114_294_784, thick: thick),
            Kind(label: "no stated filesystem", capability: .mount(), size: 8 * mebibyte, thick: thick),
            Kind(label: "raw block", capability: .block(), size: mebibyte, thick: thick),
        ]
    }
}

@Suite("A volume's whole life", .needsRoot)
struct LifeTests {
    private static let payload = Array("what a workload wrote".utf8)

    @Test("create to delete, each step twice", arguments: Kind.all)
    func wholeLife(kind: Kind) async throws {
        try await withNode { node in
            let volume = try await node.create("pvc-1", kind.capability, size: kind.size, parameters: kind.parameters)
            #expect(
                try await node.create("pvc-1", kind.capability, size: kind.size, parameters: kind.parameters).id
                    == volume.id)
            #expect(volume.size == kind.size)

            for _ in 1...2 { try await node.attach(volume) }
            for _ in 1...2 { try await node.stage(volume) }
            for _ in 1...2 { try await node.publish(volume) }
            #expect(node.folder.mounts(at: node.path("target")) == 1)
            #expect(node.folder.mounts(at: node.path("staging")) == (kind.isBlock ? 0 : 1))
            let place = kind.isBlock ? node.path("target") : node.path("target/file")
            try await write(Self.payload, to: place, create: !kind.isBlock)
            try await expectPlausibleStats(node, volume, kind)

            for _ in 1...2 { try await node.unpublish(volume) }
            #expect(access(node.path("target"), F_OK) != 0, "the target is the plugin's to remove")
            for _ in 1...2 { try await node.unstage(volume) }
            await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
            if kind.thick { #expect(try allocated(node.image(of: volume)) >= kind.size) }

            try await node.stage(volume)
            try await node.publish(volume)
            #expect(try await read(place, count: Self.payload.count) == Self.payload)
            try await node.unpublish(volume)
            try await node.unstage(volume)
            for _ in 1...2 { try await node.detach(volume) }
            for _ in 1...2 { try await node.delete(volume) }
            #expect(node.poolFiles() == [])
        }
    }

    private func expectPlausibleStats(_ node: NodeUnderTest, _ volume: TestVolume, _ kind: Kind) async throws {
        for name in ["staging", "target"] {
            let usage = try await node.stats(volume, at: name)
            let bytes = try #require(usage.first(where: { $0.unit == .bytes }), "\(name)")
            if kind.isBlock {
                #expect(usage.count == 1 && bytes.total == kind.size, "\(name)")
                continue
            }
            #expect(bytes.total > kind.size / 4 && bytes.total <= kind.size, "\(name): \(bytes)")
            #expect(bytes.used > 0 && bytes.available > 0, "\(name): \(bytes)")
            #expect(bytes.used + bytes.available <= bytes.total, "\(name): \(bytes)")
            let inodes = usage.first { $0.unit == .inodes }
            // btrfs makes inodes as it goes and counts none.
            #expect((inodes == nil) == kind.isBtrfs, "\(name)")
            if let inodes {
                #expect(inodes.used > 0 && inodes.used + inodes.available == inodes.total, "\(name): \(inodes)")
            }
        }
    }

    @Test("an unstated size is 1 GiB, and its filesystem fills it")
    func unstatedSize() async throws {
        try await withNode { node in
            let volume = try await node.create(size: nil)
            #expect(volume.size == 1 << 30)
            try await node.stage(volume)
            let bytes = try #require(try await node.stats(volume, at: "staging").first)
            #expect(bytes.available > 900 * mebibyte)
        }
    }

    @Test("a thick volume stays allocated and a thin one gives space back", arguments: Kind.all)
    func discards(kind: Kind) async throws {
        try await withNode { node in
            let volume = try await node.create(size: kind.size, kind)
            try await node.stage(volume)
            try await node.publish(volume)
            let image = node.image(of: volume)
            let place = kind.isBlock ? node.path("target") : node.path("target/file")
            try await write([UInt8](repeating: 7, count: 1 << 19), to: place, create: !kind.isBlock)
            let before = try allocated(image)
            if !kind.isBlock { unlink(place) }
            try await discard(on: node.path("target"), kind)
            let after = try allocated(image)
            if kind.thick { #expect(after >= kind.size) } else { #expect(after < before) }
        }
    }

    /// Discards all that is free. A thick volume may refuse it: that, too, keeps its allocation.
    private func discard(on target: String, _ kind: Kind) async throws {
        try await run("sync", "-f", target)
        let result = try await kind.isBlock ? attempt("blkdiscard", "-f", target) : attempt("fstrim", target)
        #expect(result.status == 0 || kind.thick, "\(result.summary)")
    }
}

extension NodeUnderTest {
    fileprivate func create(size: Int64, _ kind: Kind) async throws(RPCStatus) -> TestVolume {
        try await create("volume", kind.capability, size: size, parameters: kind.parameters)
    }
}
