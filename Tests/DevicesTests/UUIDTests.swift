internal import Devices
internal import Testing

@Suite("UUID")
struct UUIDTests {
    @Test("reads what it writes", arguments: 0..<50)
    func roundTrip(_: Int) {
        let uuid = UUID.random()
        #expect(UUID("\(uuid)") == uuid)
        #expect("\(uuid)".utf8.count == 36)
        #expect(Array("\(uuid)")[14] == "4", "a random UUID is of version 4")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let label: String
        let text: String
        let expected: String?
        var testDescription: String { label }
    }

    @Test(
        "reads only the usual form",
        arguments: [
            Case(
                label: "upper case", text: "F1C396FE-3C4F-40DF-8687-8F11299822E3",
                expected: "f1c396fe-3c4f-40df-8687-8f11299822e3"),
            Case(label: "empty", text: "", expected: nil),
            Case(label: "no hyphens", text: "f1c396fe3c4f40df86878f11299822e3", expected: nil),
            Case(label: "misplaced hyphen", text: "f1c396f-e3c4f-40df-8687-8f11299822e3", expected: nil),
            Case(label: "a letter beyond f", text: "g1c396fe-3c4f-40df-8687-8f11299822e3", expected: nil),
            Case(label: "one digit more", text: "f1c396fe-3c4f-40df-8687-8f11299822e31", expected: nil),
        ])
    func form(_ row: Case) {
        #expect(UUID(row.text).map { "\($0)" } == row.expected)
    }
}
