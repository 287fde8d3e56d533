internal import CSI
internal import JSON
internal import RPC
internal import Settings
internal import Syscalls

/// `holdfast probe`: whether the node serves. Made for exec probes: exit status 0 is ready.
enum ProbeCommand {
    static let command = Command(
        "probe", summary: "Ask the node whether it is ready; exit status 0 is yes, 1 is no",
        options: [SharedOption.endpoint, SharedOption.timeout, SharedOption.output])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let client = try values.client()
        let started = Moment.now
        let answer = try await client.call(CSIMethod.probe, ProbeRequest())
        let microseconds = Int64(started.age * 1_000_000)
        guard answer.ready != false else {
            throw CommandError(description: "the node is not ready: its start-up pass is not through yet")
        }
        let info = try await client.call(CSIMethod.getPluginInfo, GetPluginInfoRequest())
        switch form {
        case .json:
            let result: JSON = [
                "ready": true, "driver": .string(info.name), "version": .string(info.vendorVersion),
                "microseconds": .integer(microseconds),
            ]
            print(result.text(pretty: true))
        case .table: print("ready: \(info.name) \(info.vendorVersion) (\(microseconds) µs)")
        }
    }
}
