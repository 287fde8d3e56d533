import Glibc
import Settings
import Testing

/// A folder that goes with its last use.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/holdfast-settings-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for name in ["file.yaml", "folder", "pipe"] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    func write(_ bytes: [UInt8]) throws -> String {
        let file = "\(path)/file.yaml"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            try #require(count > 0)
            rest = rest.dropFirst(count)
        }
        return file
    }
}

struct SettingsFileTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    private func refusal(_ path: String) throws -> String {
        let error = try #require(throws: SettingsError.self) { try YAML.load(path: path) }
        return "\(error)"
    }

    @Test("A file is read")
    func reads() throws {
        let file = try folder.write(Array("driverName: x\n".utf8))
        let reader = try SettingsReader(path: file)
        #expect(try reader.string("driverName") == "x")
        #expect(reader.file == file)
        try reader.finish()
    }

    @Test("A file of the greatest size is read, one of a byte more is not")
    func size() throws {
        let head = Array("a: 1\n#".utf8)
        let filling = [UInt8](repeating: UInt8(ascii: "x"), count: YAML.maximumFileSize - head.count)
        #expect(try SettingsReader(path: folder.write(head + filling)).integer("a") == 1)
        let file = try folder.write(head + filling + [UInt8(ascii: "x")])
        #expect(
            try refusal(file) == "\(file): found more than 1048576 bytes, expected at most 1048576 bytes of settings")
    }

    @Test("A missing file")
    func missing() throws {
        let file = "\(folder.path)/none.yaml"
        #expect(try refusal(file) == "\(file): found no such file, expected a file of settings in YAML")
    }

    @Test("An empty file")
    func empty() throws {
        let file = try folder.write([])
        #expect(try refusal(file) == "\(file): found an empty file, expected a YAML document")
    }

    @Test("A folder")
    func folders() throws {
        let path = "\(folder.path)/folder"
        mkdir(path, 0o700)
        #expect(try refusal(path) == "\(path): found a directory, expected a regular file of settings in YAML")
    }

    @Test("A pipe without a writer does not hold the reader", .timeLimit(.minutes(1)))
    func pipes() throws {
        let path = "\(folder.path)/pipe"
        mkfifo(path, 0o600)
        let sentence = "found a device, pipe or socket, expected a regular file of settings in YAML"
        #expect(try refusal(path) == "\(path): \(sentence)")
    }

    @Test("A path through a file cannot be opened")
    func unreachable() throws {
        let file = try folder.write([])
        let sentence = "found \"Not a directory\" when opening it, expected a file that can be read"
        #expect(try refusal("\(file)/x") == "\(file)/x: \(sentence)")
    }

    @Test("A file without permission to read it", .enabled(if: geteuid() != 0, "root may read every file"))
    func forbidden() throws {
        let file = try folder.write(Array("a: 1\n".utf8))
        chmod(file, 0)
        let sentence = "found \"Permission denied\" when opening it, expected a file that can be read"
        #expect(try refusal(file) == "\(file): \(sentence)")
    }
}
