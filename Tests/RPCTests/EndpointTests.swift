internal import RPC
internal import Testing

@Suite("Endpoints")
struct EndpointTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let label: String, text: String, path: String
        var testDescription: String { label }
    }

    @Test(
        "are read as gRPC and CSI write them",
        arguments: [
            Accepted(label: "three slashes", text: "unix:///run/a.sock", path: "/run/a.sock"),
            Accepted(label: "one slash", text: "unix:/run/a.sock", path: "/run/a.sock"),
            Accepted(label: "a bare path", text: "/run/a.sock", path: "/run/a.sock"),
            Accepted(label: "a scheme in capitals", text: "UNIX:///run/a.sock", path: "/run/a.sock"),
            Accepted(label: "a colon in the path", text: "/run/a:b", path: "/run/a:b"),
            Accepted(label: "a percent sign, taken as it is", text: "unix:///run/%41", path: "/run/%41"),
            Accepted(
                label: "107 bytes", text: "/" + String(repeating: "a", count: 106),
                path: "/" + String(repeating: "a", count: 106)),
        ])
    func accepted(_ row: Accepted) throws {
        #expect(try Endpoint.path(row.text) == row.path)
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let label: String, text: String, error: EndpointError
        var testDescription: String { label }
    }

    @Test(
        "are refused with the reason",
        arguments: [
            Refused(label: "empty", text: "", error: .notAbsolute("")),
            Refused(label: "relative", text: "a.sock", error: .notAbsolute("a.sock")),
            Refused(label: "relative with a scheme", text: "unix:a.sock", error: .notAbsolute("unix:a.sock")),
            Refused(label: "a host", text: "unix://host/a", error: .notAbsolute("unix://host/a")),
            Refused(label: "nothing after the scheme", text: "unix://", error: .notAbsolute("unix://")),
            Refused(label: "tcp", text: "tcp://1.2.3.4:5", error: .scheme("tcp://1.2.3.4:5", "tcp")),
            Refused(label: "abstract", text: "unix-abstract:a", error: .scheme("unix-abstract:a", "unix-abstract")),
            Refused(label: "a folder", text: "unix:///run/", error: .directory("unix:///run/")),
            Refused(label: "dots", text: "/run/..", error: .directory("/run/..")),
            Refused(label: "a zero byte", text: "/run/a\0b", error: .zeroByte("/run/a\0b")),
            Refused(
                label: "108 bytes", text: "/" + String(repeating: "a", count: 107),
                error: .tooLong("/" + String(repeating: "a", count: 107), bytes: 108)),
            Refused(
                label: "54 letters of two bytes each", text: "/" + String(repeating: "ä", count: 54),
                error: .tooLong("/" + String(repeating: "ä", count: 54), bytes: 109)),
        ])
    func refused(_ row: Refused) {
        #expect(throws: row.error) { try Endpoint.path(row.text) }
        #expect(row.error.description.contains("'\(row.text)'"))
    }
}
