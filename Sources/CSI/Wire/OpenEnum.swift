internal import CWire

/// An enum whose unnamed numbers survive, so that they can be named in an error or handed on.
///
/// It prints as the specification writes it, such as `SINGLE_NODE_WRITER`.
public protocol OpenEnum: Hashable, Sendable, CustomStringConvertible {
    /// The value of that number: `unrecognized` if CSI 1.12 does not name it.
    init(rawValue: Int32)

    /// A number that CSI 1.12 does not name.
    static func unrecognized(_ number: Int32) -> Self

    /// The number on the wire.
    var rawValue: Int32 { get }
}

func name(of number: Int32, in descriptor: ProtobufCEnumDescriptor) -> String {
    for value in UnsafeBufferPointer(start: descriptor.values, count: Int(descriptor.n_values))
    where value.value == number {
        return String(cString: value.name)
    }
    return "unrecognized \(number)"
}
