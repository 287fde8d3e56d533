internal import Glibc
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

/// A writer on a thread of its own that appends numbered records to one file, or to several in lockstep: record N to the
/// first, flushed, then to the second, flushed, and only then record N + 1.
final class Chronicle: Sendable {
    /// Bytes of a record: a page, so that a raw device is never written in parts of one.
    static let recordLength = 4_096

    private let written = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private let failure = Mutex<SystemError?>(nil)
    private let end = Flag()

    /// Records that fit the smallest file that is written.
    private static let mostRecords = 2_048

    /// The file, and a second one for two in lockstep. They are made where they are not there.
    init(_ path: String, _ other: String? = nil) {
        HostThread.start { [self] in
            do throws(SystemError) { try append(to: path, other ?? path) } catch { failure.withLock { $0 = error } }
            end.raise()
        }
    }

    private func append(to first: String, _ second: String) throws(SystemError) {
        let one = try Files.open(first, O_WRONLY | O_CREAT)
        let other = try Files.open(second, O_WRONLY | O_CREAT)
        for number in 0... {
            if isStopped.load(ordering: .acquiring) { return }
            if number == Self.mostRecords { throw SystemError("append to", first, code: EFBIG) }
            let offset = Int64(number * Self.recordLength)
            try Files.write(Self.record(number), to: one, first, at: offset)
            try Files.sync(one, first)
            if second != first {
                try Files.write(Self.record(number), to: other, second, at: offset)
                try Files.sync(other, second)
            }
            written.store(number + 1, ordering: .releasing)
        }
    }

    /// How many records are flushed, in all files.
    var count: Int { written.load(ordering: .acquiring) }

    /// Waits for so many more records: the writer goes on.
    func waitForMore(_ records: Int = 4, location: SourceLocation = #_sourceLocation) async {
        let goal = count + records
        await eventually(
            "the writer stands still at \(count): \(failure.withLock { "\($0 as Any)" })", location: location
        ) {
            count >= goal
        }
    }

    /// Ends the writer; it must not have failed.
    func stop(_ location: SourceLocation = #_sourceLocation) async {
        isStopped.store(true, ordering: .releasing)
        await HostThread.run { [end] in end.wait() }
        let failure = failure.withLock { $0 }
        #expect(failure == nil, sourceLocation: location)
    }

    static func record(_ number: Int) -> [UInt8] {
        let head = Array("record \(number)\n".utf8)
        return head + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: recordLength - head.count)
    }

    /// How many records a file holds from its start on without a gap. What follows them must be nothing: no record, no
    /// part of one.
    static func length(_ path: String, location: SourceLocation = #_sourceLocation) async throws -> Int {
        let size = try fileSize(path)
        let bytes = try await read(path, count: size > 0 ? size : mostRecords * recordLength)
        var number = 0
        let isClean = bytes.withUnsafeBytes { room in
            // As the C library does it: these are megabytes.
            while (number + 1) * recordLength <= room.count,
                memcmp(room.baseAddress! + number * recordLength, record(number), recordLength) == 0
            {
                number += 1
            }
            let rest = UnsafeRawBufferPointer(rebasing: room[(number * recordLength)...])
            return rest.isEmpty
                || rest[0] == 0 && memcmp(rest.baseAddress!, rest.baseAddress! + 1, rest.count - 1) == 0
        }
        #expect(isClean, "\(path) holds something behind record \(number)", sourceLocation: location)
        return number
    }
}
