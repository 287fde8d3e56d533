import Kubernetes
import Testing

@Suite struct QuantityTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let text: String
        let bytes: Int64
        let printed: String
        var testDescription: String { text }
    }

    @Test(arguments: [
        Row(text: "0", bytes: 0, printed: "0"),
        Row(text: "1Gi", bytes: 1 << 30, printed: "1Gi"),
        Row(text: "1.5Gi", bytes: 3 << 29, printed: "1536Mi"),
        Row(text: "0.5Ki", bytes: 512, printed: "512"),
        Row(text: "1000Ki", bytes: 1_024_000, printed: "1000Ki"),
        Row(text: "1024Mi", bytes: 1 << 30, printed: "1Gi"),
        Row(text: "1G", bytes: 1_000_000_000, printed: "1G"),
        Row(text: "1000000000", bytes: 1_000_000_000, printed: "1G"),
        Row(text: "1500", bytes: 1_500, printed: "1500"),
        Row(text: "12e6", bytes: 12_000_000, printed: "12e6"),
        Row(text: "1E3", bytes: 1_000, printed: "1e3"),
        Row(text: "1E", bytes: 1_000_000_000_000_000_000, printed: "1E"),
        Row(text: "100m", bytes: 1, printed: "100m"),
        Row(text: "-100m", bytes: -1, printed: "-100m"),
        Row(text: "1n", bytes: 1, printed: "1n"),
        Row(text: "0.1n", bytes: 1, printed: "1n"),
        Row(text: "1e-30", bytes: 1, printed: "1e-9"),
        Row(text: "1e-1000000", bytes: 1, printed: "1e-9"),
        Row(text: "+5k", bytes: 5_000, printed: "5k"),
        Row(text: ".5M", bytes: 500_000, printed: "500k"),
        Row(text: "5.M", bytes: 5_000_000, printed: "5M"),
        Row(text: "1.000000000000000000000000001", bytes: 2, printed: "1000000001n"),
        Row(
            text: "0.3333333333333333333333Ei", bytes: 384_307_168_202_282_326, printed: "384307168202282325333294903n"),
        Row(text: "9223372036854775807", bytes: .max, printed: "9223372036854775807"),
        Row(text: "9223372036854775808", bytes: .max, printed: "9223372036854775807"),
        Row(text: "8Ei", bytes: .max, printed: "9223372036854775807"),
        Row(text: "1e1000000", bytes: .max, printed: "9223372036854775807"),
        Row(text: "-1e99", bytes: -.max, printed: "-9223372036854775807"),
        Row(text: "00000000000000000000000000000000000000000007", bytes: 7, printed: "7"),
        Row(text: "0e999", bytes: 0, printed: "0"),
    ])
    func reads(_ row: Row) throws {
        let quantity = try #require(Quantity(row.text))
        #expect(quantity.bytes == row.bytes)
        #expect(quantity.text == row.printed)
        #expect(Quantity(quantity.text) == quantity)
    }

    @Test(arguments: [
        "", " ", "-", "+", ".", "Gi", "1 Gi", " 1", "1 ", "1gi", "1KB", "1K", "1GiB", "1,5", "1..5", "--1", "1e",
        "1e1.5",
        "1e+", "0x10", "1e99999999999999999999", "١", "1Gi\n", "NaN", "Inf", String(repeating: "1", count: 257),
    ])
    func refuses(_ text: String) { #expect(Quantity(text) == nil) }

    @Test func comparesAmountsAndNotWords() {
        #expect(Quantity("1Gi") == Quantity("1073741824"))
        #expect(Quantity(bytes: 1 << 40).text == "1Ti")
        #expect(Quantity(bytes: 1_000).text == "1k")
        #expect(Quantity("1000m")! < Quantity("1Ki")!)
    }
}
