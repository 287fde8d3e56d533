/// Metrics in Prometheus' text format 0.0.4, read as strictly as its description is written: every sample has its family's
/// HELP and TYPE before it, no sample comes twice, and histograms are whole.
public struct PrometheusText: Sendable {
    public struct Sample: Sendable, Hashable {
        public let name: String
        public let labels: [String: String]
        public let value: Double
    }

    public struct Malformed: Error, CustomStringConvertible {
        public let description: String
    }

    /// By family.
    public private(set) var kinds: [String: String] = [:]
    public private(set) var samples: [Sample] = []
    private var helped: Set<String> = []
    private var family = ""

    public init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(description: "the last line has no end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) { try read(String(line)) }
        for (name, kind) in kinds where kind == "histogram" { try checkHistogram(name) }
    }

    /// The one sample of that name with those labels among its own.
    public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = samples.filter { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }
        return found.count == 1 ? found[0].value : nil
    }

    private mutating func read(_ line: String) throws {
        if line.hasPrefix("# HELP ") { return try readHelp(line) }
        if line.hasPrefix("# TYPE ") { return try readType(line) }
        if line.hasPrefix("#") || line.isEmpty { throw Malformed(description: "a line that is not needed: '\(line)'") }
        let sample = try Self.sample(line)
        let suffixes = kinds[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { sample.name == family + $0 }) else {
            throw Malformed(description: "'\(line)' stands within the family \(family)")
        }
        if samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) {
            throw Malformed(description: "'\(line)' comes twice")
        }
        samples.append(sample)
    }

    private mutating func readHelp(_ line: String) throws {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, Self.isName(words[2], colons: true), helped.insert(words[2]).inserted else {
            throw Malformed(description: "no help, or a second one: '\(line)'")
        }
        _ = try Self.unescaped(words[3][...], quote: false)
    }

    private mutating func readType(_ line: String) throws {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, helped.contains(words[2]), kinds[words[2]] == nil,
            ["counter", "gauge", "histogram", "summary", "untyped"].contains(words[3])
        else { throw Malformed(description: "no type, or a second one: '\(line)'") }
        kinds[words[2]] = words[3]
        family = words[2]
    }

    private static func sample(_ line: String) throws -> Sample {
        var rest = line[...]
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        guard isName(name, colons: true) else { throw Malformed(description: "no name: '\(line)'") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest = rest.dropFirst()
                let label = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(label.count)
                guard isName(label, colons: false), rest.hasPrefix("=\"") else {
                    throw Malformed(description: "no label: '\(line)'")
                }
                rest = rest.dropFirst(2)
                let value = try quoted(&rest, line)
                guard labels.updateValue(value, forKey: label) == nil else {
                    throw Malformed(description: "the label \(label) comes twice: '\(line)'")
                }
            } while rest.first == ","
            guard rest.first == "}" else { throw Malformed(description: "labels without end: '\(line)'") }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = number(String(rest.dropFirst())) else {
            throw Malformed(description: "no value: '\(line)'")
        }
        return Sample(name: name, labels: labels, value: value)
    }

    /// What stands before the next quotation mark that is one.
    private static func quoted(_ rest: inout Substring, _ line: String) throws -> String {
        var text = ""
        while let character = rest.unicodeScalars.first, character != "\"" {
            text.unicodeScalars.append(character)
            rest.unicodeScalars.removeFirst()
            if character == "\\", let next = rest.unicodeScalars.first {
                text.unicodeScalars.append(next)
                rest.unicodeScalars.removeFirst()
            }
        }
        guard rest.unicodeScalars.first == "\"" else { throw Malformed(description: "a value without end: '\(line)'") }
        rest.unicodeScalars.removeFirst()
        return try unescaped(text[...], quote: true)
    }

    private static func unescaped(_ text: Substring, quote: Bool) throws -> String {
        var out = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "\\": out += "\\"
            case "n": out += "\n"
            case "\"" where quote: out += "\""
            default: throw Malformed(description: "an unknown escape in '\(text)'")
            }
        }
        return out
    }

    /// As Go's ParseFloat takes it.
    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.allSatisfy { "+-.0123456789eE".contains($0) } ? Double(text) : nil
        }
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
                || (colons && byte == 58)
        }
    }

    /// Buckets grow with their bounds, the last one has none and holds all, and there is a sum.
    private func checkHistogram(_ name: String) throws {
        func others(_ sample: Sample) -> [String: String] { sample.labels.filter { $0.key != "le" } }
        let buckets = samples.filter { $0.name == name + "_bucket" }
        for labels in Set(buckets.map(others)) {
            let own = buckets.filter { others($0) == labels }
            let bounds = own.map { $0.labels["le"].flatMap(Self.number) ?? .nan }
            let counts = own.map(\.value)
            guard bounds == bounds.sorted(), bounds.last == .infinity, counts == counts.sorted(),
                samples.contains(where: { $0.name == name + "_count" && $0.labels == labels && $0.value == counts.last }
                ),
                samples.contains(where: { $0.name == name + "_sum" && $0.labels == labels })
            else { throw Malformed(description: "the histogram \(name) of \(labels) is not whole") }
        }
    }
}
