internal import Processes
internal import Syscalls
internal import TestSupport
internal import Testing

/// A start of the executable that is expected to end by itself.
struct NodeRun {
    private let folder = TemporaryFolder("run")
    private let daemon: Daemon
    private let log: String

    init(_ arguments: [String]) throws {
        log = folder.at("output")
        daemon = try Daemon(NodeUnderTest.executable, arguments, log: log)
    }

    /// Exit status and output, once it has ended.
    func ending(location: SourceLocation = #_sourceLocation) async throws -> (status: Int32, output: String) {
        await eventually("the process has not ended", location: location) { daemon.exitStatus != nil }
        let output = String(decoding: try Files.read(log, limit: 1 << 20), as: UTF8.self)
        let status = try #require(daemon.exitStatus, "\(output)", sourceLocation: location)
        try #require(status & 0x7f == 0, "a signal ended the process: \(output)", sourceLocation: location)
        return ((status >> 8) & 0xff, output)
    }
}
