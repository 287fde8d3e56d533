internal import Diagnostics
internal import Kubernetes
internal import RPC
internal import Reconciler
internal import Settings

/// What the command line and the environment say, checked.
struct ReconcilerOptions {
    let socket: String
    let cluster: ClusterConfiguration
    let settings: ReconcilerSettings
    /// Where /healthz, /readyz and /metrics are served; nil for nowhere.
    let http: (address: String, port: UInt16)?
    let logLevel: LogLevel
    let logFormat: LogFormat

    static let command = Command(
        "holdfast-reconciler", summary: "Keep claims and PersistentVolumes true to what a node's devices hold",
        options: [
            .value("--csi-endpoint", "unix:///PATH", help: "the node's socket", required: true, environment: true),
            .value(
                "--node-id", "ID", help: "the node's name in the cluster, the same as holdfast-node has",
                required: true,
                environment: true),
            .value(
                "--kubeconfig", "FILE", help: "how to reach the API server; without it, as a pod does",
                environment: true),
            .value(
                "--loops", "LIST", help: "which of \(words) are on, with commas between", default: words,
                environment: true),
            .value(
                "--http", "ADDR:PORT", help: "serve /healthz, /readyz and /metrics there", environment: true),
            .value(
                "--namespace", "NAME",
                help: "where the Lease and the capacity objects are; without it, the pod's or the kubeconfig's",
                environment: true),
            .value(
                "--pod", "NAME", help: "this pod, whose owner the capacity objects go with", environment: true),
            .value(
                "--orphan-grace", "SECONDS",
                help:
                    "how old a volume has to be that no claim and no PersistentVolume speaks of, and that was never used, before it is deleted",
                default: "60", environment: true),
            .value(
                "--log-level", "L", help: "one of \(choices(LogLevel.self))", default: LogLevel.info.rawValue,
                environment: true),
            .value(
                "--log-format", "F", help: "one of \(choices(LogFormat.self))", default: LogFormat.text.rawValue,
                environment: true),
            .flag("--version", help: "print the version and exit"),
        ])

    private static let words = LoopKind.allCases.map(\.rawValue).joined(separator: ",")

    init(_ values: OptionValues) throws {
        do throws(EndpointError) {
            socket = try Endpoint.path(values.string("--csi-endpoint"))
        } catch {
            throw values.usageError("--csi-endpoint: \(error)")
        }
        cluster =
            if let file = values.optionalString("--kubeconfig") {
                try ClusterConfiguration.kubeconfig(path: file)
            } else {
                try ClusterConfiguration.inCluster(environment: Environment.process)
            }
        var loops: Set<LoopKind> = []
        for word in values.string("--loops").split(separator: ",") {
            guard let loop = LoopKind(rawValue: String(word)) else {
                throw values.error("--loops", expected: "some of \(Self.words), with commas between")
            }
            loops.insert(loop)
        }
        settings = ReconcilerSettings(
            node: values.string("--node-id"), loops: loops,
            namespace: values.optionalString("--namespace") ?? cluster.namespace ?? "default",
            pod: values.optionalString("--pod"),
            orphanGrace: Double(try values.integer("--orphan-grace", in: 0...86_400)))
        http = try values.optionalString("--http").map { text in
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                throw values.error("--http", expected: "an address and a port, such as 127.0.0.1:9809 or [::]:9809")
            }
            let address = text[..<colon]
            // An IPv6 address stands in brackets, so that its colons are not the port's.
            return (String(address.hasPrefix("[") ? address.dropFirst().dropLast() : address), port)
        }
        logLevel = try values.choice("--log-level", of: LogLevel.self)
        logFormat = try values.choice("--log-format", of: LogFormat.self)
    }
}

private func choices<Word: CaseIterable & RawRepresentable<String>>(_: Word.Type) -> String {
    Word.allCases.map(\.rawValue).joined(separator: ", ")
}
