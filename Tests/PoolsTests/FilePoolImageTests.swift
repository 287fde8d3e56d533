internal import Devices
internal import Glibc
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("File pool: images", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct FilePoolImageTests {
    let place = FilePoolFolder()
    private var folder: TemporaryFolder { place.folder }

    private func refusal(_ name: String = "a") throws -> PoolError? {
        try place.served { pool, _ throws in
            let record = try #require(try pool.index.record(VolumeID(pool: pool.identity, name: name)))
            return #expect(throws: PoolError.self) { _ = try pool.attach(record) }
        }
    }

    @Test("one that is missing is an error that names it, and is not made anew")
    func missing() throws {
        let record = try place.make("a")[0]
        unlink(folder.at(place.image(record)))
        guard case .missingImage("volume \(record.id)", let path)? = try refusal() else {
            Issue.record("no refusal")
            return
        }
        #expect(path == folder.at(place.image(record)))
        #expect(!folder.exists(place.image(record)))
        try place.served { pool, _ throws in
            #expect(throws: PoolError.self) { try pool.wasWritten(record) }
            try pool.delete(record.id)
        }
        #expect(place.names.isEmpty)
    }

    @Test(
        "one that is shorter than its record says is refused, and stays as it is",
        arguments: [0, 4_096, (8 << 20) - 1] as [Int64])
    func short(_ bytes: Int64) throws {
        let record = try place.make("a")[0]
        truncate(folder.at(place.image(record)), off_t(bytes))
        guard case .shortImage("volume \(record.id)", _, bytes, record.size)? = try refusal() else {
            Issue.record("no refusal")
            return
        }
        #expect(folder.loops.isEmpty)
        #expect(folder.read(place.image(record)).count == Int(bytes))
    }

    @Test("one that is a symlink, or no file, is refused", arguments: ["symlink", "folder", "pipe"])
    func notAFile(_ kind: String) throws {
        let record = try place.make("a")[0]
        let path = folder.at(place.image(record))
        unlink(path)
        switch kind {
        case "symlink": symlink(folder.makeImage("outside", bytes: record.size), path)
        case "folder": mkdir(path, 0o700)
        default: mkfifo(path, 0o600)
        }
        #expect(try refusal() != nil)
        #expect(folder.loops.isEmpty)
    }

    @Test("one that somebody else has attached is not attached a second time", arguments: ["", "-o 4096", "-r"])
    func attachedElsewhere(_ options: String) throws {
        let record = try place.make("a")[0]
        let device = try sh("losetup -f --show \(options) '\(folder.at(place.image(record)))'")
        guard case .attachedElsewhere(record.id, device)? = try refusal() else {
            Issue.record("no refusal")
            return
        }
        #expect(folder.loops.count == 1)
        try sh("losetup -d \(device)")
        #expect(folder.hasNoLoops())
        try place.served { pool, _ throws in
            let isNew = try pool.attach(record).isNew
            #expect(isNew)
        }
    }

    @Test(
        "whether a volume was written is seen wherever it was", arguments: [nil, 0, 4 << 20, (8 << 20) - 1] as [Int64?])
    func wasWritten(_ offset: Int64?) throws {
        let record = try place.make("a")[0]
        if let offset { folder.write([1], to: place.image(record), at: offset) }
        try place.served { pool, _ throws in #expect(try pool.wasWritten(record) == (offset != nil)) }
    }

    @Test("files are the owner's alone")
    func modes() throws {
        let record = try place.make("a")[0]
        for name in [
            place.image(record), place.record(record), "volumes", "holdfast-pool.record", "holdfast-pool.lock",
        ] {
            var status = stat()
            #expect(lstat(folder.at(name), &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(name)")
        }
    }
}
