internal import CWire
internal import Glibc

/// What makes bytes unfit to be a message, on its way up to the message.
struct WireFault: Error {
    /// The fields that lead to the fault, the innermost first.
    var path: [String] = []
    var reason: String

    init(_ reason: String) { self.reason = reason }

    func within(_ field: UnsafePointer<ProtobufCFieldDescriptor>) -> WireFault {
        var fault = self
        fault.path.append(String(cString: field.pointee.name))
        return fault
    }

    func error(in message: String) -> WireError {
        WireError(message: message, field: path.isEmpty ? nil : path.reversed().joined(separator: "."), reason: reason)
    }
}

/// Reads through an encoded message before protobuf-c does, and refuses what protobuf-c would let pass.
///
/// protobuf-c keeps a string as `char *`, so one that holds a NUL would arrive cut short: a volume's key could turn into
/// another volume's. It does not look whether strings are UTF-8. And it joins a sub-message that is given in several
/// pieces by copying the earlier ones each time, which takes time and arena memory by the square of their number; no
/// encoder writes such pieces.
enum WireScan {
    /// No message of the protocols is nested half as deep.
    private static let deepest = 16

    static func check(
        _ bytes: UnsafeBufferPointer<UInt8>, as message: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int = 0
    ) throws(WireFault) {
        guard depth < deepest else { throw WireFault("is nested too deeply") }
        var cursor = WireCursor(bytes)
        var given: UInt64 = 0
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            guard let field = protobuf_c_message_descriptor_get_field(message, number) else {
                try cursor.skip(type)
                continue
            }
            do throws(WireFault) {
                if field.pointee.isSingleMessage {
                    // No message of ours has 64 fields.
                    let bit: UInt64 = 1 << UInt64(message.pointee.fields.distance(to: field))
                    guard given & bit == 0 else { throw WireFault("is given twice") }
                    given |= bit
                }
                try check(field, type, &cursor, depth)
            } catch {
                throw error.within(field)
            }
        }
    }

    private static func check(
        _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ type: WireCursor.WireType, _ cursor: inout WireCursor,
        _ depth: Int
    ) throws(WireFault) {
        guard type == field.pointee.wireType else { throw WireFault("is of another type on the wire") }
        switch field.pointee.type {
        case PROTOBUF_C_TYPE_STRING:
            try checkText(cursor.lengthDelimited())
        case PROTOBUF_C_TYPE_MESSAGE:
            let submessage = field.pointee.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
            try check(cursor.lengthDelimited(), as: submessage, depth: depth + 1)
        default:
            try cursor.skip(type)
        }
    }

    private static func checkText(_ text: UnsafeBufferPointer<UInt8>) throws(WireFault) {
        guard let start = text.baseAddress, !text.isEmpty else { return }
        guard memchr(start, 0, text.count) == nil else { throw WireFault("holds a NUL byte") }
        guard isUTF8(text) else { throw WireFault("is not valid UTF-8") }
    }
}

/// Without making a text of it, of which a copy would stay in memory: it may be secret.
private func isUTF8(_ text: UnsafeBufferPointer<UInt8>) -> Bool { (try? UTF8Span(validating: text.span)) != nil }

extension ProtobufCFieldDescriptor {
    fileprivate var isSingleMessage: Bool { type == PROTOBUF_C_TYPE_MESSAGE && label != PROTOBUF_C_LABEL_REPEATED }

    /// The protocols have strings, messages, integers, enums and booleans, and only the first two are ever repeated.
    fileprivate var wireType: WireCursor.WireType {
        switch type {
        case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_MESSAGE: .lengthDelimited
        default: .varint
        }
    }
}
