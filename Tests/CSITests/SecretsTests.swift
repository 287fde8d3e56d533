internal import CSI
internal import Testing

@Suite("Secrets")
struct SecretsTests {
    private static let secrets: Secrets = ["passphrase-name": "correct horse", "other-name": "battery staple"]

    private static let request = NodeStageVolumeRequest(volumeID: "v", secrets: secrets)

    private static func dumped(_ value: some Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }

    @Test(
        "are never printed",
        arguments: [
            "\(secrets)", String(describing: secrets), String(reflecting: secrets), dumped(secrets),
            "\(request)", String(describing: request), String(reflecting: request), dumped(request),
            "\(Optional(secrets) as Any)", "\([secrets])", dumped([request]),
            "\(Mirror(reflecting: secrets).children.map { $0 })",
        ])
    func neverPrinted(text: String) {
        for secret in ["passphrase-name", "correct horse", "other-name", "battery staple"] {
            #expect(!text.contains(secret))
        }
    }

    @Test("print their number")
    func number() {
        #expect("\(Self.secrets)" == "(2 secrets)")
        #expect("\(Secrets(["a": "b"]))" == "(1 secret)")
        #expect("\(Self.request)".contains("secrets: (2 secrets)"))
    }

    @Test("are compared by what they are")
    func equality() {
        #expect(Secrets(["a": "b"]) == ["a": "b"])
        #expect(Secrets(["a": "b"]) != ["a": "c"])
        #expect(Self.secrets["other-name"] == "battery staple")
        #expect(Secrets().isEmpty)
    }

    @Test("do not show in the error of a request that holds them")
    func inErrors() {
        let bytes = Self.request.wireBytes().dropLast()
        let error = #expect(throws: WireError.self) { try NodeStageVolumeRequest(wire: [UInt8](bytes)) }
        #expect(error?.description == "field secrets of csi.v1.NodeStageVolumeRequest is truncated")
    }
}
