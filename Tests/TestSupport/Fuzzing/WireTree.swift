/// An encoded message taken apart by what stands in the bytes alone (https://protobuf.dev/programming-guides/encoding), so
/// that it can be changed and put together again, well-formed or not.
public struct WireField: Sendable {
    public var number: UInt64
    public var content: WireContent

    public init(_ number: UInt64, _ content: WireContent) {
        self.number = number
        self.content = content
    }
}

public indirect enum WireContent: Sendable {
    case varint(UInt64)
    case fixed64([UInt8])
    case fixed32([UInt8])
    /// A text, or bytes that are no message.
    case bytes([UInt8])
    case message([WireField])
    /// Bytes behind the field's number and that wire type, whatever they say.
    case raw(type: UInt64, [UInt8])
}

extension [WireField] {
    /// Nil when the bytes are no message. What is of printable ASCII alone is taken for text.
    public init?(wire bytes: ArraySlice<UInt8>, depth: Int = 0) {
        var rest = bytes
        var fields: [WireField] = []
        while !rest.isEmpty {
            guard let tag = rest.takeVarint(), tag >> 3 != 0 else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = rest.takeVarint() else { return nil }
                fields.append(WireField(tag >> 3, .varint(value)))
            case 1, 5:
                let count = tag & 7 == 1 ? 8 : 4
                guard rest.count >= count else { return nil }
                let content = [UInt8](rest.prefix(count))
                rest = rest.dropFirst(count)
                fields.append(WireField(tag >> 3, count == 8 ? .fixed64(content) : .fixed32(content)))
            case 2:
                guard let length = rest.takeVarint(), length <= rest.count else { return nil }
                let content = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
                let isText = content.allSatisfy { (0x20..<0x7f).contains($0) }
                if !isText, depth < 8, let message = [WireField](wire: content, depth: depth + 1) {
                    fields.append(WireField(tag >> 3, .message(message)))
                } else {
                    fields.append(WireField(tag >> 3, .bytes([UInt8](content))))
                }
            default: return nil
            }
        }
        self = fields
    }

    public var wireBytes: [UInt8] {
        var bytes: [UInt8] = []
        for field in self { field.append(to: &bytes) }
        return bytes
    }
}

extension WireField {
    fileprivate func append(to bytes: inout [UInt8]) {
        switch content {
        case .varint(let value):
            bytes.appendVarint(number << 3)
            bytes.appendVarint(value)
        case .fixed64(let content):
            bytes.appendVarint(number << 3 | 1)
            bytes += content
        case .fixed32(let content):
            bytes.appendVarint(number << 3 | 5)
            bytes += content
        case .bytes(let content): appendLengthDelimited(content, to: &bytes)
        case .message(let fields): appendLengthDelimited(fields.wireBytes, to: &bytes)
        case .raw(let type, let content):
            bytes.appendVarint(number << 3 | type)
            bytes += content
        }
    }

    private func appendLengthDelimited(_ content: [UInt8], to bytes: inout [UInt8]) {
        bytes.appendVarint(number << 3 | 2)
        bytes.appendVarint(UInt64(content.count))
        bytes += content
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func takeVarint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = popFirst() else { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}

extension [UInt8] {
    public mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}
