internal import Glibc
internal import Syscalls

/// Which blocks of an image hold data or, with an earlier image of the same volume, differ from it.
///
/// Stretches that both images have at the same place of their filesystem are shared, and so the same (FIEMAP). All else is
/// read and compared: where a filesystem has copied what it could have shared, or a program has written what was there
/// already, there is no difference.
final class ImageBlocks: BlockReader {
    let blockSize: Int64
    private let image: Content
    private let base: Content?

    /// Small enough for a backup to save much, large enough for a listing to stay short.
    private static let largestBlock: Int64 = 64 << 10
    /// Bytes that one answer reads, at the most.
    private static let bytesAtOnce: Int64 = 64 << 20

    init(of image: Content, since base: Content?) {
        self.image = image
        self.base = base
        var size = Self.largestBlock
        while image.bytes % size != 0 { size /= 2 }
        blockSize = size
    }

    func next(from offset: Int64, limit: Int) throws(PoolError) -> BlockStretch {
        let start = offset / blockSize * blockSize
        guard let base else { return try kernel(allocated(from: start, limit)) }
        return try kernel(changed(since: base, from: start, limit))
    }

    /// A block is listed when any part of it is data. A file tells by itself (SEEK_DATA), unwritten extents included.
    private func allocated(from start: Int64, _ limit: Int) throws(SystemError) -> BlockStretch {
        var offsets: [Int64] = []
        var position = start
        while position < image.bytes {
            guard let data = try Files.firstData(image.file, image.name, from: position), data < image.bytes else {
                return BlockStretch(offsets: offsets, next: nil)
            }
            let end = min(try Files.firstHole(image.file, image.name, from: data), image.bytes)
            position = max(position, data / blockSize * blockSize)
            while position < end {
                if offsets.count == limit { return BlockStretch(offsets: offsets, next: position) }
                offsets.append(position)
                position += blockSize
            }
        }
        return BlockStretch(offsets: offsets, next: nil)
    }

    private func changed(since base: Content, from start: Int64, _ limit: Int) throws(SystemError) -> BlockStretch {
        var offsets: [Int64] = []
        var position = start
        var bytesRead: Int64 = 0
        var here = ExtentCursor(image)
        var there = ExtentCursor(base)
        let comparison = BlockComparison(length: Int(blockSize))
        while position < image.bytes {
            let same = try Self.sameUntil(position, &here, &there)
            if same >= min(position + blockSize, image.bytes) {
                position = min(image.bytes, same) / blockSize * blockSize
                if same >= image.bytes { break }
                continue
            }
            if offsets.count == limit || bytesRead >= Self.bytesAtOnce {
                return BlockStretch(offsets: offsets, next: position)
            }
            if try comparison.differ(image, base, at: position) { offsets.append(position) }
            bytesRead += blockSize
            position += blockSize
        }
        return BlockStretch(offsets: offsets, next: nil)
    }

    /// The offset up to which both images are the same for sure, from `offset` on; `offset` itself where they need not be.
    private static func sameUntil(
        _ offset: Int64, _ here: inout ExtentCursor, _ there: inout ExtentCursor
    ) throws(SystemError) -> Int64 {
        var position = offset
        while true {
            let one = try here.stretch(at: position)
            let other = try there.stretch(at: position)
            guard one.content == other.content, one.content != .unknown else { return position }
            position = min(one.end, other.end)
            if position == .max { return position }
        }
    }
}

/// Walks over a file's extents in order.
private struct ExtentCursor {
    enum Content: Equatable {
        /// Reads as zeros.
        case zeros
        /// Lies that many bytes further on its device than in the file, so that equal shifts are the same blocks.
        case placed(shift: Int64)
        case unknown
    }

    private let content: Pools.Content
    private var extents: ArraySlice<FileExtent> = []
    private var isAtEnd = false

    init(_ content: Pools.Content) { self.content = content }

    /// What is at an offset, and up to where. Offsets never go back.
    mutating func stretch(at offset: Int64) throws(SystemError) -> (content: Content, end: Int64) {
        while let first = extents.first, first.end <= offset { extents = extents.dropFirst() }
        if extents.isEmpty && !isAtEnd {
            extents = try Files.extents(content.file, content.name, from: offset)[...]
            while let first = extents.first, first.end <= offset { extents = extents.dropFirst() }
            isAtEnd = extents.isEmpty
        }
        guard let first = extents.first else { return (.zeros, .max) }
        if first.offset > offset { return (.zeros, first.offset) }
        if first.isUnwritten { return (.zeros, first.end) }
        return (first.isPlaced ? .placed(shift: first.place - first.offset) : .unknown, first.end)
    }
}

/// Compares blocks of two files by reading them.
private struct BlockComparison: ~Copyable {
    private let one: UnsafeMutableRawBufferPointer
    private let other: UnsafeMutableRawBufferPointer

    init(length: Int) {
        one = .allocate(byteCount: length, alignment: 4_096)
        other = .allocate(byteCount: length, alignment: 4_096)
    }

    deinit {
        one.deallocate()
        other.deallocate()
    }

    func differ(_ image: Content, _ base: Content, at offset: Int64) throws(SystemError) -> Bool {
        try fill(one, image, offset)
        try fill(other, base, offset)
        return memcmp(one.baseAddress!, other.baseAddress!, one.count) != 0
    }

    /// Reads a block. What lies behind the end of a volume that has grown since reads as zeros.
    private func fill(
        _ room: UnsafeMutableRawBufferPointer, _ content: Content, _ offset: Int64
    ) throws(SystemError) {
        let wanted = Int(clamping: max(0, min(Int64(room.count), content.bytes - offset)))
        var done = 0
        while done < wanted {
            let part = UnsafeMutableRawBufferPointer(rebasing: room[done..<wanted])
            let got = try Files.read(content.file, content.name, at: offset + Int64(done), into: part)
            guard got > 0 else { throw SystemError("read", content.name, code: EIO, detail: "it ends too early") }
            done += got
        }
        memset(room.baseAddress! + done, 0, room.count - done)
    }
}
