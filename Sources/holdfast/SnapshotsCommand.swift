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
        var source = ""
        if let text = values.optionalString("VOLUME") {
            source = try await InspectCommand.find(text, client).volume.volumeID
        }
        let snapshots = try await all(client, of: source)
        switch form {
        case .json: print(JSON.array(snapshots.map(\.json)).text(pretty: true))
        case .table:
            var table = Table(headings: SnapshotView.headings)
            table.rows = snapshots.map(\.row)
            print(table.text())
        }
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
