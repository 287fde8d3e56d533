import Testing

@testable import Kubernetes

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000Z"),
        ("2024-02-29T23:59:59Z", 1_709_251_199_000_000, "2024-02-29T23:59:59.000000Z"),
        ("2026-11-21T14:00:00.123456Z", 1_795_269_600_123_456, "2026-11-21T14:00:00.123456Z"),
        ("2026-11-21T14:00:00.5Z", 1_795_269_600_500_000, "2026-11-21T14:00:00.500000Z"),
        ("2026-11-21T14:00:00.123456789Z", 1_795_269_600_123_456, "2026-11-21T14:00:00.123456Z"),
        ("2026-11-21T16:30:00+02:30", 1_795_269_600_000_000, "2026-11-21T14:00:00.000000Z"),
        ("1969-12-31T23:59:59.250000Z", -750_000, "1969-12-31T23:59:59.250000Z"),
    ])
    func readsAndPrints(_ text: String, _ microseconds: Int64, _ printed: String) throws {
        let timestamp = try #require(Timestamp(text))
        #expect(timestamp.microseconds == microseconds)
        #expect(timestamp.microText == printed)
        #expect(timestamp.text == "\(printed.prefix(19))Z")
    }

    @Test(arguments: [
        "", "2026", "2026-11-21", "2026-11-21T14:00:00", "2026-11-21T14:00:00.Z", "2026-13-21T14:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T14:00:00+0230", "2026/11/21T14:00:00Z", "2026-11-21T14:00:00Zx",
        "٢٠٢٦-11-21T14:00:00Z",
    ])
    func refuses(_ text: String) { #expect(Timestamp(text) == nil) }
}

@Suite struct Base64Tests {
    @Test(arguments: [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\nYmFy\r\n", "foobar")])
    func decodes(_ text: String, _ bytes: String) { #expect(Base64.decode(text) == Array(bytes.utf8)) }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg===", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm-v", "Zm9v Zm9v"])
    func refuses(_ text: String) { #expect(Base64.decode(text) == nil) }
}
