internal import CMD
public import Devices
internal import Syscalls

/// The identity of a volume: a hash of its pool's UUID and its requested name, so that creating by name is idempotent
/// and no two nodes ever give out the same one.
public struct VolumeID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// The id of the volume with that name in that pool. 43 bytes: it fits a file name, a CSI field and a loop label.
    public init(pool: UUID, name: String) {
        text = Self.prefix + String(sha256(Array("\(pool)\n\(name)".utf8)).prefix(Self.digits))
    }

    /// An id that a client sent; nil when it cannot be one of ours. That keeps `../x` away from every file name.
    public init?(_ text: String) {
        let digits = text.dropFirst(Self.prefix.count)
        guard text.hasPrefix(Self.prefix), digits.utf8.count == Self.digits,
            digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        self.text = text
    }

    private static let prefix = "hf-"
    private static let digits = 40

    public var description: String { text }

    public static func < (left: VolumeID, right: VolumeID) -> Bool { left.text < right.text }
}

/// SHA-256 in lower-case hexadecimal (FIPS 180-4).
public func sha256(_ bytes: [UInt8]) -> String {
    var context = SHA2_CTX()
    SHA256Init(&context)
    SHA256Update(&context, bytes, bytes.count)
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    SHA256Final(&digest, &context)
    return digest.hexadecimal
}
