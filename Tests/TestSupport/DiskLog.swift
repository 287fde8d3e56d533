internal import CFuse
internal import Glibc

/// What a `FaultyDisk` was told to keep, in the order in which it came.
public struct DiskLog: Sendable {
    public enum Entry: Sendable {
        case write(offset: Int64, bytes: [UInt8])
        /// A discard, or zeroes that were asked for without bytes: reads as zeroes afterwards.
        case zero(offset: Int64, count: Int64)
        /// A flush: every entry before it was to be kept.
        case sync
    }

    /// An entry's place among them is its sequence number.
    public var entries: [Entry] = []

    public init() {}

    /// Lays entries onto an image, which otherwise stays as it is; flushes change nothing.
    public static func lay(_ entries: some Sequence<Entry>, onto image: String) throws {
        let file = open(image, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw DiskError("open \(image)") }
        defer { close(file) }
        for entry in entries {
            switch entry {
            case .write(let offset, let bytes):
                guard pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else {
                    throw DiskError("write \(image)")
                }
            case .zero(let offset, let count):
                let mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
                guard holdfast_test_fallocate(file, mode, offset, count) == 0 else {
                    throw DiskError("punch a hole into \(image)")
                }
            case .sync: continue
            }
        }
    }
}

/// What the tests' disk could not do, with the kernel's words.
public struct DiskError: Error, CustomStringConvertible {
    public let description: String

    init(_ deed: String, code: CInt = errno) { description = "could not \(deed): \(String(cString: strerror(code)))" }
}
