internal import CWire
internal import Glibc

/// The memory of one message's compiled structs: taken piece by piece, given back as a whole.
///
/// It is overwritten before it is given back, for it may hold secrets.
final class Arena {
    private static let alignment = 16

    /// The last chunk is the one that is being used up.
    private var chunk: UnsafeMutableRawBufferPointer
    private var used = 0
    private var fullChunks: [UnsafeMutableRawBufferPointer] = []

    /// `capacity` in bytes is a guess. More than that is found when it is needed.
    init(capacity: Int) {
        chunk = .allocate(byteCount: capacity, alignment: Self.alignment)
    }

    deinit {
        for chunk in fullChunks { Self.wipe(chunk) }
        Self.wipe(chunk)
    }

    private static func wipe(_ chunk: UnsafeMutableRawBufferPointer) {
        // Not a plain write, which a compiler may leave out in front of a release.
        if let start = chunk.baseAddress { explicit_bzero(start, chunk.count) }
        chunk.deallocate()
    }

    /// Uninitialised memory that lasts as long as the arena.
    func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        let size = (size + Self.alignment - 1) & ~(Self.alignment - 1)
        if size > chunk.count - used {
            fullChunks.append(chunk)
            chunk = .allocate(byteCount: max(size, 2 * chunk.count), alignment: Self.alignment)
            used = 0
        }
        defer { used += size }
        return chunk.baseAddress! + used
    }

    /// Lets protobuf-c allocate here. It must not outlive the arena.
    var allocator: ProtobufCAllocator {
        ProtobufCAllocator(
            alloc: { arena, size in Unmanaged<Arena>.fromOpaque(arena!).takeUnretainedValue().allocate(size) },
            free: { _, _ in },
            allocator_data: Unmanaged.passUnretained(self).toOpaque())
    }

    /// A compiled struct, blank but for what `fill` sets.
    func make<Compiled>(
        _ blank: Blank<Compiled>, fill: (inout Compiled) -> Void
    ) -> UnsafeMutablePointer<Compiled> {
        let compiled = allocate(MemoryLayout<Compiled>.size).assumingMemoryBound(to: Compiled.self)
        blank(compiled)
        fill(&compiled.pointee)
        return compiled
    }
}
