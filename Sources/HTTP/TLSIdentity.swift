/// What a server shows and trusts, as PEM texts.
public struct TLSIdentity: Sendable {
    public let certificate: String
    public let key: String
    /// The authority that signs clients' certificates; nil when clients are not asked for one.
    public let clientAuthority: String?

    public init(certificate: String, key: String, clientAuthority: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthority = clientAuthority
    }
}
