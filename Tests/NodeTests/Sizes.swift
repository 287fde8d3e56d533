internal import Glibc
internal import Processes
internal import Syscalls
internal import TestSupport
internal import Testing

// How large things are by the kernel's and the filesystems' own tools, and what the pool says of it.

/// The loop device of an image.
func loopDevice(of image: String) -> String? {
    names(in: "/sys/block").first { backingFile($0) == image }.map { "/dev/\($0)" }
}

private func backingFile(_ block: String) -> String? {
    guard block.hasPrefix("loop"), let index = Int(block.dropFirst(4)) else { return nil }
    return backingFile(ofLoop: index)
}

/// Bytes of a block device by blockdev(8).
func deviceSize(_ device: String) async throws -> Int64 {
    let output = try await run("blockdev", "--getsize64", device)
    return try #require(Int64(output.prefix { $0 != "\n" }))
}

/// Bytes that a filesystem takes of its device, by its own tool, while it is mounted at `path`.
func filesystemSize(_ type: String, at path: String, on device: String) async throws -> Int64 {
    switch type {
    case "ext4":
        let text = try await run("dumpe2fs", "-h", device)
        return try number(behind: "Block count:", in: text) * number(behind: "Block size:", in: text)
    case "xfs":
        let data = try #require(try await run("xfs_info", path).split(separator: "\n").first { $0.hasPrefix("data") })
        return try number(behind: "bsize=", in: String(data)) * number(behind: "blocks=", in: String(data))
    default:
        return try number(behind: "Device size:", in: try await run("btrfs", "filesystem", "usage", "--raw", path))
    }
}

/// The first whole number behind a word.
private func number(behind word: String, in text: String) throws -> Int64 {
    let rest = try #require(text.firstRange(of: word).map { text[$0.upperBound...] }, "no \(word) in \(text)")
    return try #require(Int64(rest.drop { $0.isWhitespace }.prefix { $0.isNumber }))
}

/// Bytes of the filesystem at a path by statfs(2).
func statfsSize(_ path: String) throws -> Int64 {
    try FilesystemUsage.of(try Files.open(path, O_RDONLY), path).total
}

/// The kernel grows an ext4 for those alone who have CAP_SYS_RESOURCE, which a container's root may lack.
let mayGrowExt4 =
    outcome(of: "test $((0x$(grep CapEff /proc/self/status | cut -f2) >> 24 & 1)) = 1").status == 0

extension NodeUnderTest {
    /// Changes the JSON of a volume's record as a process would have left it, envelope and all.
    func edit(recordOf volume: TestVolume, _ old: String, _ new: String) async throws {
        let path = record(of: volume)
        let text = String(decoding: try await read(path, count: fileSize(path)), as: UTF8.self)
        let body = try #require(text.split(separator: "\n", maxSplits: 1).last)
        try #require(body.contains(old), "no \(old) in \(body)")
        let changed = String(body).replacing(old, with: new)
        folder.write("body", changed)
        let sum = try await sha256(folder.at("body"))
        let head = "holdfast-record 1 sha256=\(sum) length=\(changed.utf8.count)\n"
        unlink(path)
        try await write(Array((head + changed).utf8), to: path)
        unlink(folder.at("body"))
    }

    /// Notes in a volume's record that it grows from the size that it has.
    func note(growthOf volume: TestVolume, to size: Int64) async throws {
        try await edit(recordOf: volume, "\"size\":\(volume.size)", "\"growsFrom\":\(volume.size),\"size\":\(size)")
    }

    /// Whether the record says that something of a growth is still to be done.
    func isGrowing(_ volume: TestVolume) async throws -> Bool {
        let bytes = try await read(record(of: volume), count: fileSize(record(of: volume)))
        return String(decoding: bytes, as: UTF8.self).contains("\"growsFrom\"")
    }
}
