internal import CSI
internal import Glibc
internal import RPC
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

/// Sends mutated requests to a node, many at a time over several connections, and keeps count of how they end.
final class FuzzRun: Sendable {
    private struct State {
        var codes: [StatusCode: Int] = [:]
        var findings = 0
        /// The inputs under way, so that what ended the node is among them.
        var underWay: [Int: (path: String, input: [UInt8])] = [:]
    }

    let seed: UInt64
    private let node: NodeUnderTest
    private let clients: [RPCClient]
    private let state = Mutex(State())

    private static let connections = 4
    private static let callsAtOnce = 48
    /// Seconds within which every call has to be answered.
    private static let patience = 30.0
    /// More findings than these say nothing new.
    private static let mostFindings = 20

    init(_ node: NodeUnderTest, seed: UInt64) {
        self.node = node
        self.seed = seed
        clients = (0..<Self.connections).map { _ in RPCClient(socket: node.socket) }
    }

    var codes: [StatusCode: Int] { state.withLock { $0.codes } }
    var summary: String {
        codes.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.name) \($0.value)" }.joined(separator: ", ")
    }

    func close() { for client in clients { client.close() } }

    /// Sends the inputs of those numbers, each made of one of the seeds.
    func send(_ numbers: Range<Int>, _ seeds: [FuzzSeed], _ texts: [[UInt8]]) async {
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<Self.callsAtOnce {
                group.addTask { [self] in
                    let client = clients[worker % clients.count]
                    for number in stride(
                        from: numbers.lowerBound + worker, to: numbers.upperBound, by: Self.callsAtOnce)
                    where state.withLock({ $0.findings }) < Self.mostFindings {
                        await send(number, seeds, texts, client)
                    }
                }
            }
        }
    }

    private func send(_ number: Int, _ seeds: [FuzzSeed], _ texts: [[UInt8]], _ client: RPCClient) async {
        var mutator = WireMutator(
            generator: SeededGenerator(seed: seed, index: number), texts: texts, largeEvery: 2_500)
        let request = mutator.generator.element(seeds)
        let input = mutator.mutated(request.bytes, other: mutator.generator.element(seeds).bytes)
        state.withLock { $0.underWay[number] = (request.path, input) }
        do throws(RPCStatus) {
            if request.isStream {
                for try await _ in client.serverStream(request.path, input, timeout: Self.patience) {}
            } else {
                _ = try await client.unary(request.path, input, timeout: Self.patience)
            }
            ended(number, .ok)
        } catch {
            ended(number, error.code)
            if let fault = Self.fault(error) { found(number, "\(fault): \(error)", request.path, input) }
        }
    }

    private func ended(_ number: Int, _ code: StatusCode) {
        state.withLock { state in
            state.codes[code, default: 0] += 1
            state.underWay[number] = nil
        }
    }

    /// What is wrong with an answer, if something is: the node is sound, so nothing that it is asked may make it fail.
    private static func fault(_ status: RPCStatus) -> String? {
        switch status.code {
        case .internalError where excused.contains(where: status.message.contains): nil
        case .internalError, .dataLoss, .unknown: "failed"
        case .deadlineExceeded: "was not answered in time"
        case .unavailable, .cancelled: "was not answered"
        case .unimplemented, .unauthenticated, .permissionDenied: "was answered by nobody who knows it"
        default: status.message.isEmpty ? "was refused without a word" : nil
        }
    }

    /// Failures that a client can cause, each with the reason why it is no other code.
    private static let excused: [String] = []

    private func found(_ number: Int, _ what: String, _ path: String, _ input: [UInt8]) {
        guard
            state.withLock({
                $0.findings += 1
                return $0.findings
            }) <= Self.mostFindings
        else { return }
        let file = Self.keep(input, "fuzz-\(seed)-\(number)")
        Issue.record("seed \(seed), input \(number), \(path) \(what.prefix(600)); \(file)")
    }

    /// Tells of what was under way when the node ended.
    func nodeEnded() {
        for (number, call) in state.withLock({ $0.underWay }) {
            let file = Self.keep(call.input, "fuzz-\(seed)-\(number)")
            Issue.record("seed \(seed), input \(number) of \(call.path) was under way when the node ended; \(file)")
        }
    }

    /// Short inputs in hexadecimal, long ones as a file in the folder `HOLDFAST_FUZZ_FINDINGS`, which is /tmp by default.
    private static func keep(_ input: [UInt8], _ name: String) -> String {
        if input.count <= 1_000 { return "input: \(input.hexadecimal)" }
        let folder = getenv("HOLDFAST_FUZZ_FINDINGS").map { String(cString: $0) } ?? "/tmp"
        let path = "\(folder)/\(name)"
        guard let file = try? Files.open(path, O_WRONLY | O_CREAT | O_TRUNC),
            (try? Files.write(input, to: file, path)) != nil
        else { return "input: \(input.prefix(1_000).hexadecimal)…" }
        return "input: \(path)"
    }
}
