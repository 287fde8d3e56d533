internal import Syscalls

/// Small files of sysfs, which the kernel answers from memory.
enum SysfsFile {
    /// The text without its last newline; nil where there is no such file, or no such filesystem any more.
    static func text(_ path: String) -> String? {
        guard let bytes = try? Files.read(path, limit: 1 << 12) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.last == "\n" ? String(text.dropLast()) : text
    }

    static func number(_ path: String) -> Int64? { text(path).flatMap { Int64($0) } }
}
