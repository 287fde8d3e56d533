internal import CMD
public import Devices
internal import Syscalls

/// A kind of thing that pools keep: what its ids begin with.
public protocol KeptKind: Sendable {
    static var prefix: String { get }
    /// The kind as a word.
    static var noun: String { get }
}

/// The identity of a volume, a snapshot or a group: a hash of its pool's UUID and its requested name, so that creating
/// by name is idempotent and no two nodes ever give out the same one.
public struct HashedID<Kind: KeptKind>: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// The id of the thing with that name in that pool. About 43 bytes: it fits a file name, a CSI field and, a volume's,
    /// a loop label.
    public init(pool: UUID, name: String) {
        text = Kind.prefix + String(sha256(Array("\(pool)\n\(name)".utf8)).prefix(idDigits))
    }

    /// An id that a client sent; nil when it cannot be one of ours. That keeps `../x` away from every file name.
    public init?(_ text: String) {
        let digits = text.dropFirst(Kind.prefix.count)
        guard text.hasPrefix(Kind.prefix), digits.utf8.count == idDigits,
            digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        self.text = text
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

private let idDigits = 40

public enum VolumeKind: KeptKind {
    public static let prefix = "hf-"
    public static let noun = "volume"
}

public enum SnapshotKind: KeptKind {
    public static let prefix = "hfs-"
    public static let noun = "snapshot"
}

public enum GroupKind: KeptKind {
    public static let prefix = "hfg-"
    public static let noun = "group"
}

public typealias VolumeID = HashedID<VolumeKind>
public typealias SnapshotID = HashedID<SnapshotKind>
public typealias GroupID = HashedID<GroupKind>

/// SHA-256 in lower-case hexadecimal (FIPS 180-4).
public func sha256(_ bytes: [UInt8]) -> String {
    var context = SHA2_CTX()
    SHA256Init(&context)
    SHA256Update(&context, bytes, bytes.count)
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    SHA256Final(&digest, &context)
    return digest.hexadecimal
}
