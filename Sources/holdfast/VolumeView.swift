internal import CSI
internal import JSON

/// A volume as the CLI shows it.
struct VolumeView {
    let volume: Volume
    /// Attachments and condition, where they were asked for.
    let status: ControllerGetVolumeResponse.VolumeStatus?

    init(_ volume: Volume, status: ControllerGetVolumeResponse.VolumeStatus? = nil) {
        self.volume = volume
        self.status = status
    }

    private func context(_ key: String) -> String { volume.volumeContext["holdfast.dev/\(key)"] ?? "" }

    var name: String { context("name") }
    private var use: String { context("access") == "block" ? "block" : context("filesystem") }

    static let headings = ["VOLUME", "NAME", "SIZE", "USE", "PROVISIONING", "POOL"]
    var row: [String] {
        [volume.volumeID, oneLine(name), size(volume.capacityBytes), use, context("provisioning"), context("pool")]
    }

    var pairs: [(String, String)] {
        let topology = volume.accessibleTopology.flatMap { $0.segments.map { "\($0.key)=\($0.value)" } }.sorted()
        let pairs = [
            ("Volume", volume.volumeID), ("Name", oneLine(name)),
            ("Size", "\(size(volume.capacityBytes)) (\(volume.capacityBytes) bytes)"), ("Use", use),
            ("Provisioning", context("provisioning")), ("Pool", context("pool")),
            ("Incarnation", context("incarnation")), ("Reachable from", topology.joined(separator: ", ")),
        ]
        guard let status else { return pairs }
        let nodes = status.publishedNodeIDs
        let condition = status.volumeCondition.map { [("Condition", $0.message)] } ?? []
        return pairs + [("Attached to", nodes.isEmpty ? "no node" : nodes.joined(separator: ", "))] + condition
    }

    var json: JSON {
        var object: [String: JSON] = [
            "volume": .string(volume.volumeID), "name": .string(name), "bytes": .integer(volume.capacityBytes),
            "use": .string(use), "context": .object(volume.volumeContext.mapValues { .string($0) }),
            "topology": .array(
                volume.accessibleTopology.map { .object($0.segments.mapValues { .string($0) }) }),
        ]
        if let status {
            object["attachedTo"] = .array(status.publishedNodeIDs.map { .string($0) })
            if let condition = status.volumeCondition {
                object["condition"] = ["abnormal": .bool(condition.abnormal), "message": .string(condition.message)]
            }
        }
        return .object(object)
    }
}
