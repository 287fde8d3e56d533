internal import Testing

@testable internal import Diagnostics

@Suite("LogLine")
struct LogLineTests {
    private func line(_ message: String, _ fields: LogFields = [:], level: LogLevel = .info) -> LogLine {
        LogLine(seconds: 1_700_000_000, milliseconds: 7, level: level, message: message, fields: fields.pairs)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        let message: String
        let fields: LogFields
        let text: String
        let json: String
        var testDescription: String { label }
    }

    @Test(
        "a line stays one line, in both formats",
        arguments: [
            Row(label: "plain", message: "ready", fields: [:], text: "ready", json: #""ready""#),
            Row(
                label: "fields in the order given", message: "staged", fields: ["volume": "hf-1", "a": "2"],
                text: "staged volume=hf-1 a=2", json: #""staged","volume":"hf-1","a":"2""#),
            Row(
                label: "a nil field is left out", message: "x", fields: ["a": nil, "b": "1", "c": nil], text: "x b=1",
                json: #""x","b":"1""#),
            Row(label: "an empty value", message: "x", fields: ["a": ""], text: #"x a="""#, json: #""x","a":"""#),
            Row(
                label: "a value with a space", message: "x", fields: ["a": "b c"], text: #"x a="b c""#,
                json: #""x","a":"b c""#),
            Row(
                label: "a value with an equals sign", message: "x", fields: ["a": "b=c"], text: #"x a="b=c""#,
                json: #""x","a":"b=c""#),
            Row(
                label: "a value with quotes and backslashes", message: "x", fields: ["a": #"say "\n""#],
                text: #"x a="say \"\\n\"""#, json: #""x","a":"say \"\\n\"""#),
            Row(
                label: "a forged second line in the message", message: "x\n2023 ERROR forged", fields: [:],
                text: #"x\n2023 ERROR forged"#, json: #""x\n2023 ERROR forged""#),
            Row(
                label: "a forged field in a value", message: "x", fields: ["a": "1\nb=2"], text: #"x a="1\nb=2""#,
                json: #""x","a":"1\nb=2""#),
            Row(
                label: "carriage return and tab", message: "a\r\tb", fields: ["a": "\r\t"], text: #"a\r\tb a="\r\t""#,
                json: #""a\r\tb","a":"\r\t""#),
            Row(
                label: "a terminal's escape character", message: "a\u{1b}[2J", fields: ["a": "\u{1b}[31m"],
                text: #"a\u001b[2J a="\u001b[31m""#, json: #""a\u001b[2J","a":"\u001b[31m""#),
            Row(
                label: "NUL and delete", message: "a\0b\u{7f}", fields: ["a": "x\u{7f}", "b": "\0"],
                text: #"a\u0000b\u007f a="x\u007f" b="\u0000""#,
                json: #""a\u0000b\u007f","a":"x\u007f","b":"\u0000""#),
            Row(
                label: "control characters of eight bits", message: "a\u{9b}2J", fields: ["a": "\u{85}"],
                text: #"a\u009b2J a="\u0085""#, json: #""a\u009b2J","a":"\u0085""#),
            Row(
                label: "Unicode's line separators", message: "a\u{2028}b", fields: ["a": "\u{2029}"],
                text: #"a\u2028b a="\u2029""#, json: #""a\u2028b","a":"\u2029""#),
            Row(
                label: "letters of other scripts", message: "größe 体积", fields: ["a": "ü"], text: "größe 体积 a=ü",
                json: #""größe 体积","a":"ü""#),
            Row(
                label: "a key that needs quoting in JSON", message: "x", fields: ["a\"b": "1"], text: #"x a"b=1"#,
                json: #""x","a\"b":"1""#),
        ])
    func formats(_ row: Row) {
        let line = line(row.message, row.fields)
        #expect(line.text() == "2023-11-14T22:13:20.007Z INFO \(row.text)")
        #expect(line.json() == "{\"time\":\"2023-11-14T22:13:20.007Z\",\"level\":\"info\",\"message\":\(row.json)}")
    }

    @Test("levels are named in each format", arguments: LogLevel.allCases)
    func levels(_ level: LogLevel) {
        let line = line("x", level: level)
        #expect(line.text().hasSuffix(" \(level.rawValue.uppercased()) x"))
        #expect(line.json().contains("\"level\":\"\(level.rawValue)\""))
    }

    @Test("levels are ordered from the most talkative on")
    func order() {
        #expect(LogLevel.allCases.sorted() == [.debug, .info, .warning, .error])
        #expect(LogLevel.debug < .info && LogLevel.info < .warning && LogLevel.warning < .error)
    }

    @Test(
        "timestamps are RFC 3339 in UTC",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.001Z"),
            (951_868_799, 999, "2000-02-29T23:59:59.999Z"),
            (951_868_800, 50, "2000-03-01T00:00:00.050Z"),
            (1_078_012_800, 0, "2004-02-29T00:00:00.000Z"),
            (1_735_689_599, 0, "2024-12-31T23:59:59.000Z"),
            (1_735_689_600, 0, "2025-01-01T00:00:00.000Z"),
            (4_107_542_399, 0, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000Z"),
            (2_147_483_648, 0, "2038-01-19T03:14:08.000Z"),
            (-1, 0, "1969-12-31T23:59:59.000Z"),
        ] as [(Int64, Int, String)])
    func timestamps(seconds: Int64, milliseconds: Int, expected: String) {
        let line = LogLine(seconds: seconds, milliseconds: milliseconds, level: .info, message: "x", fields: [])
        #expect(line.text() == "\(expected) INFO x")
    }
}
