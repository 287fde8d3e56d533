internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Syscalls

/// A node of its own for as long as the benchmark runs, with three empty pools: `default` on the filesystem that temporary
/// files lie on, `xfs` on an XFS, which shares blocks, and `held` on an ext4 that is held still to make calls hang.
final class NodeBench {
    let path: String
    var socket: String { "\(path)/csi.sock" }
    private var daemon: Daemon?

    init() throws {
        // The pool lies on a real filesystem: /tmp may be memory.
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
        var template = Array("\(base)/holdfast-bench-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("make a folder in", base) }
        path = String(cString: made)
        for name in [
            "pool", "xfs", "held", "kubelet", "kubelet/staging", "kubelet/pods", "raw", "raw/staging", "raw/target",
        ] {
            guard mkdir("\(path)/\(name)", 0o700) == 0 else { throw SystemError.last("make", name) }
        }
        let disk = "\(path)/xfs.image"
        try run("truncate", ["-s", "16G", disk])
        try run("mkfs.xfs", ["-q", disk])
        try run("mount", ["-o", "loop", disk, "\(path)/xfs"])
        let held = "\(path)/held.image"
        try run("truncate", ["-s", "256M", held])
        try run("mkfs.ext4", ["-q", held])
        try run("mount", ["-o", "loop", held, "\(path)/held"])
        let configuration = """
            pools:
              - name: default
                path: \(path)/pool
              - name: xfs
                path: \(path)/xfs
              - name: held
                path: \(path)/held

            """
        try Files.write(
            Array(configuration.utf8), to: try Files.open("\(path)/node.yaml", O_WRONLY | O_CREAT), "node.yaml")
    }

    /// From exec to the first answered Probe, several times; and the memory of a node that has answered one call.
    func measureStart() async throws {
        var times: [Double] = []
        for _ in 0..<11 {
            daemon?.end(within: 30)
            let started = Moment.now
            daemon = try start()
            try await waitUntilReady()
            times.append(started.age * 1_000)
        }
        report("start_to_probe", median(times), "ms")
        report("idle_rss", try residentMiB(), "MiB")
    }

    private func start() throws -> Daemon {
        return try Daemon(
            productBeside("holdfast-node"),
            [
                "--endpoint", "unix://\(socket)", "--node-id", "bench", "--config", "\(path)/node.yaml",
                "--kubelet-root",
                "\(path)/kubelet", "--log-level", "warning",
            ], log: "\(path)/log")
    }

    private func waitUntilReady() async throws {
        let deadline = Moment.after(seconds: 10)
        while deadline.remainingMilliseconds > 0 {
            // A client that finds no socket backs off for a second, so the socket is looked for first.
            if access(socket, F_OK) == 0 {
                let client = CSIClient(socket: socket, timeout: 1)
                defer { client.close() }
                if let answer = try? await client.call(CSIMethod.probe, ProbeRequest()), answer.ready == true { return }
            }
            usleep(100)
        }
        throw BenchError(description: "the node was not ready within 10 s; see \(path)/log")
    }

    /// The node's resident memory.
    func residentMiB() throws -> Double {
        guard let daemon else { throw BenchError(description: "no node runs") }
        return try memory(of: daemon).resident
    }

    /// Ends the node and removes everything; what a failed measurement left mounted is unmounted first.
    func end() throws {
        let status = daemon?.end(within: 30) ?? 0
        let table = String(decoding: try Files.read("/proc/self/mountinfo", limit: 1 << 24), as: UTF8.self)
        let points = table.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst(4).first }
        for point in points.reversed() where point.hasPrefix("\(path)/") { try run("umount", [String(point)]) }
        try run("rm", ["-rf", "--one-file-system", path])
        guard status == 0 else { throw BenchError(description: "the node ended with wait status \(status)") }
    }
}
