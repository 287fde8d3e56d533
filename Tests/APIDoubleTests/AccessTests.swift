import APIDouble
import JSON
import Testing

/// Who may ask, and what for.
struct AccessTests {
    private static let path = "/api/v1/namespaces/default/configmaps"

    @Test("Certificates and tokens say who asks; what is not known is refused")
    func users() async throws {
        let double = try await APIDouble()
        let user = try CurlClient(kubeconfig: try double.kubeconfig(user: "system:node:n", groups: ["system:nodes"]))
        #expect(await user.send("GET", Self.path).code == 200)
        #expect(double.requests.last?.user == "system:node:n")
        let stranger = try CurlClient(kubeconfig: try double.kubeconfig(user: "stranger", isTrusted: false))
        let refused = await stranger.send("GET", Self.path)
        #expect(refused.code == 401)
        #expect(refused.json["reason"] == "Unauthorized")
        let token = try CurlClient(kubeconfig: try double.kubeconfig(token: "secret"))
        #expect(await token.send("GET", Self.path).code == 401)
        double.addToken("secret", user: "system:serviceaccount:a:b")
        #expect(await token.send("GET", Self.path).code == 200)
        double.removeToken("secret")
        #expect(await token.send("GET", Self.path).code == 401)
        await double.stop()
    }

    @Test("Who shows nothing is nobody, and may ask for health alone")
    func nobody() async throws {
        let double = try await APIDouble()
        let token = try CurlClient(kubeconfig: try double.kubeconfig(token: ""))
        let refused = await token.send("GET", Self.path)
        #expect(refused.code == 403)
        let words =
            "configmaps is forbidden: User \"system:anonymous\" cannot list resource \"configmaps\" in API group \"\" "
            + "in the namespace \"default\""
        #expect(refused.json["message"]?.string == words)
        #expect(await token.send("GET", "/readyz").code == 200)
        await double.stop()
    }

    @Test("A denial holds for its verb and resource, and not for the administrator")
    func denials() async throws {
        let double = try await APIDouble()
        let user = try CurlClient(kubeconfig: try double.kubeconfig(user: "reader"))
        let denial = double.deny(RequestMatch("create", "configmaps", user: "reader"))
        let body: JSON = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "one"]]
        let refused = await user.send("POST", Self.path, body)
        #expect(refused.code == 403 && refused.json["reason"] == "Forbidden")
        #expect(await user.send("GET", Self.path).code == 200)
        let admin = try CurlClient(kubeconfig: try double.kubeconfig)
        #expect(await admin.send("POST", Self.path, body).code == 201)
        double.allow(denial)
        #expect(await user.send("POST", Self.path, body).code == 409)
        await double.stop()
    }

    @Test(
        "A certificate that is not to be trusted ends the connection",
        arguments: [APIDoubleOptions.ServerCertificate.expired, .otherName, .unknownAuthority])
    func certificates(_ kind: APIDoubleOptions.ServerCertificate) async throws {
        var options = APIDoubleOptions()
        options.serverCertificate = kind
        let double = try await APIDouble(options)
        let client = try CurlClient(kubeconfig: try double.kubeconfig)
        let answer = await client.send("GET", "/version")
        #expect(answer.code == 0 && answer.body.contains("SSL"), "\(answer.body)")
        #expect(double.requests.isEmpty)
        await double.stop()
    }
}
