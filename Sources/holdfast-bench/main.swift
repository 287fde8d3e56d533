internal import CSI
internal import Glibc
internal import RPC
internal import Settings

// Prints `name value unit` lines. It measures the release build beside it, and what it compares with, in one run.

let command = Command(
    "holdfast-bench",
    summary: "Measure a node: calls, a volume's cycle, snapshots and copies, memory, start; or a node in a cluster",
    options: [
        .value("--peer", "unix:///SOCK", help: "another CSI plugin's socket, whose Probe is measured as well"),
        .value(
            "--cycles", "N", help: "how many volume cycles are measured, in turn with as many raw ones", default: "15"),
        .value("--probes", "N", help: "how many calls a Probe figure is taken from", default: "20000"),
        .value(
            "--kubeconfig", "FILE",
            help: "measure node and reconciler in this cluster instead, whose binder has to run; for its administrator"),
        .value(
            "--peer-provisioner", "COMMAND",
            help: "measure that one in the reconciler's place; it gets SOCKET, DRIVER, NODE_NAME, NAMESPACE, KUBECONFIG"
        ),
        .value("--claims", "N", help: "how many claims are made at once in a cluster", default: "1000"),
        .value("--objects", "N", help: "how many claims and volumes a first sync is measured with", default: "10000"),
    ])

func fail(_ error: any Error, _ status: CInt) -> Never {
    let line = "holdfast-bench: \(error)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(status)
}

func run(_ values: OptionValues) async throws {
    if let file = values.optionalString("--kubeconfig") {
        let claims = try values.integer("--claims", in: 1...100_000)
        let objects = try values.integer("--objects", in: 0...100_000)
        return try await ClusterBench(kubeconfig: file, peer: values.optionalString("--peer-provisioner"))
            .measureAll(claims: Int(claims), objects: Int(objects))
    }
    let probes = try values.integer("--probes", in: 100...10_000_000)
    let cycles = try values.integer("--cycles", in: 1...10_000)
    let bench = try NodeBench()
    do {
        try await measure(bench, values, probes: probes, cycles: cycles)
    } catch {
        try? bench.end()
        throw error
    }
    try bench.end()
}

func measure(_ bench: NodeBench, _ values: OptionValues, probes: Int, cycles: Int) async throws {
    try await bench.measureStart()
    try await ProbeBench(name: "", socket: bench.socket, probes: probes).measure()
    if let peer = values.optionalString("--peer") {
        try await ProbeBench(name: "peer_", socket: Endpoint.path(peer), probes: probes).measure()
    }
    try await HangBench(bench: bench, probes: min(probes, 5_000)).measure()
    try await CycleBench(bench: bench, cycles: cycles).measure()
    try await CopyBench(bench: bench, rounds: cycles).measure()
    report("loaded_rss", try bench.residentMiB(), "MiB")
}

do {
    switch try command.parse(Array(CommandLine.arguments.dropFirst()), environment: Environment.process) {
    case .help(let text): print(text, terminator: "")
    case .run(let values): try await run(values)
    }
} catch let error as UsageError {
    fail(error, 2)
} catch {
    fail(error, 1)
}
