internal import Glibc
internal import Syscalls
internal import Testing

// Looking into the pool and at what workloads see. Whatever may wait for a disk runs off the tests' threads.

extension NodeUnderTest {
    /// The files of volumes in the pool `default`; the node's own reserve does not count.
    func poolFiles() -> [String] {
        ["volumes", "snapshots", "groups"].flatMap { names(in: "\(pool)/\($0)") }
    }

    func image(of volume: TestVolume) -> String { "\(pool)/volumes/\(volume.id).image" }
    func record(of volume: TestVolume) -> String { "\(pool)/volumes/\(volume.id).record" }
}

/// The names in a folder, in order; none when it cannot be read.
func names(in folder: String) -> [String] {
    guard let opened = try? Files.open(folder, O_RDONLY | O_DIRECTORY) else { return [] }
    return ((try? Files.names(in: opened, folder)) ?? []).sorted()
}

/// Writes bytes at an offset of a file or device, and flushes. `O_CREAT` makes a missing file.
func write(_ bytes: [UInt8], to path: String, at offset: Int64 = 0, create: Bool = true) async throws {
    try await HostThread.run { () throws(SystemError) in
        let file = try Files.open(path, O_WRONLY | (create ? O_CREAT : 0))
        if lseek(file.number, off_t(offset), SEEK_SET) < 0 { throw .last("seek in", path) }
        try Files.write(bytes, to: file, path)
        try Files.sync(file, path)
    }
}

func read(_ path: String, at offset: Int64 = 0, count: Int) async throws -> [UInt8] {
    try await HostThread.run { () throws(SystemError) in
        try Files.read(try Files.open(path, O_RDONLY), path, at: offset, count: count)
    }
}

/// Sets a file's length.
func resize(_ path: String, to bytes: Int64) async throws {
    try await HostThread.run { () throws(SystemError) in
        try Files.resize(try Files.open(path, O_WRONLY), path, to: bytes)
    }
}

/// Bytes of disk that a file takes.
func allocated(_ path: String) throws -> Int64 { try FileStatus.of(path: path).allocated }

/// The error number of opening for writing and writing one byte; 0 when it worked.
func errnoOfWriting(to path: String, create: Bool) async -> CInt {
    do {
        try await write([1], to: path, create: create)
        return 0
    } catch {
        return (error as? SystemError)?.code ?? -1
    }
}

/// What the content of a file that nobody forges comes to: cksum(1), which reads an image thirty times as fast as sha256sum.
func digest(_ path: String) async throws -> Substring {
    try await run("cksum", path).prefix { $0 != "/" }
}

func sha256(_ path: String) async throws -> Substring { try await run("sha256sum", path).prefix { $0 != " " } }

func fileSize(_ path: String) throws -> Int { Int(try FileStatus.of(path: path).size) }
