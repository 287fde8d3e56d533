internal import CSI
internal import JSON
internal import RPC
internal import Settings

/// `holdfast operations`: what the node is working on.
enum OperationsCommand {
    static let command = Command(
        "operations", summary: "List what the node is working on, and what it waits for",
        options: [SharedOption.endpoint, SharedOption.timeout, SharedOption.output])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let answer = try await values.client().call(Host.listOperations, Host.ListOperationsRequest())
        switch form {
        case .json: print(JSON.array(answer.operations.map(json)).text(pretty: true))
        case .table:
            var table = Table(headings: ["OPERATION", "VOLUME", "SECONDS", "STUCK", "STEP"])
            table.rows = answer.operations.map { operation in
                [
                    operation.method, oneLine(operation.volume.isEmpty ? "-" : operation.volume),
                    seconds(operation.ageMilliseconds), operation.stuck ? "yes" : "no",
                    operation.step.isEmpty
                        ? "-" : "\(oneLine(operation.step)), for \(seconds(operation.stepMilliseconds)) s",
                ]
            }
            print(table.text())
        }
    }

    private static func json(_ operation: Host.Operation) -> JSON {
        [
            "operation": .string(operation.method), "volume": .string(operation.volume),
            "milliseconds": .integer(operation.ageMilliseconds), "step": .string(operation.step),
            "stepMilliseconds": .integer(operation.stepMilliseconds), "stuck": .bool(operation.stuck),
            "holds": .string(operation.subject),
        ]
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100)"
    }
}
