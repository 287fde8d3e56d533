internal import TestSupport

extension APIDouble {
    /// The path of a kubeconfig file for the administrator (a client certificate of the group system:masters).
    public var kubeconfig: String { get throws { try writeKubeconfig("admin", certificate: "admin") } }

    /// The path of a kubeconfig file for another user, with a client certificate. `isTrusted: false` has an authority sign
    /// it that the server does not know.
    public func kubeconfig(user: String, groups: [String] = [], isTrusted: Bool = true) throws -> String {
        let file = "user-\(user.map { $0.isLetter || $0.isNumber ? $0 : "-" }.map(String.init).joined())"
        let subject = groups.map { "/O=\($0)" }.joined() + "/CN=\(user)"
        try Certificates.sign(file, subject: subject, by: isTrusted ? "ca" : "other", in: folder)
        return try writeKubeconfig(file, certificate: file)
    }

    /// The path of a kubeconfig file with a bearer token, which `addToken` makes valid.
    public func kubeconfig(token: String) throws -> String {
        folder.write("token.kubeconfig", try text(credentials: "token: \"\(token)\""))
    }

    /// PEM of the authority that signed the server's certificate.
    public var authority: String { certificates.authority }

    private func writeKubeconfig(_ name: String, certificate: String) throws -> String {
        let (shown, key) = (try encoded("\(certificate).crt"), try encoded("\(certificate).key"))
        return folder.write(
            "\(name).kubeconfig",
            try text(credentials: "client-certificate-data: \(shown)\n    client-key-data: \(key)"))
    }

    private func encoded(_ file: String) throws -> String {
        base64(Array("\(try sh("cat \(folder.at(file))"))\n".utf8))
    }

    private func text(credentials: String) throws -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: double
          cluster:
            server: \(url)
            certificate-authority-data: \(base64(Array(authority.utf8)))
        users:
        - name: user
          user:
            \(credentials)
        contexts:
        - name: double
          context:
            cluster: double
            user: user
        current-context: double

        """
    }
}
