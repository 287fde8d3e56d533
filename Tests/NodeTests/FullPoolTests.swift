internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// Fills the filesystem that a file of the folder lies on, to the last byte.
func fill(_ folder: TemporaryFolder, _ name: String) {
    // Where not even a name can be made any more, it is full already.
    guard let file = try? Files.open(folder.at(name), O_WRONLY | O_CREAT | O_APPEND) else { return }
    var block = 1 << 20
    let bytes = [UInt8](repeating: 1, count: block)
    while block > 0 {
        if Glibc.write(file.number, bytes, block) < 0 || fsync(file.number) < 0 { block /= 2 }
    }
}

/// A filesystem for a pool of its own.
enum PoolFilesystem: String, CaseIterable, CustomTestStringConvertible {
    case tmpfs, ext4, btrfs, xfs

    var testDescription: String { rawValue }

    /// Mounts it at the folder `pool`. What is mounted goes away with the folder.
    func mount(in folder: TemporaryFolder) async throws -> String {
        let pool = folder.makeFolder("pool")
        if self == .tmpfs {
            try #require(Glibc.mount("holdfast", pool, "tmpfs", 0, "size=160m") == 0)
            return pool
        }
        let disk = folder.write("disk", "")
        try await resize(disk, to: self == .xfs ? 300 * mebibyte : 160 * mebibyte)
        try await run("mkfs.\(rawValue)", "-q", disk)
        try await run("mount", "-o", "loop", disk, pool)
        return pool
    }
}

@Suite("Full pools", .needsRoot)
struct FullPoolTests {
    @Test("a pool that is full starts, lists and deletes", arguments: PoolFilesystem.allCases)
    func full(filesystem: PoolFilesystem) async throws {
        let folder = TemporaryFolder("node")
        let pool = try await filesystem.mount(in: folder)
        try await withNode(in: folder, pool: pool) { node in
            let thick = try await node.create("thick", size: 8 * mebibyte, parameters: ["provisioning": "thick"])
            let thin = try await node.create("thin", size: 8 * mebibyte)
            fill(folder, "pool/filler")
            let list = try await node.call(CSIMethod.listVolumes, ListVolumesRequest())
            #expect(list.entries.count == 2)
            await node.kill()
            fill(folder, "pool/filler-2")
            try await node.start()
            let again = try await node.call(CSIMethod.listVolumes, ListVolumesRequest())
            #expect(Set(again.entries.compactMap { $0.volume?.volumeID }) == [thick.id, thin.id])
            let files = node.poolFiles()
            await refused(.resourceExhausted, "default") {
                try await node.create("one more", size: 64 * mebibyte, parameters: ["provisioning": "thick"])
            }
            #expect(node.poolFiles() == files)
            try await node.delete(thick)
            try await node.delete(thin)
            #expect(node.poolFiles() == [])
        }
        await removeLeftovers(in: folder)
    }

    @Test("a pool on any filesystem serves every kind of access", arguments: PoolFilesystem.allCases)
    func life(filesystem: PoolFilesystem) async throws {
        let folder = TemporaryFolder("node")
        let pool = try await filesystem.mount(in: folder)
        try await withNode(in: folder, pool: pool) { node in
            for (access, size) in [(Access.mounted, 16 * mebibyte), (.rawBlock, mebibyte)] {
                let volume = try await node.create("v", access.capability, size: size)
                try await node.stage(volume)
                try await node.publish(volume)
                try await node.unpublish(volume)
                try await node.unstage(volume)
                try await node.delete(volume)
            }
        }
        await removeLeftovers(in: folder)
    }

    @Test("a pool without room for mkfs says so, and the volume is formatted once there is room")
    func noRoomToFormat() async throws {
        let folder = TemporaryFolder("node")
        let pool = try await PoolFilesystem.ext4.mount(in: folder)
        try await withNode(in: folder, pool: pool) { node in
            let volume = try await node.create("v", .mount("ext4"), size: 64 * mebibyte)
            fill(folder, "pool/filler")
            await refused(.resourceExhausted, "room") { try await node.stage(volume) }
            #expect(node.folder.mounts(at: node.path("staging")) == 0)
            unlink(folder.at("pool/filler"))
            try await node.stage(volume)
        }
        await removeLeftovers(in: folder)
    }
}
