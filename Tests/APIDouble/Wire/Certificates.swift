internal import HTTP
internal import Synchronization
internal import Syscalls
internal import TestSupport

/// The authority of a double, and the certificates that it signs, made by openssl.
struct Certificates: Sendable {
    let identity: TLSIdentity
    /// PEM of the authority that clients are to trust.
    let authority: String
    private let folder: TemporaryFolder

    static func make(
        in folder: TemporaryFolder, server: APIDoubleOptions.ServerCertificate
    ) async throws -> Certificates {
        try await HostThread.run { () throws(any Error) in try Certificates(folder, server) }
    }

    private init(_ folder: TemporaryFolder, _ server: APIDoubleOptions.ServerCertificate) throws {
        self.folder = folder
        for name in ["ca", "other"] {
            try sh(
                "cd \(folder.path) && openssl req -x509 \(Self.newKey) -keyout \(name).key -out \(name).crt -days 2 -subj /CN=double-\(name)"
            )
        }
        let names = server == .otherName ? "DNS:elsewhere.invalid" : "IP:127.0.0.1,DNS:localhost"
        try Self.sign(
            "server", subject: "/CN=api-double", alternativeNames: names, days: server == .expired ? -1 : 2,
            by: server == .unknownAuthority ? "other" : "ca", in: folder)
        try Self.sign("admin", subject: "/O=system:masters/CN=admin", in: folder)
        authority = try sh("cat \(folder.at("ca.crt"))") + "\n"
        identity = TLSIdentity(
            certificate: try sh("cat \(folder.at("server.crt"))") + "\n",
            key: try sh("cat \(folder.at("server.key"))") + "\n",
            clientAuthority: authority)
    }

    private static let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

    /// Makes FILE.key and FILE.crt.
    static func sign(
        _ file: String, subject: String, alternativeNames: String = "", days: Int = 2, by authority: String = "ca",
        in folder: TemporaryFolder
    ) throws {
        var extensions = "extendedKeyUsage=serverAuth,clientAuth\n"
        if !alternativeNames.isEmpty { extensions += "subjectAltName=\(alternativeNames)\n" }
        folder.write("\(file).ext", extensions)
        try sh(
            """
            cd \(folder.path) && openssl req \(newKey) -keyout \(file).key -out \(file).csr -subj '\(subject)' && \
            openssl x509 -req -in \(file).csr -CA \(authority).crt -CAkey \(authority).key -CAcreateserial -days \(days) \
            -extfile \(file).ext -out \(file).crt
            """)
    }
}

/// The bytes in base64 (RFC 4648, section 4).
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var index = 0
    while index < bytes.count {
        let group = bytes[index..<min(index + 3, bytes.count)]
        let number = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for position in 0...3 {
            text.append(position <= group.count ? alphabet[number >> (18 - 6 * position) & 63] : UInt8(ascii: "="))
        }
        index += 3
    }
    return String(decoding: text, as: UTF8.self)
}

/// Reads base64; nil for what is none.
func fromBase64(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var (number, bits) = (0, 0)
    for byte in text.utf8.prefix(while: { $0 != UInt8(ascii: "=") }) {
        let value: UInt8
        switch byte {
        case 65...90: value = byte - 65
        case 97...122: value = byte - 71
        case 48...57: value = byte + 4
        case 43, 45: value = 62
        case 47, 95: value = 63
        default: return nil
        }
        number = (number << 6 | Int(value)) & 0xffffff
        bits += 6
        if bits >= 8 {
            bits -= 8
            bytes.append(UInt8(number >> bits & 0xff))
        }
    }
    return bytes
}
