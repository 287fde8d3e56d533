/// A message of the protocol, as a Swift value.
///
/// Every field may be left out of a message's initialiser. It then has the value that the wire gives to an absent field:
/// zero, false, empty or nil.
public protocol WireMessage: Sendable, Equatable {
    /// The name that the protocol gives the message, such as `csi.v1.CreateVolumeRequest`.
    static var fullName: String { get }

    /// Decodes what a peer sent. Fields that CSI 1.12 does not know are skipped.
    init(wire bytes: [UInt8]) throws(WireError)

    /// Encodes the message. NUL, which a string of protobuf-c's cannot hold, becomes U+FFFD.
    func wireBytes() -> [UInt8]
}

/// Why bytes are not the message that they are sent as. Nothing of their content is told: it may be secret.
public struct WireError: Error, Equatable, Sendable {
    /// The message, such as `csi.v1.NodeStageVolumeRequest`.
    public let message: String

    /// The field within the message, such as `volume_capability.mount.fs_type`; nil if no one field is at fault.
    public let field: String?

    /// What is wrong, as the rest of a sentence that begins with the message or the field.
    public let reason: String
}

extension WireError: CustomStringConvertible {
    public var description: String {
        guard let field else { return "\(message) \(reason)" }
        return "field \(field) of \(message) \(reason)"
    }
}
