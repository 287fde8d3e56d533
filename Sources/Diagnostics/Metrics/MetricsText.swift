/// Metrics as Prometheus reads them: the text format, version 0.0.4.
public struct MetricsText: Sendable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Names and values, in the order written. The names are ours; the values may be anything.
    public typealias Labels = KeyValuePairs<StaticString, String>

    public private(set) var text = ""

    public init() {}

    /// One metric with all its samples. A family without a sample is written without one: that there is none is told, too.
    public mutating func family(
        _ name: StaticString, _ kind: Kind, _ help: StaticString, _ samples: (inout Family) -> Void
    ) {
        text += "# HELP \(name) \(Self.escaped("\(help)", quote: false))\n# TYPE \(name) \(kind.rawValue)\n"
        var family = Family(name: "\(name)")
        samples(&family)
        text += family.text
    }

    /// A metric of one sample.
    public mutating func gauge(_ name: StaticString, _ help: StaticString, _ value: Double) {
        family(name, .gauge, help) { $0.add(value) }
    }

    public mutating func gauge(_ name: StaticString, _ help: StaticString, _ value: Int64) {
        family(name, .gauge, help) { $0.add(value) }
    }

    public mutating func counter(_ name: StaticString, _ help: StaticString, _ value: Double) {
        family(name, .counter, help) { $0.add(value) }
    }

    /// The samples of one metric.
    public struct Family: Sendable {
        let name: String
        fileprivate var text = ""

        public mutating func add(_ value: Int64, _ labels: Labels = [:]) { line("", labels, nil, "\(value)") }

        public mutating func add(_ value: Double, _ labels: Labels = [:]) { line("", labels, nil, number(value)) }

        /// A histogram's buckets, sum and count.
        public mutating func add(_ histogram: Histogram, _ labels: Labels = [:]) {
            let counts = histogram.counts
            var below: UInt64 = 0
            for (bound, count) in zip(Histogram.bounds, counts.buckets) {
                below += count
                line("_bucket", labels, number(bound), "\(below)")
            }
            let all = below + (counts.buckets.last ?? 0)
            line("_bucket", labels, "+Inf", "\(all)")
            line("_sum", labels, nil, number(counts.seconds))
            line("_count", labels, nil, "\(all)")
        }

        private mutating func line(_ suffix: String, _ labels: Labels, _ bound: String?, _ value: String) {
            text += name + suffix
            var words = labels.map { "\($0)=\"\(MetricsText.escaped($1, quote: true))\"" }
            if let bound { words.append("le=\"\(bound)\"") }
            if !words.isEmpty { text += "{\(words.joined(separator: ","))}" }
            text += " \(value)\n"
        }
    }

    /// A label's value, or a help text, in which a quotation mark is itself.
    static func escaped(_ value: String, quote: Bool) -> String {
        var out = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quote: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

/// A number as Go's ParseFloat reads it: Swift writes infinities and 'not a number' in other words.
private func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
}
