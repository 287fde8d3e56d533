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
        #expect(Self.text(Self.secrets, "other-name") == "battery staple")
        #expect(Self.text(Self.secrets, "no-name") == nil)
        #expect(Secrets(["a": "b", "": "", "b": "a"]) == ["": "", "b": "a", "a": "b"])
        #expect(Secrets(["a": "b"]) != ["a": "b", "b": "a"])
        #expect(Secrets().isEmpty)
    }

    @Test("of one name are one, the last")
    func lastWins() throws {
        let secrets: Secrets = ["a": "first", "b": "other", "a": "", "a": "last"]
        #expect(secrets == ["b": "other", "a": "last"])
        let entries: [UInt8] =
            .field(5, .field(1, "a") + .field(2, "first")) + .field(5, .field(1, "b"))
            + .field(5, .field(1, "a") + .field(2, "last"))
        #expect(try NodeStageVolumeRequest(wire: entries).secrets == ["a": "last", "b": ""])
    }

    @Test("of any script come through, and NUL is replaced", arguments: [("Größe 体積 🧊", nil), ("a\0b", "a\u{FFFD}b")])
    func texts(value: String, decoded: String?) throws {
        let request = NodeStageVolumeRequest(secrets: ["ключ": value, "": ""])
        let secrets = try NodeStageVolumeRequest(wire: request.wireBytes()).secrets
        #expect(secrets == ["ключ": decoded ?? value, "": ""])
        #expect(Self.text(secrets, "ключ") == decoded ?? value)
    }

    private static func text(_ secrets: Secrets, _ name: String) -> String? {
        secrets.withBytes(of: name) { String(decoding: $0, as: UTF8.self) }
    }

    @Test("do not show in the error of a request that holds them")
    func inErrors() {
        let bytes = Self.request.wireBytes().dropLast()
        let error = #expect(throws: WireError.self) { try NodeStageVolumeRequest(wire: [UInt8](bytes)) }
        #expect(error?.description == "field secrets of csi.v1.NodeStageVolumeRequest is truncated")
    }
}
