internal import CSI
internal import JSON
internal import RPC
internal import Settings

/// `holdfast expand VOLUME SIZE`: makes a volume larger.
enum ExpandCommand {
    static let command = Command(
        "expand", summary: "Make a volume larger",
        options: [SharedOption.endpoint, SharedOption.copyTimeout, SharedOption.output],
        arguments: [
            .required("VOLUME", help: "the volume's id, or its name"),
            .required("SIZE", help: "how large it is to be, such as 20Gi or 21474836480"),
        ])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let client = try values.client()
        guard let bytes = try values.size("SIZE") else { throw CommandError(description: "SIZE is missing") }
        let volume = try await InspectCommand.find(values.string("VOLUME"), client).volume
        let request = ControllerExpandVolumeRequest(
            volumeID: volume.volumeID, capacityRange: CapacityRange(requiredBytes: bytes))
        let answer = try await client.call(CSIMethod.controllerExpandVolume, request)
        switch form {
        case .json:
            let object: JSON = [
                "volume": .string(volume.volumeID), "bytes": .integer(answer.capacityBytes),
                "filesystemPending": .bool(answer.nodeExpansionRequired),
            ]
            print(object.text(pretty: true))
        case .table:
            let already = answer.capacityBytes == volume.capacityBytes ? " already" : ""
            print(
                "Volume \(volume.volumeID) has \(size(answer.capacityBytes)) (\(answer.capacityBytes) bytes)\(already)."
            )
            if answer.nodeExpansionRequired {
                print("Its filesystem is not mounted for writing now; it follows when it is next staged.")
            }
        }
    }
}
