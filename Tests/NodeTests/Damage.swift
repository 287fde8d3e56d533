internal import Glibc
internal import Syscalls
internal import Testing

/// What can come over a file in a pool: a record, or a note of what was begun.
struct FileDamage: Sendable, CustomTestStringConvertible {
    let label: String
    /// What the sentence has to say of it.
    let word: String
    /// Gets the file's path and a free one for what is to be kept of it.
    let make: @Sendable (String, String) async throws -> Void

    var testDescription: String { label }

    /// The file's content becomes another one.
    static func content(_ label: String, _ word: String, _ change: @escaping @Sendable ([UInt8]) -> [UInt8]) -> Self {
        Self(label: label, word: word) { path, _ in
            let bytes = change(try await read(path, count: fileSize(path)))
            truncate(path, 0)
            try await write(bytes, to: path)
        }
    }

    private static func flipped(_ label: String, _ word: String, _ position: @escaping @Sendable ([UInt8]) -> Int)
        -> Self
    {
        content("a flipped bit in \(label)", word) { bytes in
            var bytes = bytes
            bytes[position(bytes)] ^= 1
            return bytes
        }
    }

    /// Something else comes to the file's name.
    private static func replaced(by label: String, _ put: @escaping @Sendable (String, String) -> Int32) -> Self {
        Self(label: "\(label) in its place", word: "it is a \(label)") { path, aside in
            try #require(rename(path, aside) == 0)
            try #require(put(path, aside) == 0)
        }
    }

    /// What is not a file at all.
    static let strange: [FileDamage] = [
        replaced(by: "directory") { path, _ in mkdir(path, 0o700) },
        replaced(by: "symlink") { path, aside in symlink(aside, path) },
        replaced(by: "pipe") { path, _ in mkfifo(path, 0o600) },
    ]

    static let contents: [FileDamage] = [
        content("half of it is written", "checksum") { bytes in
            bytes.prefix(bytes.count / 2) + [UInt8](repeating: 0, count: bytes.count - bytes.count / 2)
        },
        content("truncated", "cut short") { Array($0.dropLast(20)) },
        content("truncated in its first line", "first line") { Array($0.prefix(20)) },
        content("empty", "it is empty") { _ in [] },
        content("zeros", "first line") { [UInt8](repeating: 0, count: $0.count) },
        content("larger than any record", "File too large") { $0 + [UInt8](repeating: 32, count: 2 << 20) },
        content("of a newer version", "format version 7") { _ in Array("holdfast-record 7 zstd\nxyz".utf8) },
        flipped("its first word", "first line") { _ in 3 },
        flipped("its version", "format version 0") { _ in Array("holdfast-record ".utf8).count },
        flipped("its checksum", "checksum") { _ in 40 },
        flipped("its length", "stands over") { bytes in bytes.firstIndex(of: 10)! - 1 },
        flipped("the end of its first line", "first line") { bytes in bytes.firstIndex(of: 10)! },
        flipped("the first byte of its body", "checksum") { bytes in bytes.firstIndex(of: 10)! + 1 },
        flipped("the middle of its body", "checksum") { bytes in (bytes.firstIndex(of: 10)! + bytes.count) / 2 },
        flipped("the last byte of its body", "checksum") { bytes in bytes.count - 2 },
    ]

    static let all = contents + strange
}

/// A record with another text in it, whole: its first line fits what follows.
func rewritten(_ record: [UInt8], _ text: String, _ other: String, in folder: String) async throws -> [UInt8] {
    let lines = String(decoding: record, as: UTF8.self).split(separator: "\n", maxSplits: 1)
    let body = Array(String(try #require(lines.last)).replacing(text, with: other).utf8)
    try await write(body, to: "\(folder)/body")
    let sum = try await sha256("\(folder)/body")
    unlink("\(folder)/body")
    return Array("holdfast-record 1 sha256=\(sum) length=\(body.count)\n".utf8) + body
}

/// What stands in a folder under names with that id, with kinds, sizes, times and inodes, and the content of every file in it: nothing may have
/// been written where this stays the same.
func inventory(_ folder: String, of id: String) async throws -> String {
    let script = """
        cd "$0" && find . -mindepth 1 -path "*$1*" -printf "%P %y %i %s %T@ %C@ %l\\n" | sort
        find . -type f -path "*$1*" -exec cksum {} + | sort
        """
    return try await run("sh", "-c", script, folder, id)
}
