/// Something recognisable that a device holds.
public struct Signature: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case filesystem
        case partitionTable = "partition table"
        case encryption = "encrypted volume"
        case raidMember = "RAID or LVM member"
        case swap
        case other = "signature"
    }

    public let kind: Kind
    /// libblkid's name for it, such as `ext4`, `gpt`, `crypto_LUKS`, `LVM2_member`, `swap`.
    public let type: String
    /// The identifier that it carries, in the form that its own kind uses.
    public let identifier: String?

    public init(kind: Kind, type: String, identifier: String?) {
        self.kind = kind
        self.type = type
        self.identifier = identifier
    }

    public var uuid: UUID? { identifier.flatMap { UUID($0) } }

    public var description: String {
        let name = kind == .swap ? "a swap area" : kind == .encryption ? "an \(kind.rawValue)" : "a \(kind.rawValue)"
        return "\(name) of type \(type)\(identifier.map { " with UUID \($0)" } ?? "")"
    }
}

extension Sequence<Signature> {
    /// The signatures as words of one sentence.
    public var sentence: String { map(\.description).joined(separator: " and ") }
}
