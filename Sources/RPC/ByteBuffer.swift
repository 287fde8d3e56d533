internal import CGRPC
internal import Glibc

/// A slice of the core: reference-counted bytes, released when this value goes out of scope.
struct Slice: ~Copyable {
    var raw: grpc_slice

    /// Takes over a reference.
    init(owning raw: grpc_slice) { self.raw = raw }

    init(copying bytes: [UInt8]) {
        raw = bytes.withUnsafeBytes { source in
            grpc_slice_from_copied_buffer(source.baseAddress?.assumingMemoryBound(to: CChar.self), source.count)
        }
    }

    init(copying text: String) {
        var text = text
        raw = text.withUTF8 { source in
            source.withMemoryRebound(to: CChar.self) { grpc_slice_from_copied_buffer($0.baseAddress, $0.count) }
        }
    }

    deinit { grpc_slice_unref(raw) }
}

extension String {
    /// The text of a slice that stays its owner's. Bytes that are not UTF-8 become U+FFFD.
    init(_ slice: UnsafePointer<grpc_slice>) {
        let bytes = UnsafeBufferPointer(start: holdfast_slice_bytes(slice), count: holdfast_slice_length(slice))
        self.init(decoding: bytes, as: UTF8.self)
    }
}

/// A message in the core's memory, freed when this value goes out of scope.
struct ByteBuffer: ~Copyable {
    let raw: UnsafeMutablePointer<grpc_byte_buffer>

    /// Takes over a buffer that the core has filled.
    init(owning raw: UnsafeMutablePointer<grpc_byte_buffer>) { self.raw = raw }

    /// The buffer takes a reference of its own to the copied slice.
    init(copying bytes: [UInt8]) {
        var slice = Slice(copying: bytes)
        raw = grpc_raw_byte_buffer_create(&slice.raw, 1)
    }

    deinit { grpc_byte_buffer_destroy(raw) }

    /// The bytes of a message that was received, copied once out of however many slices, which are overwritten.
    ///
    /// They are parts of what the core has read from the connection, and stay as long as another part does: of an idle
    /// connection, for ever. Nobody but us has this part.
    consuming func takeBytes() -> [UInt8] {
        let length = grpc_byte_buffer_length(raw)
        if length == 0 { return [] }
        return [UInt8](unsafeUninitializedCapacity: length) { target, count in
            var reader = grpc_byte_buffer_reader()
            guard grpc_byte_buffer_reader_init(&reader, raw) != 0 else { return }
            defer { grpc_byte_buffer_reader_destroy(&reader) }
            var slice: UnsafeMutablePointer<grpc_slice>?
            while grpc_byte_buffer_reader_peek(&reader, &slice) != 0, let slice {
                let length = holdfast_slice_length(slice)
                let bytes = UnsafeMutablePointer(mutating: holdfast_slice_bytes(slice))
                if length > 0, let bytes {
                    memcpy(target.baseAddress! + count, bytes, length)
                    explicit_bzero(bytes, length)
                }
                count += length
            }
        }
    }
}
