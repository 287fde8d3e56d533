internal import Glibc
internal import Syscalls

/// Gives a new and empty image the content of another file.
struct ImageCopy {
    let pool: String
    let content: Content
    let way: CopyWay
    let control: CopyControl

    /// Bytes between two looks at whether anybody still wants the copy, and whether there is still room.
    private static let chunk: Int64 = 16 << 20
    /// Bytes whose blocks are shared at a time. Their owner's writers wait meanwhile, however few of them were to.
    private static let slice: Int64 = 256 << 20
    /// Shared slices are whole blocks of any filesystem that shares.
    private static let blockLength: Int64 = 64 << 10
    /// Bytes that are read at a time where the kernel does not copy by itself.
    private static let pieceLength = 1 << 20

    /// Shares the blocks where that may be and the filesystem can; copies what is data, and leaves the holes, otherwise.
    func fill(_ image: borrowing Descriptor, _ path: String) throws(PoolError) {
        try control.check()
        if content.mayShare && way.sharing != .never, try share(image, path) { return }
        if !way.mayCopy { throw .cannotShare(of: content.name) }
        try copy(to: image, path)
    }

    /// False where the filesystem cannot share blocks between these two files, and nothing is shared yet.
    private func share(_ image: borrowing Descriptor, _ path: String) throws(PoolError) -> Bool {
        let inSlices = way.sharing == .inSlices && content.bytes % Self.blockLength == 0
        var position: Int64 = 0
        while position < content.bytes {
            try control.check()
            let end = inSlices ? min(content.bytes, position + Self.slice) : content.bytes
            do throws(SystemError) {
                if inSlices {
                    try Files.clone(content.file, to: image, at: position, count: end - position, path)
                } else {
                    try Files.clone(content.file, to: image, path)
                }
            } catch {
                if position == 0 && [EOPNOTSUPP, EXDEV, EINVAL, ENOTTY].contains(error.code) { return false }
                throw .system(error)
            }
            position = end
        }
        if try kernel(FileStatus.of(image, path)).size != content.bytes {
            try kernel(Files.resize(image, path, to: content.bytes))
        }
        return true
    }

    private func copy(to image: borrowing Descriptor, _ path: String) throws(PoolError) {
        try requireRoom(on: image, path, for: content.allocated)
        // The length first: what is never written is a hole.
        try kernel(Files.resize(image, path, to: content.bytes))
        var position: Int64 = 0
        while let data = try kernel(Files.firstData(content.file, content.name, from: position)), data < content.bytes {
            let end = min(try kernel(Files.firstHole(content.file, content.name, from: data)), content.bytes)
            position = data
            while position < end {
                try control.check()
                let step = min(end, position + Self.chunk)
                try requireRoom(on: image, path, for: step - position)
                try kernel(copy(from: position, to: step, image, path))
                if !way.isHurried { Files.startWriting(image, at: position, count: step - position) }
                position = step
            }
        }
    }

    /// A copy never takes the last room of a pool: thin volumes whose next write finds none get an I/O error, and their
    /// filesystems stop.
    private func requireRoom(
        on image: borrowing Descriptor, _ path: String, for bytes: Int64
    ) throws(PoolError) {
        let usage = try kernel(FilesystemUsage.of(image, path))
        let left = min(usage.total / Self.leftShare, Self.mostLeft)
        guard usage.available - bytes >= left else {
            throw .noRoomToCopy(pool: pool, what: content.name, bytes: bytes, available: usage.available, left: left)
        }
    }

    /// The part of a pool, one twentieth, that copies leave to the volumes that are there.
    private static let leftShare: Int64 = 20
    /// Bytes that are enough for the volumes of any pool to go on with while somebody makes room.
    private static let mostLeft: Int64 = 4 << 30

    /// Copies one stretch of data. The kernel's own copy may share blocks, which a thick volume must not.
    private func copy(
        from start: Int64, to end: Int64, _ image: borrowing Descriptor, _ path: String
    ) throws(SystemError) {
        var offset = start
        var byHand = way.sharing == .never || !content.mayShare
        var piece: UnsafeMutableRawBufferPointer?
        defer { piece?.deallocate() }
        while offset < end {
            if byHand {
                let room = piece ?? .allocate(byteCount: Self.pieceLength, alignment: 4_096)
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
