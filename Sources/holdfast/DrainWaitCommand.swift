internal import CSI
internal import RPC
internal import Settings
internal import Syscalls

/// `holdfast drain-wait`: waits until the node's volumes are unmounted. Made for the preStop hook of a plugin that has to
/// be there until kubelet has undone what it has of it.
enum DrainWaitCommand {
    static let command = Command(
        "drain-wait",
        summary:
            "Wait until no volume of this node is staged or published; exit status 0 is none, 1 is that some still are",
        options: [
            SharedOption.endpoint,
            .value("--timeout", "SECONDS", help: "how long to wait", default: "60", environment: true),
        ])

    static func run(_ values: OptionValues) async throws {
        let limit = Moment.after(seconds: Double(try values.integer("--timeout", in: 1...86_400)))
        let client = try values.client()
        var told: [String]?
        while true {
            let waiting = try await volumes(client, until: limit)
            if let waiting, waiting.isEmpty {
                print("No volume of this node is in use.")
                return
            }
            if let waiting, waiting != told {
                for line in waiting { complain("waiting for \(line)") }
                told = waiting
            }
            guard Moment.now < limit else {
                throw CommandError(
                    description: told.map { "\($0.count) volumes are still in use: \($0.joined(separator: "; "))" }
                        ?? "the node does not say which volumes are in use")
            }
            try await Task.sleep(for: .seconds(interval))
        }
    }

    /// Seconds.
    private static let interval = 0.5

    /// The volumes that are in use, a phrase each. Nil for a node that is still starting, as long as there is time to ask
    /// again.
    private static func volumes(_ client: CSIClient, until limit: Moment) async throws(RPCStatus) -> [String]? {
        var phrases: [String] = []
        var request = Host.ListVolumesRequest(inUse: true)
        repeat {
            do throws(RPCStatus) {
                let page = try await client.call(Host.listVolumes, request)
                phrases += page.volumes.map(phrase)
                request.startingToken = page.nextToken
            } catch {
                guard error.code == .unavailable, Moment.now < limit else { throw error }
                return nil
            }
        } while !request.startingToken.isEmpty
        return phrases
    }

    private static func phrase(_ volume: Host.Volume) -> String {
        let name = volume.name.isEmpty ? "" : " (\(oneLine(volume.name)))"
        if volume.mounts.isEmpty {
            return
                "volume \(volume.volumeID)\(name), attached at \(volume.device?.path ?? "a device") and mounted nowhere here"
        }
        return "volume \(volume.volumeID)\(name) at \(volume.mounts.map { oneLine($0.path) }.joined(separator: ", "))"
    }
}
