internal import CSI
internal import RPC
internal import Settings

/// `holdfast metrics`: the node's metrics as Prometheus reads them.
enum MetricsCommand {
    static let command = Command(
        "metrics", summary: "Print the node's metrics in Prometheus' text format",
        options: [SharedOption.endpoint, SharedOption.timeout])

    static func run(_ values: OptionValues) async throws {
        let answer = try await values.client().call(Host.getMetrics, Host.GetMetricsRequest())
        print(answer.text, terminator: "")
    }
}
