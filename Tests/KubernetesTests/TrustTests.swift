import APIDouble
import Glibc
import Kubernetes
import Settings
import TestSupport
import Testing

/// Who is let in, and whom we talk to.
@Suite(.serialized) struct TrustTests {
    @Test(arguments: [
        (APIDoubleOptions.ServerCertificate.expired, "expired"), (.otherName, "name"), (.unknownAuthority, "issuer"),
    ])
    func talksToNobodyElse(_ certificate: APIDoubleOptions.ServerCertificate, _ says: String) async throws {
        var options = APIDoubleOptions()
        options.serverCertificate = certificate
        let double = try await APIDouble(options)
        let client = KubernetesClient(try .kubeconfig(path: try double.kubeconfig))
        let error = try await refusal { try await client.serverVersion() }
        guard case .untrusted(_, let reason) = error else { throw error }
        #expect(reason.contains(says), "\(reason)")
        #expect(!error.outcomeIsUnknown && double.requests.isEmpty)
        let watch = try await refusal { for try await _ in client.watch(Node.self, from: "1") {} }
        guard case .untrusted = watch else { throw watch }
    }

    /// With the name of the certificate in `tls-server-name`, or without any verification, as kubectl.
    @Test(arguments: ["insecure-skip-tls-verify: true", "certificate-authority: ca.pem"])
    func doesAsTheFileSays(_ line: String) async throws {
        var options = APIDoubleOptions()
        options.serverCertificate = line.hasPrefix("insecure") ? .expired : .valid
        let double = try await APIDouble(options)
        let folder = TemporaryFolder("trust")
        folder.write("ca.pem", double.authority)
        double.addToken("sesame", user: "me", groups: ["system:masters"])
        let path = folder.write(
            "config",
            """
            current-context: a
            contexts: [{name: a, context: {cluster: a, user: a}}]
            clusters: [{name: a, cluster: {server: "\(double.url)", \(line)}}]
            users: [{name: a, user: {token: sesame}}]
            """)
        let client = KubernetesClient(try .kubeconfig(path: path))
        _ = try await client.list(Node.self)
        #expect(double.requests.last?.user == "me")
        #expect(double.requests.last?.userAgent.hasPrefix("holdfast-reconciler/") == true)
    }

    @Test func noProxyIsAsked() async throws {
        for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] { setenv(name, "http://127.0.0.1:1", 1) }
        defer { for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] { unsetenv(name) } }
        let double = try await APIDouble()
        let client = KubernetesClient(try .kubeconfig(path: try double.kubeconfig))
        _ = try await client.serverVersion()
    }

    @Test func whoIsNotAllowedIsToldSo() async throws {
        let double = try await APIDouble()
        double.deny(RequestMatch("create", "persistentvolumeclaims"))
        let client = KubernetesClient(try .kubeconfig(path: try double.kubeconfig(user: "guest")))
        let error = try await refusal {
            try await client.create(PersistentVolumeClaim(name: "a", namespace: "default"))
        }
        #expect(error.isForbidden && !error.outcomeIsUnknown && error.status?.code == 403)
        let stranger = KubernetesClient(try .kubeconfig(path: try double.kubeconfig(user: "other", isTrusted: false)))
        let unknown = try await refusal { try await stranger.list(Node.self) }
        switch unknown {
        case .refused(let status, _): #expect(status.code == 401)
        // TLS 1.3 tells a client that its certificate is refused only after the client has begun to talk.
        case .broken, .untrusted: break
        default: throw unknown
        }
    }

    /// Kubelet renews the token in the file: the former one is refused from some moment on.
    @Test func takesTheNewTokenWhenTheOldOneIsRefused() async throws {
        let double = try await APIDouble()
        let folder = TemporaryFolder("token")
        folder.write("ca.crt", double.authority)
        folder.write("namespace", "default")
        folder.write("token", "first-token\n")
        double.addToken("first-token", user: "pod", groups: ["system:masters"])
        let environment = ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(double.port)"]
        let client = KubernetesClient(try .inCluster(folder: folder.path) { environment[$0] })
        _ = try await client.list(Node.self)
        double.addToken("second-token", user: "pod", groups: ["system:masters"])
        double.removeToken("first-token")
        folder.write("token", "second-token\n")
        _ = try await client.list(Node.self)
        // A watch does not go on by itself; the next one has the new token.
        double.addToken("third-token", user: "pod", groups: ["system:masters"])
        double.removeToken("second-token")
        folder.write("token", "third-token\n")
        let refused = try await refusal {
            for try await _ in client.watch(Node.self, from: double.resourceVersion) {}
        }
        #expect(refused.status?.code == 401)
        #expect(!"\(refused)".contains("token-") && !"\(refused)".contains("-token"))
        var options = 0
        for try await _ in client.watch(Node.self, from: double.resourceVersion, seconds: 1) { options += 1 }
        #expect(options == 0)
        double.removeToken("third-token")
        let error = try await refusal { try await client.list(Node.self) }
        #expect(error.status?.code == 401 && error.isForbidden)
    }

    @Test func aServerThatIsDownIsAskedAgainWhenItIsBack() async throws {
        let double = try await APIDouble()
        let path = try double.kubeconfig
        await double.stop()
        let client = KubernetesClient(try .kubeconfig(path: path))
        let down = try await refusal { try await client.serverVersion() }
        guard case .unreachable = down else { throw down }
        #expect(!down.outcomeIsUnknown)
        try double.start()
        _ = try await client.serverVersion()
        await double.stop()
        try double.start()
        // The connection that was kept is dead; a read is sent again on another one without our doing.
        _ = try await client.serverVersion()
    }

    @Test func nobodyAnswersAtTheAddress() async throws {
        var limits = RequestLimits()
        limits.connectTimeout = 1
        let document = """
            current-context: a
            contexts: [{name: a, context: {cluster: a}}]
            clusters: [{name: a, cluster: {server: "https://no-such-host.invalid"}}]
            """
        let folder = TemporaryFolder("nowhere")
        let client = KubernetesClient(try .kubeconfig(path: folder.write("config", document)), limits: limits)
        let error = try await refusal { try await client.serverVersion() }
        switch error {
        case .unreachable, .timedOut(_, _, sent: false): break
        default: throw error
        }
    }
}
