internal import CSI
internal import JSON
internal import RPC
internal import Settings

/// `holdfast snapshots [VOLUME]`: the snapshots of the node, or of one volume.
enum SnapshotsCommand {
    static let command = Command(
        "snapshots", summary: "List the snapshots of the node, or of one volume",
        options: [SharedOption.endpoint, SharedOption.timeout, SharedOption.output],
        arguments: [.optional("VOLUME", help: "the volume's id, or its name")])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let client = try values.client()
        let snapshots = try await find(values.optionalString("VOLUME"), client)
        switch form {
        case .json: print(JSON.array(snapshots.map(\.json)).text(pretty: true))
        case .table:
            var table = Table(headings: SnapshotView.headings)
            table.rows = snapshots.map(\.row)
            print(table.text())
        }
    }

    /// The snapshots of a volume, by its id or name, or of all. Those of a deleted volume are found by its id.
    private static func find(_ text: String?, _ client: CSIClient) async throws -> [SnapshotView] {
        guard let text else { return try await all(client) }
        let found = try await all(client, of: text)
        if !found.isEmpty { return found }
        return try await all(client, of: InspectCommand.find(text, client).volume.volumeID)
    }

    /// Every page of the listing; with an empty `volume` that of all volumes.
    static func all(_ client: CSIClient, of volume: String = "") async throws(RPCStatus) -> [SnapshotView] {
        var snapshots: [SnapshotView] = []
        var token = ""
        repeat {
            let request = ListSnapshotsRequest(startingToken: token, sourceVolumeID: volume)
            let page = try await client.call(CSIMethod.listSnapshots, request)
            snapshots += page.entries.compactMap(\.snapshot).map { SnapshotView(snapshot: $0) }
            token = page.nextToken
        } while !token.isEmpty
        return snapshots
    }
}
