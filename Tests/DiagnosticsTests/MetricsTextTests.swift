internal import Diagnostics
internal import TestSupport
internal import Testing

@Suite("Metrics in Prometheus' text format")
struct MetricsTextTests {
    @Test(
        "keep what a label's value holds",
        arguments: [
            "plain", "", "a \"quoted\" word", "back\\slash", "two\nlines", "\\n", "größe 体積", "a,b=\"c\"}", "\\\"",
        ])
    func labels(value: String) throws {
        var text = MetricsText()
        text.family("family", .gauge, "Help.") { $0.add(7 as Int64, ["label": value, "other": "x"]) }
        let parsed = try PrometheusText(text.text)
        #expect(parsed.samples.map(\.labels) == [["label": value, "other": "x"]])
        #expect(parsed.value("family", ["label": value]) == 7)
    }

    @Test(
        "write numbers as they are read",
        arguments: [
            0, 1, -1, 0.1, 1.5e-7, 1e21, 123_456_789_012, .infinity, -.infinity, Double.greatestFiniteMagnitude,
        ])
    func numbers(value: Double) throws {
        var text = MetricsText()
        text.gauge("number", "Help with a \\ and\na second line.", value)
        #expect(try PrometheusText(text.text).value("number") == value)
    }

    @Test("write what is no number as NaN")
    func notANumber() throws {
        var text = MetricsText()
        text.gauge("number", "Help.", Double.nan)
        #expect(text.text.hasSuffix("number NaN\n"))
        #expect(try PrometheusText(text.text).value("number")?.isNaN == true)
    }

    @Test("have histograms whose buckets hold all that is at most their bound")
    func histogram() throws {
        let histogram = Histogram()
        for seconds in [0, 0.000_1, 0.000_2, 0.001, 3, 1_000] { histogram.note(seconds: seconds) }
        var text = MetricsText()
        text.family("took_seconds", .histogram, "Help.") { $0.add(histogram, ["method": "a"]) }
        let parsed = try PrometheusText(text.text)
        for (bound, count) in [("0.0001", 2.0), ("0.001", 4), ("2.5", 4), ("10", 5), ("120", 5), ("+Inf", 6)] {
            #expect(parsed.value("took_seconds_bucket", ["le": bound, "method": "a"]) == count, "\(bound)")
        }
        #expect(parsed.value("took_seconds_count") == 6)
        #expect(try #require(parsed.value("took_seconds_sum")) > 1_003)
    }

    @Test("tell of families without a sample")
    func empty() throws {
        var text = MetricsText()
        text.family("nothing_total", .counter, "Help.") { _ in }
        #expect(try PrometheusText(text.text).kinds == ["nothing_total": "counter"])
    }

    /// A parser that takes everything would show nothing.
    @Test(
        "are read strictly",
        arguments: [
            "", "a 1\n", "# TYPE a gauge\na 1\n", "# HELP a h\n# TYPE a gauge\na 1",
            "# HELP a h\n# TYPE a gauge\nb 1\n",
            "# HELP a h\n# TYPE a gauge\na 1\na 2\n", "# HELP a h\n# TYPE a gauge\na{x=\"1\" 1\n",
            "# HELP a h\n# TYPE a gauge\na{x=\"\\t\"} 1\n", "# HELP a h\n# TYPE a gauge\na inf\n",
            "# HELP a h\n# TYPE a kind\na 1\n", "# HELP a h\n# TYPE a gauge\n\na 1\n",
            "# HELP a h\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
        ])
    func strict(text: String) { #expect(throws: PrometheusText.Malformed.self) { try PrometheusText(text) } }
}

@Suite("Figures")
struct FiguresTests {
    @Test("of calls are told by code")
    func calls() {
        let figures = CallFigures(method: "Probe")
        #expect(figures.codes.isEmpty)
        for code in [0, 0, 16, 99, -1] { figures.note(code: code, seconds: 0.1) }
        #expect(figures.codes.map(\.code) == [0, 16] && figures.codes.map(\.calls) == [2, 1])
    }

    @Test("of the process are the kernel's")
    func process() throws {
        let before = try #require(ProcessFigures.now)
        #expect(before.residentBytes > 1 << 20 && before.threads >= 1 && before.processorSeconds > 0)
        #expect(before.anonymousBytes > 0 && before.anonymousBytes <= before.residentBytes)
        #expect(before.openDescriptors >= 3)
    }

    @Test("are noted from many threads without a loss")
    func threads() async {
        let figures = CallFigures(method: "Probe")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1_000 { figures.note(code: 0, seconds: 0.01) } } }
        }
        #expect(figures.codes.map(\.calls) == [8_000])
    }
}
