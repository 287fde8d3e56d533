internal import APIDouble
internal import Processes
internal import TestSupport
internal import Testing

/// A kubeconfig file that the reconciler cannot begin with.
private struct WrongFile: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Nil: there is no such file.
    let text: String?
    /// What its one sentence has to name.
    let says: String

    static let all = [
        WrongFile(testDescription: "there is none", text: nil, says: "found no such file"),
        WrongFile(testDescription: "it is empty", text: "", says: "found an empty file"),
        WrongFile(testDescription: "it is no YAML", text: "{[", says: "line 1"),
        WrongFile(testDescription: "it chooses no context", text: "apiVersion: v1\n", says: "current-context"),
        WrongFile(
            testDescription: "it names a context that it lacks", text: "current-context: a\ncontexts: []\n",
            says: "'a'"),
        WrongFile(
            testDescription: "its key is none",
            text: """
                current-context: a
                contexts: [{name: a, context: {cluster: a, user: a}}]
                clusters: [{name: a, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}]
                users: [{name: a, user: {client-certificate-data: AAAA, client-key-data: AAAA}}]
                """, says: "client-certificate-data"),
    ]
}

@Suite("With what the server is asked")
struct CredentialTests {
    @Test(
        "a file that is not what it should be ends the process with status 2, and one sentence",
        arguments: WrongFile.all)
    fileprivate func wrong(file: WrongFile) throws {
        let folder = TemporaryFolder("kubeconfig")
        let path = file.text.map { folder.write("config", $0) } ?? folder.at("config")
        let (status, output) = outcome(
            of:
                "exec timeout 30 \(builtProducts)/holdfast-reconciler --csi-endpoint unix://\(folder.at("csi.sock")) --node-id n "
                + "--kubeconfig \(path)")
        #expect(status == 2, "\(output)")
        #expect(output.hasPrefix("holdfast-reconciler: \(path)") && output.contains(file.says), "\(output)")
        #expect(!output.contains("\n"), "\(output)")
    }

    @Test("a token that the server does not know is told, waited with, and used as soon as it is known")
    func unknownToken() async throws {
        try await withGround { ground in
            let double = try #require(ground.double)
            try await ground.makeClass()
            try await ground.makeClaim()
            try ground.start(kubeconfig: try double.kubeconfig(token: "sesame"))
            try await ground.wait("the sentence") {
                ground.log.contains("could not list persistentvolumeclaims: the server answered 401 Unauthorized")
            }
            #expect(ground.log.contains("the token or client certificate has expired, or is none of this cluster"))
            #expect(!ground.hasEnded)
            double.addToken("sesame", user: ReconcilerGround.user, groups: ["system:masters"])
            try await ground.waitUntilBound()
            try await ground.deleteClaim()
            try await ground.waitUntilClean()
        }
    }
}
