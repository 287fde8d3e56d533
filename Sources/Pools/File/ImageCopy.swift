internal import Glibc
internal import Syscalls

/// Gives a new and empty image the content of another file.
enum ImageCopy {
    /// Bytes between two looks at whether anybody still wants the copy.
    private static let chunk: Int64 = 16 << 20
    /// Bytes that are read at a time where the kernel does not copy by itself.
    private static let pieceLength = 1 << 20

    /// Shares the blocks where that may be and the filesystem can; copies what is data, and leaves the holes, otherwise.
    static func fill(
        _ image: borrowing Descriptor, _ path: String, from content: Content, sharing: Bool, _ control: CopyControl
    ) throws(PoolError) {
        let mayShare = sharing && content.mayShare
        try control.check()
        if mayShare, try kernel(share(content, image, path)) { return }
        // The length first: what is never written is a hole.
        try kernel(Files.resize(image, path, to: content.bytes))
        var position: Int64 = 0
        while let data = try kernel(Files.firstData(content.file, content.name, from: position)), data < content.bytes {
            let end = min(try kernel(Files.firstHole(content.file, content.name, from: data)), content.bytes)
            position = data
            while position < end {
                try control.check()
                let step = min(end, position + chunk)
                try kernel(copy(content, from: position, to: step, image, path, inKernel: mayShare))
                position = step
            }
        }
    }

    /// False where the filesystem cannot share blocks between these two files.
    private static func share(
        _ content: Content, _ image: borrowing Descriptor, _ path: String
    ) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try Files.clone(content.file, to: image, path)
        } catch {
            if [EOPNOTSUPP, EXDEV, EINVAL, ENOTTY].contains(error.code) { return false }
            throw error
        }
        if try FileStatus.of(image, path).size != content.bytes { try Files.resize(image, path, to: content.bytes) }
        return true
    }

    /// Copies one stretch of data. The kernel's own copy may share blocks, which a thick volume must not.
    private static func copy(
        _ content: Content, from start: Int64, to end: Int64, _ image: borrowing Descriptor, _ path: String,
        inKernel: Bool
    ) throws(SystemError) {
        var offset = start
        var byHand = !inKernel
        var piece: UnsafeMutableRawBufferPointer?
        defer { piece?.deallocate() }
        while offset < end {
            if byHand {
                let room = piece ?? .allocate(byteCount: pieceLength, alignment: 4_096)
                piece = room
                let part = UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(clamping: end - offset)))
                let got = try Files.read(content.file, content.name, at: offset, into: part)
                guard got > 0 else { throw SystemError("copy", content.name, code: EIO, detail: "it ends too early") }
                try Files.write(UnsafeRawBufferPointer(rebasing: part.prefix(got)), to: image, path, at: offset)
                offset += Int64(got)
                continue
            }
            do throws(SystemError) {
                let copied = try Files.copyRange(
                    content.file, to: image, at: offset, count: Int(end - offset), path)
                guard copied > 0 else {
                    throw SystemError("copy", content.name, code: EIO, detail: "it ends too early")
                }
                offset += Int64(copied)
            } catch {
                guard [EXDEV, EINVAL, EOPNOTSUPP, ENOSYS].contains(error.code) else { throw error }
                byHand = true
            }
        }
    }
}
