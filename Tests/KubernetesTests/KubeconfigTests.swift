import Settings
import Syscalls
import TestSupport
import Testing

@testable import Kubernetes

@Suite struct KubeconfigTests {
    private static let pem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
    private static let keyPEM = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCg=="
    private static let token = "sesame-open"

    /// A kubeconfig of one cluster and one user, which are given as the lines of their mappings.
    private static func document(
        cluster: [String] = ["server: https://10.0.0.1:6443"], user: [String] = ["token: \(token)"]
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        preferences: {}
        extensions: null
        current-context: main
        contexts:
        - name: main
          context: {cluster: one, user: me, namespace: storage}
        clusters:
        - name: other
          cluster: {server: "https://other"}
        - name: one
          cluster:
            extensions: [{name: x, extension: {last-update: today}}]
        \(cluster.map { "    " + $0 }.joined(separator: "\n"))
        users:
        - name: me
          user:
            unknown-to-us: 7
        \(user.map { "    " + $0 }.joined(separator: "\n"))
        """
    }

    private static func read(_ text: String) throws(SettingsError) -> ClusterConfiguration {
        try ClusterConfiguration.kubeconfig(Array(text.utf8), file: "/etc/kube/config")
    }

    @Test func readsATokenAndAuthorities() throws {
        let configuration = try Self.read(
            Self.document(cluster: [
                "server: https://10.0.0.1:6443/", "certificate-authority-data: \(Self.pem)",
                "tls-server-name: kube.internal",
            ]))
        #expect(configuration.serverText == "https://10.0.0.1:6443")
        #expect(configuration.server.url == "https://kube.internal:6443")
        #expect(configuration.namespace == "storage")
        #expect(configuration.credential.token == .text(Self.token))
        #expect(configuration.trust == .authorities(.inline(Array("-----BEGIN CERTIFICATE-----\n".utf8))))
        #expect(configuration.verifiesServer)
    }

    @Test func readsACertificateAndFiles() throws {
        let folder = TemporaryFolder("kubeconfig")
        folder.write("ca.crt", "-----BEGIN CERTIFICATE-----\n")
        folder.write("token", " fresh \n")
        let lines = ["client-certificate-data: \(Self.pem)", "client-key-data: \(Self.keyPEM)", "tokenFile: token"]
        let cluster = ["server: https://[fd00::1]:6443", "certificate-authority: ca.crt"]
        let path = folder.write("config", Self.document(cluster: cluster, user: lines))
        let configuration = try ClusterConfiguration.kubeconfig(path: path)
        #expect(configuration.credential.token == .file(folder.at("token")))
        #expect(configuration.credential.certificate != nil)
        #expect(configuration.trust == .authorities(.file(folder.at("ca.crt"))))
        #expect(configuration.serverText == "https://[fd00::1]:6443")
    }

    @Test func skipsVerificationWhenAsked() throws {
        let configuration = try Self.read(
            Self.document(cluster: ["server: https://a", "insecure-skip-tls-verify: true"]))
        #expect(!configuration.verifiesServer)
        #expect(configuration.serverText == "https://a:443")
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let label: String
        let text: String
        let says: String
        var testDescription: String { label }
    }

    @Test(arguments: [
        Bad(label: "empty", text: "{}", says: "current-context: found nothing, expected the name of a context"),
        Bad(label: "a list", text: "- a", says: "found no mapping"),
        Bad(label: "no YAML", text: "a: [", says: "config line"),
        Bad(label: "other kind", text: "kind: Pod", says: "kind: found 'Pod', expected Config"),
        Bad(label: "unknown context", text: "current-context: x\ncontexts: []", says: "contexts: found none named 'x'"),
        Bad(
            label: "contexts is no list", text: "current-context: x\ncontexts: {a: b}", says: "contexts: found no list"),
        Bad(
            label: "unknown cluster", text: document().replacing("cluster: one", with: "cluster: two"),
            says: "clusters: found none named 'two'"),
        Bad(
            label: "unknown user", text: document().replacing("user: me", with: "user: you"),
            says: "users: found none named 'you'"),
        Bad(label: "no server", text: document(cluster: ["x: y"]), says: "server: found nothing"),
        Bad(
            label: "server is no address", text: document(cluster: ["server: 10.0.0.1"]),
            says: "server: found something else"),
        Bad(
            label: "server has a user", text: document(cluster: ["server: https://a:b@c"]),
            says: "server: found something else"),
        Bad(
            label: "server has a bad port", text: document(cluster: ["server: https://a:99999"]), says: "server: found"),
        Bad(
            label: "plain http", text: document(cluster: ["server: http://10.0.0.1"]),
            says: "plain http to another machine"),
        Bad(
            label: "proxy", text: document(cluster: ["server: https://a", "proxy-url: http://p"]),
            says: "proxy-url: found a proxy"),
        Bad(
            label: "authority is no base64",
            text: document(cluster: ["server: https://a", "certificate-authority-data: '!!'"]),
            says: "certificate-authority-data: found something else"),
        Bad(
            label: "authority is no PEM",
            text: document(cluster: ["server: https://a", "certificate-authority-data: Zm9v"]),
            says: "certificate-authority-data: found base64 of something else"),
        Bad(
            label: "authority is missing",
            text: document(cluster: ["server: https://a", "certificate-authority: /nowhere/ca"]),
            says: "/nowhere/ca: found"),
        Bad(
            label: "authority and none",
            text: document(cluster: [
                "server: https://a", "certificate-authority-data: \(pem)", "insecure-skip-tls-verify: true",
            ]), says: "insecure-skip-tls-verify: found true beside a certificate authority"),
        Bad(
            label: "skip is no boolean",
            text: document(cluster: ["server: https://a", "insecure-skip-tls-verify: yes"]),
            says: "insecure-skip-tls-verify: found something else"),
        Bad(label: "exec", text: document(user: ["exec: {command: aws}"]), says: "exec: found a program to run"),
        Bad(
            label: "auth-provider", text: document(user: ["auth-provider: {name: gcp}"]),
            says: "auth-provider: found an auth"),
        Bad(
            label: "password", text: document(user: ["username: root", "password: \(token)"]),
            says: "password: found a password"),
        Bad(label: "impersonation", text: document(user: ["token: x", "as: admin"]), says: "as: found impersonation"),
        Bad(
            label: "token of two lines", text: document(user: ["token: \"\(token)\\nHost: x\""]),
            says: "token: found something else"),
        Bad(label: "token is a mapping", text: document(user: ["token: {a: \(token)}"]), says: "token: found no text"),
        Bad(
            label: "tokenFile is missing", text: document(user: ["tokenFile: /nowhere/token"]),
            says: "/nowhere/token: found"),
        Bad(
            label: "certificate alone", text: document(user: ["client-certificate-data: \(pem)"]),
            says: "client-key: found nothing"),
        Bad(
            label: "key alone", text: document(user: ["client-key-data: \(keyPEM)"]),
            says: "client-certificate: found nothing"),
        Bad(
            label: "key is a certificate",
            text: document(user: ["client-certificate-data: \(pem)", "client-key-data: \(pem)"]),
            says: "client-key-data: found base64 of something else"),
    ])
    func refuses(_ row: Bad) {
        let error = #expect(throws: SettingsError.self) { try Self.read(row.text) }
        let sentence = error.map { "\($0)" } ?? ""
        #expect(sentence.contains(row.says), "\(sentence)")
        #expect(!sentence.contains(Self.token) && !sentence.contains("\n"), "\(sentence)")
    }

    @Test func refusesAMissingFile() {
        let error = #expect(throws: SettingsError.self) { try ClusterConfiguration.kubeconfig(path: "/nowhere/config") }
        #expect(error.map { "\($0)" }?.contains("found no such file") == true)
    }

    @Test func showsNoCredential() throws {
        let configuration = try Self.read(Self.document())
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", "\([configuration])", "\(Optional(configuration) as Any)", dumped] {
            #expect(!text.contains(Self.token), "\(text)")
        }
        #expect("\(configuration)" == "https://10.0.0.1:6443 with a token to prove who we are")
    }
}
