/// A place in an encoded message, and the steps from there (https://protobuf.dev/programming-guides/encoding).
struct WireCursor {
    /// Groups, the types 3 and 4, are not among them: proto3 has none, and protobuf-c cannot read them.
    enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    private static let truncated = WireFault("is truncated")

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// The number and wire type that stand before each field.
    mutating func tag() throws(WireFault) -> (number: UInt32, type: WireType) {
        let tag = try varint()
        guard tag >> 3 != 0, let number = UInt32(exactly: tag >> 3), number < 1 << 29 else {
            throw WireFault("holds a field number that does not exist")
        }
        guard let type = WireType(rawValue: tag & 7) else {
            throw WireFault("holds a field of a wire type that proto3 does not have")
        }
        return (number, type)
    }

    mutating func skip(_ type: WireType) throws(WireFault) {
        switch type {
        case .varint: _ = try varint()
        case .fixed64: _ = try take(8)
        case .lengthDelimited: _ = try lengthDelimited()
        case .fixed32: _ = try take(4)
        }
    }

    mutating func lengthDelimited() throws(WireFault) -> UnsafeBufferPointer<UInt8> {
        guard let length = Int(exactly: try varint()) else { throw Self.truncated }
        return try take(length)
    }

    private mutating func take(_ count: Int) throws(WireFault) -> UnsafeBufferPointer<UInt8> {
        guard count <= bytes.count - position else { throw Self.truncated }
        defer { position += count }
        return UnsafeBufferPointer(rebasing: bytes[position..<position + count])
    }

    private mutating func varint() throws(WireFault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard !isAtEnd else { throw Self.truncated }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw WireFault("holds an integer of more than ten bytes")
    }
}
