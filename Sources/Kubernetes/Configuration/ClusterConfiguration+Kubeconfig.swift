public import Settings

extension ClusterConfiguration {
    /// The configuration in a kubeconfig file, as kubectl reads it. It blocks for as long as the disk does.
    ///
    /// Refused: what would run programs or ask other servers for a credential (`exec`, `auth-provider`), passwords,
    /// impersonation, proxies, and plain http to other machines.
    /// - Parameter context: nil for the file's current one.
    public static func kubeconfig(path: String, context: String? = nil) throws(SettingsError) -> ClusterConfiguration {
        try Kubeconfig(YAML.load(path: path), file: path).configuration(context: context)
    }

    /// The same from the bytes of a document, which errors call `file`; paths in it are relative to the folder of that.
    static func kubeconfig(
        _ bytes: [UInt8], file: String, context: String? = nil
    ) throws(SettingsError) -> ClusterConfiguration {
        try Kubeconfig(YAML.parse(bytes, file: file), file: file).configuration(context: context)
    }
}

private struct Kubeconfig {
    private let root: KubeconfigPart
    private let file: String

    init(_ node: YAMLNode, file: String) throws(SettingsError) {
        self.file = file
        root = try KubeconfigPart(node, file: file, place: "")
        if let kind = try root.text("kind"), kind != "Config" {
            throw root.error("kind", found: "'\(oneLine(kind))'", expected: "Config")
        }
    }

    func configuration(context name: String?) throws(SettingsError) -> ClusterConfiguration {
        let current = try root.text("current-context")
        guard let chosen = name ?? current else {
            throw root.error("current-context", found: "nothing", expected: "the name of a context")
        }
        let context = try root.element(of: "contexts", "context", named: chosen)
        guard let clusterName = try context.text("cluster") else {
            throw context.error("cluster", found: "nothing", expected: "the name of a cluster")
        }
        let cluster = try root.element(of: "clusters", "cluster", named: clusterName)
        let server = try server(cluster)
        let trust = try trust(cluster)
        var credential = ClusterConfiguration.Credential()
        if let user = try context.text("user") {
            credential = try self.credential(root.element(of: "users", "user", named: user))
        }
        return ClusterConfiguration(
            server: server, trust: trust, credential: credential, namespace: try context.text("namespace"))
    }

    private func server(_ cluster: KubeconfigPart) throws(SettingsError) -> ServerAddress {
        let expected = "the server's address, such as https://10.0.0.1:6443"
        guard let text = try cluster.text("server") else {
            throw cluster.error("server", found: "nothing", expected: expected)
        }
        guard var server = ServerAddress(text) else {
            throw cluster.error("server", found: "something else", expected: expected)
        }
        guard server.isSecure || server.isLoopback else {
            throw cluster.error(
                "server", found: "plain http to another machine",
                expected: "https, for a token must not go in the clear")
        }
        if cluster.contains("proxy-url") {
            throw cluster.error("proxy-url", found: "a proxy", expected: "none: the API server is asked directly")
        }
        if let name = try cluster.text("tls-server-name") {
            guard let probe = ServerAddress("https://\(name)"), probe.host == name else {
                throw cluster.error("tls-server-name", found: "something else", expected: "the name of a host")
            }
            server.certificateName = name
        }
        return server
    }

    private func trust(_ cluster: KubeconfigPart) throws(SettingsError) -> ClusterConfiguration.Trust {
        let authorities = try certificate(cluster, "certificate-authority", .authorities)
        guard try cluster.boolean("insecure-skip-tls-verify") else {
            return authorities.map { .authorities($0) } ?? .host
        }
        // As kubectl does: it is not clear which of the two was meant.
        guard authorities == nil else {
            throw cluster.error(
                "insecure-skip-tls-verify", found: "true beside a certificate authority", expected: "one of the two")
        }
        return .anybody
    }

    private func credential(_ user: KubeconfigPart) throws(SettingsError) -> ClusterConfiguration.Credential {
        let refused = [
            "exec": "a program to run", "auth-provider": "an authentication plugin", "username": "a user's name",
            "password": "a password", "as": "impersonation", "as-uid": "impersonation", "as-groups": "impersonation",
            "as-user-extra": "impersonation",
        ]
        for (key, found) in refused.sorted(by: { $0.key < $1.key }) where user.contains(key) {
            throw user.error(key, found: found, expected: "a token, a tokenFile or a client certificate")
        }
        var credential = ClusterConfiguration.Credential()
        let chain = try certificate(user, "client-certificate", .chain)
        let key = try certificate(user, "client-key", .key)
        switch (chain, key) {
        case (let chain?, let key?): credential.certificate = (chain, key)
        case (nil, nil): break
        case (_?, nil): throw user.error("client-key", found: "nothing", expected: "the key of the client certificate")
        case (nil, _?):
            throw user.error("client-certificate", found: "nothing", expected: "the certificate of the client key")
        }
        // As kubectl does: the file wins, for it is renewed.
        if let path = try user.text("tokenFile") {
            let path = absolute(path)
            _ = try TokenFile.read(path)
            credential.token = .file(path)
        } else if let text = try user.text("token") {
            guard let token = TokenFile.token(in: Array(text.utf8)) else {
                throw user.error("token", found: "something else", expected: "a bearer token")
            }
            credential.token = .text(token)
        }
        return credential
    }

    /// The PEM document of `key` or, before it, of `key-data`.
    private func certificate(
        _ part: KubeconfigPart, _ key: String, _ kind: PEMKind
    ) throws(SettingsError) -> ClusterConfiguration.Certificate? {
        if let data = try part.text("\(key)-data") {
            guard let bytes = Base64.decode(data) else {
                throw part.error("\(key)-data", found: "something else", expected: "\(kind.rawValue) as base64")
            }
            guard kind.fits(String(decoding: bytes, as: UTF8.self)) else {
                throw part.error("\(key)-data", found: "base64 of something else", expected: kind.rawValue)
            }
            return .inline(bytes)
        }
        guard let path = try part.text(key) else { return nil }
        let whole = absolute(path)
        try ClusterConfiguration.check(
            certificate: ClusterConfiguration.readSettingsFile(whole), kind, file: whole)
        return .file(whole)
    }

    /// Paths are relative to the folder of the file that names them.
    private func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return "\(file[...slash])\(path)"
    }
}
