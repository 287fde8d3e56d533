internal import Settings

/// Where the API server is, how it is recognised, and how we prove who we are.
///
/// However it is printed, no token and no key shows.
public struct ClusterConfiguration: Sendable {
    /// Without a slash at the end: `https://10.0.0.1:6443`.
    let server: ServerAddress
    let trust: Trust
    let credential: Credential
    /// The namespace of the context, or the pod's own; nil when none is named.
    public let namespace: String?

    /// How the server is recognised.
    enum Trust: Sendable, Equatable {
        /// By the authorities that the host trusts.
        case host
        /// By the authorities of a PEM file, or of the same inline.
        case authorities(Certificate)
        /// Not at all.
        case anybody
    }

    /// A PEM document: a file that may be renewed while we run, or what stood in the configuration itself.
    enum Certificate: Sendable, Equatable {
        case file(String)
        case inline([UInt8])
    }

    struct Credential: Sendable, Equatable {
        var token: TokenSource?
        var certificate: (chain: Certificate, key: Certificate)?

        static func == (left: Credential, right: Credential) -> Bool {
            left.token == right.token && left.certificate?.chain == right.certificate?.chain
                && left.certificate?.key == right.certificate?.key
        }
    }

    enum TokenSource: Sendable, Equatable {
        case text(String)
        /// A file that is renewed while we run.
        case file(String)
    }

    /// The server's address, for people.
    public var serverText: String { server.text }

    /// Whether the server's certificate is looked at; not with `insecure-skip-tls-verify`.
    public var verifiesServer: Bool { trust != .anybody }
}

/// The address of a server, taken apart.
struct ServerAddress: Sendable, Equatable {
    var isSecure: Bool
    var host: String
    var port: Int
    /// A path before all paths of the API, without a slash at the end; mostly empty.
    var path: String
    /// The name that its certificate has, where that is not the host.
    var certificateName: String?

    /// Nil for what is no http or https address, or has a user, a query or a fragment.
    init?(_ text: String) {
        let lowered = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lowered.hasPrefix($0) }) else { return nil }
        isSecure = scheme == "https://"
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(authority.count))
        while path.hasSuffix("/") { path.removeLast() }
        let allowed = text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        guard allowed, !text.contains(where: { "@?#\\\"<>^`{|} ".contains($0) }) else { return nil }
        var name = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            name = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":"), name.contains(":") else { return nil }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            name = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !name.isEmpty else { return nil }
        host = String(name)
        port = isSecure ? 443 : 80
        if let portText {
            guard portText.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(portText),
                (1...65_535).contains(number)
            else { return nil }
            port = number
        }
    }

    var hostText: String { host.contains(":") ? "[\(host)]" : host }

    var text: String { "\(isSecure ? "https" : "http")://\(hostText):\(port)\(path)" }

    /// What curl is told: the name of the certificate, where the connection goes elsewhere.
    var url: String {
        guard isSecure, let certificateName else { return text }
        return "https://\(certificateName):\(port)\(path)"
    }

    /// Whether it is this machine.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

extension ClusterConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let proof =
            switch (credential.token, credential.certificate) {
            case (nil, nil): "nothing"
            case (_?, nil): "a token"
            case (nil, _?): "a certificate"
            case (_?, _?): "a token and a certificate"
            }
        return "\(server.text) with \(proof) to prove who we are"
    }

    public var debugDescription: String { description }

    /// Without children, so that `dump` finds nothing to print.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
