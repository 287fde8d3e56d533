internal import CSI
internal import JSON
internal import RPC
internal import Settings

/// `holdfast volumes`: all volumes of the node.
enum VolumesCommand {
    static let command = Command(
        "volumes", summary: "List the volumes of the node",
        options: [SharedOption.endpoint, SharedOption.timeout, SharedOption.output])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let volumes = try await all(values.client())
        switch form {
        case .json: print(JSON.array(volumes.map(\.json)).text(pretty: true))
        case .table:
            var table = Table(headings: VolumeView.headings)
            table.rows = volumes.map(\.row)
            print(table.text())
        }
    }

    /// Every page of the listing.
    static func all(_ client: CSIClient) async throws(RPCStatus) -> [VolumeView] {
        var volumes: [VolumeView] = []
        var token = ""
        repeat {
            let page = try await client.call(CSIMethod.listVolumes, ListVolumesRequest(startingToken: token))
            volumes += page.entries.compactMap(\.volume).map { VolumeView($0) }
            token = page.nextToken
        } while !token.isEmpty
        return volumes
    }
}
