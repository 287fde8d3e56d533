internal import Glibc

extension YAML {
    /// The size above which a settings file is refused, in bytes.
    public static let maximumFileSize = 1 << 20

    /// Reads and parses a regular file of at most ``maximumFileSize`` bytes. It blocks for as long as the disk does.
    public static func load(path: String) throws(SettingsError) -> YAMLNode {
        try parse(contents(of: path), file: path)
    }

    private static func contents(of path: String) throws(SettingsError) -> [UInt8] {
        // A FIFO without a writer would hold open(2) for ever; O_NONBLOCK changes nothing for a regular file.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw errno == ENOENT
                ? SettingsError(path, found: "no such file", expected: "a file of settings in YAML")
                : SettingsError(path, errno: errno, doing: "opening it")
        }
        defer { close(descriptor) }
        try checkKind(descriptor, path)
        var bytes: [UInt8] = []
        // The file may grow between its size and its reading, so what counts is what was read.
        while bytes.count <= maximumFileSize {
            let chunk = try read(descriptor, path)
            if chunk.isEmpty { break }
            bytes += chunk
        }
        guard bytes.count <= maximumFileSize else {
            let expected = "at most \(maximumFileSize) bytes of settings"
            throw SettingsError(path, found: "more than \(maximumFileSize) bytes", expected: expected)
        }
        guard !bytes.isEmpty else {
            throw SettingsError(path, found: "an empty file", expected: "a YAML document")
        }
        return bytes
    }

    private static func checkKind(_ descriptor: CInt, _ path: String) throws(SettingsError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw SettingsError(path, errno: errno, doing: "looking at it")
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG else {
            let found = kind == S_IFDIR ? "a directory" : "a device, pipe or socket"
            throw SettingsError(path, found: found, expected: "a regular file of settings in YAML")
        }
    }

    private static func read(_ descriptor: CInt, _ path: String) throws(SettingsError) -> [UInt8] {
        var failure: CInt = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            var length: Int
            repeat {
                length = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while length < 0 && errno == EINTR
            failure = length < 0 ? errno : 0
            count = max(0, length)
        }
        guard failure == 0 else { throw SettingsError(path, errno: failure, doing: "reading it") }
        return chunk
    }
}

extension SettingsError {
    fileprivate init(_ path: String, found: String, expected: String) {
        self.init(file: path, line: nil, keyPath: "", found: found, expected: expected)
    }

    fileprivate init(_ path: String, errno code: CInt, doing action: String) {
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        self.init(path, found: "\(quoted(words)) when \(action)", expected: "a file that can be read")
    }
}
