internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Files")
struct FilesTests {
    let folder = TemporaryFolder("files")

    private func directory() throws(SystemError) -> Descriptor {
        try Files.open(folder.path, O_RDONLY | O_DIRECTORY)
    }

    private func code(_ body: () throws -> Void) -> CInt? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SystemError)?.code
        }
    }

    @Test(
        "a whole file is read up to the limit and refused beyond it",
        arguments: [(0, 0, nil), (5, 5, nil), (5, 4, EFBIG), (70_000, 70_000, nil), (70_000, 69_999, EFBIG)]
            as [(Int, Int, CInt?)])
    func limit(size: Int, limit: Int, expected: CInt?) throws {
        folder.write("file", String(repeating: "x", count: size))
        let directory = try directory()
        var found: [Int] = []
        #expect(code { found.append(try Files.read("file", in: directory, limit: limit).count) } == expected)
        #expect(code { found.append(try Files.read(folder.at("file"), limit: limit).count) } == expected)
        #expect(found == (expected == nil ? [size, size] : []))
    }

    @Test("reading a name in a folder does not follow a symlink")
    func symlink() throws {
        folder.write("file", "x")
        Glibc.symlink("file", folder.at("link"))
        let directory = try directory()
        #expect(code { _ = try Files.read("link", in: directory, limit: 10) } == ELOOP)
    }

    @Test("a short read is EIO, with count and offset in the sentence")
    func shortRead() throws {
        let path = folder.write("file", "0123456789")
        let file = try Files.open(path, O_RDONLY)
        #expect(try Files.read(file, path, at: 3, count: 4) == Array("3456".utf8))
        #expect(try Files.read(file, path, at: 6, count: 4) == Array("6789".utf8))
        let expected = SystemError("read 5 bytes at offset 6 of", path, code: EIO)
        #expect(throws: expected) { try Files.read(file, path, at: 6, count: 5) }
        #expect(throws: SystemError("read 1 bytes at offset 10 of", path, code: EIO)) {
            try Files.read(file, path, at: 10, count: 1)
        }
    }

    @Test("writing writes everything")
    func write() throws {
        let path = folder.at("file")
        let bytes = randomBytes(300_000)
        let file = try Files.open(path, O_WRONLY | O_CREAT | O_EXCL)
        try Files.write(bytes, to: file, path)
        try Files.sync(file, path)
        #expect(folder.read("file") == bytes)
    }

    @Test("a lock is had by one open file at a time and ends with it")
    func lock() throws {
        let path = folder.write("lock", "")
        let second = try Files.open(path, O_RDWR)
        do {
            let first = try Files.open(path, O_RDWR)
            #expect(try Files.lock(first, path))
            #expect(try Files.lock(first, path), "the holder may ask again")
            #expect(try !Files.lock(second, path))
        }
        #expect(try Files.lock(second, path))
    }

    @Test("names are all names without the dots, any bytes that a file name may have")
    func names() throws {
        for name in ["a", "b c", "ü", "new\nline", ".hidden", "..."] { folder.write(name, "") }
        _ = folder.makeFolder("sub")
        let directory = try directory()
        let expected = ["a", "b c", "ü", "new\nline", ".hidden", "...", "sub"].sorted()
        #expect(try Files.names(in: directory, folder.path).sorted() == expected)
        #expect(try Files.names(in: directory, folder.path).sorted() == expected, "the folder can be read again")
    }

    @Test("removing says whether there was something, and never removes the other kind")
    func remove() throws {
        folder.write("file", "x")
        _ = folder.makeFolder("empty")
        _ = folder.makeFolder("full")
        folder.write("full/file", "x")
        let directory = try directory()
        #expect(try Files.unlink("file", in: directory))
        #expect(try !Files.unlink("file", in: directory))
        #expect(code { try Files.unlink("empty", in: directory) } == EISDIR)
        #expect(code { try Files.removeDirectory("full", in: directory) } == ENOTEMPTY)
        #expect(try Files.removeDirectory("empty", in: directory))
        #expect(try !Files.removeDirectory("empty", in: directory))
        #expect(folder.names(in: ".") == ["full"])
    }

    @Test("making a folder leaves what is there alone, of whatever kind")
    func makeDirectory() throws {
        folder.write("file", "x")
        let directory = try directory()
        #expect(try Files.makeDirectory("new", in: directory, mode: 0o700))
        #expect(try !Files.makeDirectory("new", in: directory, mode: 0o700))
        #expect(try !Files.makeDirectory("file", in: directory, mode: 0o700))
        #expect(folder.read("file") == [UInt8(ascii: "x")])
    }

    @Test("a rename replaces")
    func rename() throws {
        folder.write("old", "old")
        folder.write("new", "new")
        let directory = try directory()
        try Files.rename("new", to: "old", in: directory)
        #expect(folder.names(in: ".") == ["old"])
        #expect(folder.read("old") == Array("new".utf8))
        #expect(code { try Files.rename("gone", to: "x", in: directory) } == ENOENT)
    }

    @Test("allocating takes the space, resizing alone does not, and data is told from holes")
    func space() throws {
        let path = folder.at("file")
        let file = try Files.open(path, O_RDWR | O_CREAT)
        try Files.resize(file, path, to: 8 << 20)
        #expect(folder.allocated("file") == 0)
        #expect(try FileStatus.of(file, path).size == 8 << 20)
        #expect(try Files.firstData(file, path) == nil)
        folder.write([1], to: "file", at: 4 << 20)
        #expect(try Files.firstData(file, path) == 4 << 20)
        #expect(try Files.firstData(file, path, from: 5 << 20) == nil)
        try Files.allocate(file, path, bytes: 8 << 20)
        #expect(folder.allocated("file") >= 8 << 20)
        #expect(code { try Files.allocate(file, path, bytes: 1 << 60) }.map { [ENOSPC, EFBIG].contains($0) } == true)
    }
}
