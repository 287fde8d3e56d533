internal import CSI
internal import Glibc
internal import RPC
internal import Settings

/// The commands. Each is a file of its own with a declaration and a `run`.
enum CommandCatalog {
    private static let all: [(command: Command, run: @Sendable (OptionValues) async throws -> Void)] = [
        (DemoCommand.command, DemoCommand.run),
        (VolumesCommand.command, VolumesCommand.run),
        (InspectCommand.command, InspectCommand.run),
        (SnapshotsCommand.command, SnapshotsCommand.run),
        (CloneCommand.command, CloneCommand.run),
        (ExpandCommand.command, ExpandCommand.run),
        (ProbeCommand.command, ProbeCommand.run),
        (MetricsCommand.command, MetricsCommand.run),
        (OperationsCommand.command, OperationsCommand.run),
        (DrainWaitCommand.command, DrainWaitCommand.run),
    ]

    static let tree = CommandTree(
        "holdfast", summary: "Look at the volumes of this node, and try the storage agent out",
        commands: all.map(\.command))

    static func run(_ values: OptionValues) async throws {
        guard let chosen = all.first(where: { $0.command.name == values.command.name }) else {
            preconditionFailure("the tree parses commands of this list only")
        }
        try await chosen.run(values)
    }
}

/// How results are printed.
enum OutputForm: String, CaseIterable, Sendable {
    case table, json
}

/// Options that several commands have.
enum SharedOption {
    static let endpoint = Option.value(
        "--endpoint", "unix:///PATH", help: "the node's socket",
        default: "unix:///var/lib/kubelet/plugins/csi.holdfast.dev/csi.sock", environment: true)
    static let timeout = Option.value(
        "--timeout", "SECONDS", help: "how long a call may take", default: "10", environment: true)
    /// For what may copy a volume's content.
    static let copyTimeout = Option.value(
        "--timeout", "SECONDS", help: "how long the call may take", default: "3600", environment: true)
    static let output = Option.value("--output", "FORM", help: "table or json", default: OutputForm.table.rawValue)
}

extension OptionValues {
    /// A client of the node that the options name.
    func client() throws(UsageError) -> CSIClient {
        let seconds = Double(try integer("--timeout", in: 1...86_400))
        do throws(EndpointError) {
            return CSIClient(socket: try Endpoint.path(string("--endpoint")), timeout: seconds)
        } catch {
            throw usageError("--endpoint: \(error)")
        }
    }

    /// Bytes of an option or argument that is a Kubernetes quantity; nil where it was not given.
    func size(_ name: String) throws(UsageError) -> Int64? {
        guard let text = optionalString(name) else { return nil }
        guard let bytes = Quantity.bytes(text), bytes > 0 else {
            throw usageError("\(name) is '\(text)'; expected a size such as 20Gi or 21474836480")
        }
        return bytes
    }

    func outputForm() throws(UsageError) -> OutputForm { try choice("--output", of: OutputForm.self) }
}

/// Prints to standard error.
func complain(_ sentence: String) {
    let line = "holdfast: \(sentence)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

/// Why a command did not do what it was asked, in one sentence.
struct CommandError: Error, CustomStringConvertible {
    let description: String
}
