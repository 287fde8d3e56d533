internal import CSI
internal import JSON
internal import RPC
internal import Settings

/// `holdfast clone SOURCE NAME`: a new volume with the content of a snapshot, or of a volume as it is now.
enum CloneCommand {
    private static let sizeOption = Option.value(
        "--size", "SIZE", help: "how large it is to be, such as 20Gi; by default as large as its source")

    static let command = Command(
        "clone", summary: "Make a volume from a snapshot or from another volume",
        options: [SharedOption.endpoint, SharedOption.copyTimeout, SharedOption.output, sizeOption],
        arguments: [
            .required("SOURCE", help: "a snapshot's id, or a volume's id or name"),
            .required("NAME", help: "the new volume's name"),
        ])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let client = try values.client()
        let size = try values.size("--size")
        let (source, volume) = try await find(values.string("SOURCE"), client)
        var request = CreateVolumeRequest(
            name: values.string("NAME"), capacityRange: size.map { CapacityRange(requiredBytes: $0) },
            volumeCapabilities: [capability(of: volume)], parameters: parameters(of: volume),
            volumeContentSource: source)
        var answer: CreateVolumeResponse
        do throws(RPCStatus) {
            answer = try await client.call(CSIMethod.createVolume, request)
        } catch {
            // A snapshot does not tell how its volume was used, and that may be gone: then one of two uses is right.
            guard volume == nil && error.code == .invalidArgument else { throw error }
            request.volumeCapabilities = [VolumeCapability(access: .block, accessMode: .singleNodeWriter)]
            answer = try await client.call(CSIMethod.createVolume, request)
        }
        guard let made = answer.volume else { throw CommandError(description: "the answer holds no volume") }
        let view = VolumeView(made)
        switch form {
        case .json: print(view.json.text(pretty: true))
        case .table: print(listing(view.pairs))
        }
    }

    /// The content source, and the volume that it is or was taken of, if that is still there.
    private static func find(_ text: String, _ client: CSIClient) async throws -> (VolumeContentSource, Volume?) {
        let listed = try await client.call(CSIMethod.listSnapshots, ListSnapshotsRequest(snapshotID: text))
        guard let snapshot = listed.entries.first?.snapshot else {
            let volume = try await InspectCommand.find(text, client).volume
            return (VolumeContentSource(.volume(id: volume.volumeID)), volume)
        }
        let source = VolumeContentSource(.snapshot(id: snapshot.snapshotID))
        do throws(RPCStatus) {
            let request = ControllerGetVolumeRequest(volumeID: snapshot.sourceVolumeID)
            return (source, try await client.call(CSIMethod.controllerGetVolume, request).volume)
        } catch {
            guard error.code == .notFound else { throw error }
            return (source, nil)
        }
    }

    private static func capability(of volume: Volume?) -> VolumeCapability {
        if volume?.volumeContext["holdfast.dev/access"] == "block" {
            return VolumeCapability(access: .block, accessMode: .singleNodeWriter)
        }
        let type = volume?.volumeContext["holdfast.dev/filesystem"] ?? ""
        return VolumeCapability(access: .mount(.init(fsType: type)), accessMode: .singleNodeWriter)
    }

    /// In its source's pool, where a copy may take no time and no room.
    private static func parameters(of volume: Volume?) -> [String: String] {
        var parameters: [String: String] = [:]
        for key in ["pool", "provisioning"] { parameters[key] = volume?.volumeContext["holdfast.dev/\(key)"] }
        return parameters
    }
}
