internal import CSI
internal import JSON
internal import RPC
internal import Settings

/// `holdfast inspect VOLUME`: one volume, by its id or its name.
enum InspectCommand {
    static let command = Command(
        "inspect", summary: "Show one volume",
        options: [SharedOption.endpoint, SharedOption.timeout, SharedOption.output],
        arguments: [.required("VOLUME", help: "the volume's id, or its name")])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let view = try await find(values.string("VOLUME"), values.client())
        switch form {
        case .json: print(view.json.text(pretty: true))
        case .table: print(listing(view.pairs))
        }
    }

    /// A volume by its id or, where no volume has that id, by its name.
    static func find(_ text: String, _ client: CSIClient) async throws -> VolumeView {
        do throws(RPCStatus) {
            return try await get(text, client)
        } catch {
            guard error.code == .notFound else { throw error }
            guard let named = try await VolumesCommand.all(client).first(where: { $0.name == text }) else {
                throw error
            }
            return try await get(named.volume.volumeID, client)
        }
    }

    private static func get(_ id: String, _ client: CSIClient) async throws(RPCStatus) -> VolumeView {
        let answer = try await client.call(CSIMethod.controllerGetVolume, ControllerGetVolumeRequest(volumeID: id))
        guard let volume = answer.volume else { throw RPCStatus(.internalError, "the answer holds no volume") }
        return VolumeView(volume, status: answer.status)
    }
}
